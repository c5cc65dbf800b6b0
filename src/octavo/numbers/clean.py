"""From what people write to digits (contract 3.2)."""

import re
import unicodedata
from typing import Final, NamedTuple

from octavo.numbers.number import Unreadable

MAX_RAW: Final = 250
"""Characters that may stand around a number; phonenumbers reads no more either."""

_PLUS_SIGNS = "+\uff0b\ufe62"
_NOT_A_DIGIT = re.compile("[^0-9]+")
# A spreadsheet turned the number into a float. An exponent has lost digits for good, and what is
# left may be somebody else's number.
_EXPONENT = re.compile(r"[0-9][eE][+-]?[0-9]")
_DECIMALS = re.compile(r"(\+?[0-9]{6,})\.0+")
_BETWEEN = re.compile(r"[;,|\r\n\t]+")
_LEAST_DIGITS = 7
_MOST_DIGITS = 32
# `;ext=12`, `;isub=5`, `;phone-context=+33` (RFC 3966, 3) say more of the number before them.
_PARAMETER = re.compile(r"\s*(?:[a-z-]+=|ext|x|poste)", re.IGNORECASE)
_SECOND_PLUS = re.compile(r"[0-9][^+]*(?<!=)\+")
_EXTENSION = re.compile(r"(?<=[0-9])[\s.,(\-]*(?:[;#]|x|ext|poste).*", re.IGNORECASE | re.DOTALL)


class Digits(NamedTuple):
    """The digits of a number; `international` when they certainly begin with a calling code."""

    digits: str
    international: bool


def clean(raw: str) -> Digits | Unreadable:
    """Keeps the digits, of any script, and understands a leading `+` or `00`.

    An extension is cut off: no message can be sent to it. A single leading 0 is a national
    number of an unknown country. Of several numbers none is taken: the others would be lost
    without a word.
    """
    if len(raw) > MAX_RAW:
        return Unreadable.TOO_LONG
    text = raw if raw.isascii() else "".join(map(_plain, raw))
    if _EXPONENT.search(text):
        return Unreadable.NOT_A_NUMBER
    if whole := _DECIMALS.fullmatch(text.strip()):
        text = whole[1]
    if _SECOND_PLUS.search(text) or len(split_numbers(text)) > 1:
        return Unreadable.TOO_LONG
    text = _EXTENSION.sub("", text)
    digits = _NOT_A_DIGIT.sub("", text)
    if not digits:
        return Unreadable.NOT_A_NUMBER
    signed = "+" in text[: text.index(digits[0])]
    international = signed or digits.startswith("00")
    if digits.startswith("0") and not international:
        return Unreadable.NOT_A_NUMBER
    return Digits(digits.removeprefix("00"), international)


def as_written(raw: str) -> str:
    """What is no phone number, as it can be known again: its digits, behind a `+` if it has one
    (or `00`). "" when there are none or more than 32.
    """
    text = "".join(map(_plain, raw[:MAX_RAW]))
    digits = _NOT_A_DIGIT.sub("", text)
    if not 0 < len(digits) <= _MOST_DIGITS:
        return ""
    if digits.startswith("00") and len(digits) > 2:
        return "+" + digits[2:]
    return "+" * ("+" in text[: text.index(digits[0])]) + digits


def split_numbers(raw: str) -> list[str]:
    """The numbers of a value that holds several, one a piece; else the value alone.

    They stand apart with `;`, `,`, `|`, a tab or a line break. What follows a number as its
    extension stays with it.
    """
    pieces: list[str] = []
    for piece in filter(str.strip, _BETWEEN.split(raw)):
        if pieces and _PARAMETER.match(piece):
            pieces[-1] += f";{piece}"
        else:
            pieces.append(piece.strip())
    return pieces if sum(map(_is_likely, pieces)) > 1 else [raw]


def _is_likely(piece: str) -> bool:
    return "+" in piece or sum(map(str.isdecimal, piece)) >= _LEAST_DIGITS


def _plain(character: str) -> str:
    if character in _PLUS_SIGNS:
        return "+"
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
