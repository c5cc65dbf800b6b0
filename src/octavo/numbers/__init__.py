"""Phone numbers: what people write, read to E.164 and a country (contract 3.2)."""

from octavo.numbers.clean import as_written, split_numbers
from octavo.numbers.number import COUNTRIES, FRENCH_AREAS, WORLD, Number, Unreadable
from octavo.numbers.reader import NumberReader

__all__ = [
    "COUNTRIES",
    "FRENCH_AREAS",
    "WORLD",
    "Number",
    "NumberReader",
    "Unreadable",
    "as_written",
    "split_numbers",
]
