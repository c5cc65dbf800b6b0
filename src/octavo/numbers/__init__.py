"""Phone numbers: what people write, read to E.164 and a country (contract 3.2)."""

from octavo.numbers.number import FRENCH_AREAS, WORLD, Number, Unreadable
from octavo.numbers.reader import NumberReader

__all__ = ["FRENCH_AREAS", "WORLD", "Number", "NumberReader", "Unreadable"]
