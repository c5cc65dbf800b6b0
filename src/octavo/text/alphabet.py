"""The alphabets an SMS travels in: GSM 7 bit default and UCS-2 (3GPP TS 23.038)."""

import re
from enum import StrEnum


class Alphabet(StrEnum):
    """How a text is coded: in septets, or in 16 bit units as soon as one character needs it."""

    GSM = "gsm"
    UCS2 = "ucs2"


BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet, one septet each (3GPP TS 23.038, 6.2.1; the escape is no character)."""

EXTENSION = frozenset("\f^{}\\[~]|€")
"""The extension table: an escape and a character, two septets each (6.2.1.1)."""


def any_of(characters: frozenset[str]) -> str:
    """The regular expression class of a set of characters."""
    return f"[{re.escape(''.join(sorted(characters)))}]"


_GSM = re.compile(f"{any_of(BASIC | EXTENSION)}*")
_EXTENSION = re.compile(any_of(EXTENSION))


def is_gsm(text: str) -> bool:
    """Whether every character is in the default alphabet or its extension table."""
    return _GSM.fullmatch(text) is not None


def septets(text: str) -> int:
    """The septets of a text that `is_gsm`."""
    return len(text) + len(_EXTENSION.findall(text))
