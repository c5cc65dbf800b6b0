"""Which language a client wants to read (`Accept-Language`, RFC 9110 12.5.4)."""

import re
from enum import StrEnum

MAX_HEADER = 512

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:[-_][\w-]*)?\s*(?:;\s*q\s*=\s*(\d(?:\.\d*)?)\s*)?")


class Language(StrEnum):
    """The languages that messages are worded in."""

    EN = "en"
    FR = "fr"
    ES = "es"


def language_of(header: str | None) -> Language:
    """The language that the header likes best of those that are spoken here; else English."""
    best, weight = Language.EN, 0.0
    for part in (header or "")[:MAX_HEADER].split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            continue
        liking = min(float(match[2] or 1), 1.0)
        language = _spoken(match[1].lower())
        if language is not None and liking > weight:
            best, weight = language, liking
    return best


def _spoken(tag: str) -> Language | None:
    try:
        return Language.EN if tag == "*" else Language(tag)
    except ValueError:
        return None
