"""What reading a phone number can give."""

from enum import StrEnum
from typing import Final, NamedTuple

from phonenumbers import SUPPORTED_REGIONS

COUNTRIES: Final = frozenset(SUPPORTED_REGIONS)
"""The countries that have phone numbers, ISO 3166-1 alpha-2."""

FRENCH_AREAS: Final = frozenset(
    {"FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "WF", "PF", "NC"}
)
"""France and its overseas areas, where a marketing SMS needs a STOP mention (contract 9)."""

WORLD: Final = "001"
"""The country of a number that belongs to none: satellites, global services (UN M.49)."""


class Number(NamedTuple):
    """A phone number: E.164 with its `+`, ISO 3166-1 alpha-2 country (or `WORLD`).

    `repaired` when it was not written so.
    """

    e164: str
    country: str
    repaired: bool


class Unreadable(StrEnum):
    """Why something is no phone number that could be sent to."""

    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNKNOWN_PREFIX = "unknown_prefix"

    @property
    def code(self) -> int:
        """The code of contract 14: 150 when no country has the prefix, else 117."""
        return 150 if self is Unreadable.UNKNOWN_PREFIX else 117
