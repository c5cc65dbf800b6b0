"""How many parts a text takes, and where it is cut (contract 7.2, 7.5; 3GPP TS 23.040, 9.2.3.24).

A part carries whole characters: an escape and its character stay together, so do the two halves
of a surrogate pair. A part may thus stay a unit under its limit, so parts are counted by cutting.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from octavo.text.alphabet import BASIC, EXTENSION, Alphabet, any_of, is_gsm

MAX_TEXT = 1224
"""Characters that a text may have as it was sent (contract 7.1)."""

MAX_PARTS = 20
"""Parts that one message may take."""


class Coding(NamedTuple):
    """An alphabet with its limits (2 at least); `units` measures a text."""

    alphabet: Alphabet
    units: Callable[[str], int]
    single: int
    part: int

    def cuts(self, text: str) -> Iterator[int]:
        """The place in the text where each part ends, each part as full as can be."""
        start = 0
        while start < len(text):
            start = self._end_of_part(text, start)
            yield start

    def _end_of_part(self, text: str, start: int) -> int:
        end = min(start + self.part, len(text))
        # No character is over two units, so none of those given back could have stayed.
        while (over := self.units(text[start:end]) - self.part) > 0:
            end -= (over + 1) // 2
        # A pair that JSON escaped half by half may have arrived as two characters.
        return end - 1 if _PAIR.match(text, end - 1) else end


_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _ucs2_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True)
class Rules:
    """Units of a lone part and of one part among several, in septets and in 16 bit units.

    `also_double` are characters of the default alphabet that a price list counts as two septets
    (contract 7.5); those of the extension table always are.

    Raises ValueError for a limit that a two-unit character would not fit in.
    """

    gsm_single: int = 160
    gsm_part: int = 153
    ucs2_single: int = 70
    ucs2_part: int = 67
    also_double: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        limits = (self.gsm_single, self.gsm_part, self.ucs2_single, self.ucs2_part)
        if min(limits) < 2:
            raise ValueError(f"a part of {min(limits)} units holds no two-unit character")

    @cached_property
    def doubled(self) -> frozenset[str]:
        """The characters that count two septets in a GSM text."""
        return EXTENSION | self.also_double

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        return re.compile(f"{any_of(BASIC - self.doubled)}*")

    @cached_property
    def _gsm(self) -> Coding:
        doubled = re.compile(any_of(self.doubled))

        def units(text: str) -> int:
            return len(text) + len(doubled.findall(text))

        return Coding(Alphabet.GSM, units, self.gsm_single, self.gsm_part)

    @cached_property
    def _ucs2(self) -> Coding:
        return Coding(Alphabet.UCS2, _ucs2_units, self.ucs2_single, self.ucs2_part)

    def is_plain(self, text: str) -> bool:
        """Whether every character of a text is one septet."""
        return self._plain.fullmatch(text) is not None

    def coding(self, text: str) -> Coding:
        """How a text is coded: GSM if all of it can be."""
        return self._gsm if is_gsm(text) else self._ucs2


STANDARD = Rules()
"""160/153 and 70/67, the extension table counted double: what travels on the wire."""

VENDOR = Rules(ucs2_part=63, also_double=frozenset("&$@\n\r\t¨"))
"""The figures of the vendor's pages (contract 7.2, 7.5); no part exceeds a standard one."""


RULES: Mapping[str, Rules] = {"standard": STANDARD, "vendor": VENDOR}
"""By the names that settings and campaigns have for them."""


class Measure(NamedTuple):
    """The size of a text; `units` are septets in GSM and 16 bit units in UCS-2."""

    alphabet: Alphabet
    units: int
    parts: int


def measure(text: str, rules: Rules = STANDARD) -> Measure:
    """The alphabet, units and parts of a text; an empty one has no part."""
    if rules.is_plain(text):
        units = len(text)
        parts = -(-units // rules.gsm_part) if units > rules.gsm_single else min(units, 1)
        return Measure(Alphabet.GSM, units, parts)
    coding = rules.coding(text)
    units = coding.units(text)
    parts = 1 if units <= coding.single else sum(1 for _ in coding.cuts(text))
    return Measure(coding.alphabet, units, parts)


def split(text: str, rules: Rules = STANDARD) -> list[str]:
    """The texts of the parts, in order: joined they are `text`, and `measure` counts them."""
    coding = rules.coding(text)
    if coding.units(text) <= coding.single:
        return [text] if text else []
    ends = list(coding.cuts(text))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
