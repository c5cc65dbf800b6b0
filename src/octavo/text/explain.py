"""Tells which characters made a text dear."""

import unicodedata
from enum import StrEnum
from typing import NamedTuple

from octavo.text.alphabet import BASIC, EXTENSION, is_gsm
from octavo.text.parts import STANDARD, Rules

_GSM = BASIC | EXTENSION


class Effect(StrEnum):
    """What a character costs: the whole text goes as UCS-2, or it takes two septets itself."""

    UCS2 = "ucs2"
    TWO_SEPTETS = "two_septets"


class CostlyCharacter(NamedTuple):
    """One costly character; `position` counts characters from 0, `name` is Unicode's."""

    character: str
    position: int
    name: str
    effect: Effect


def explain(text: str, rules: Rules = STANDARD) -> list[CostlyCharacter]:
    """The characters that made a text UCS-2 or, in a GSM text, those that count double."""
    if is_gsm(text):
        return _costly(text, rules.doubled & set(text), Effect.TWO_SEPTETS)
    return _costly(text, set(text) - _GSM, Effect.UCS2)


def _costly(
    text: str, characters: set[str] | frozenset[str], effect: Effect
) -> list[CostlyCharacter]:
    return [
        CostlyCharacter(character, position, _name(character), effect)
        for position, character in enumerate(text)
        if character in characters
    ]


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")
