"""Public names: tickets of campaigns (contract 3.4) and client references of messages."""

import re
from zlib import crc32

from octavo.kit.clock import Instant

_REFERENCE = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{1,16})")


def ticket(prefix: str, now: Instant, chance: int) -> str:
    """A ticket of the documented length: 13 hexadecimal digits of time, 9 decimal of chance.

    `chance` is a random number below 10^9.
    """
    return f"{prefix}_{now:013x}"[: len(prefix) + 14] + f"{chance:09d}"


def reference(campaign: int, seq: int) -> str:
    """The client reference of a message, the same for each of its passes."""
    return f"{campaign:x}-{seq:x}"


def short_reference(reference: str) -> int:
    """A client reference for carriers that give it sixteen bits: from 1 to 65535."""
    return crc32(reference.encode("utf-8", "replace")) % 0xFFFF + 1


def is_reference(said: str, reference: str) -> bool:
    """Whether a carrier that said `said` meant `reference`: it says it in full, or the short one
    in four hexadecimal digits.
    """
    return said == reference or said == f"{short_reference(reference):04x}"


def read_reference(text: str) -> tuple[int, int] | None:
    """The campaign and sequence number in a client reference, or None if it is not ours."""
    found = _REFERENCE.fullmatch(text)
    return (int(found[1], 16), int(found[2], 16)) if found else None
