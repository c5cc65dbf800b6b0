"""The numbering plans of the calling codes, in the form that reads a clean number quickly.

A plan says only what it is sure of; `octavo.numbers.reader` asks phonenumbers about the rest.
"""

import re
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc


class Plan(NamedTuple):
    """How the numbers of one calling code look, written in E.164.

    `lengths` and `mobile_lengths` count all characters with `+` and calling code; national
    digits start at `start`. `national_prefix` matches what phonenumbers may take off them.
    `country` is the main country of the code; `countries` tells the one of several (the name
    of its matching group), None where there is one only.
    """

    start: int
    lengths: frozenset[int]
    mobile_lengths: frozenset[int]
    national_prefix: re.Pattern[str] | None
    country: str
    countries: re.Pattern[str] | None

    def country_of(self, e164: str) -> str:
        """The country of a number that has this plan; the main one if it is in no known range."""
        if self.countries is None:
            return self.country
        match = self.countries.match(e164, self.start)
        return (match.lastgroup if match else None) or self.country

    def is_settled(self, e164: str) -> bool:
        """Whether a number has a possible length and no national prefix that might be dropped."""
        if len(e164) not in self.lengths:
            return False
        prefix = self.national_prefix and self.national_prefix.match(e164, self.start)
        return not prefix or prefix.end() == self.start


def plan_of(digits: str) -> Plan | None:
    """The plan of the calling code that some digits begin with; None if there is none."""
    if not digits.isdecimal() or digits.startswith("0"):
        return None
    for code in (int(digits[:size]) for size in (1, 2, 3)):
        if code in COUNTRY_CODE_TO_REGION_CODE:
            return _plan(code, COUNTRY_CODE_TO_REGION_CODE[code])
    return None


def _plan(code: int, regions: tuple[str, ...]) -> Plan | None:
    # As phonenumbers does, the main country's lengths and prefix hold for all of a code.
    main = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
    if main is None or main.general_desc is None:
        return None
    start = len(f"+{code}")
    general = main.general_desc.possible_length
    mobile = main.mobile.possible_length if main.mobile else ()
    prefix = main.national_prefix_for_parsing
    return Plan(
        start=start,
        lengths=frozenset(start + length for length in general),
        mobile_lengths=frozenset(start + length for length in mobile or general),
        national_prefix=re.compile(prefix) if prefix else None,
        country=regions[0],
        countries=_countries(regions) if len(regions) > 1 else None,
    )


def _countries(regions: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for the countries of a code, the first that matches first."""
    found = ((region, PhoneMetadata.metadata_for_region(region)) for region in regions)
    return re.compile("|".join(f"(?P<{region}>{_ranges(m)})" for region, m in found if m))


def _ranges(metadata: PhoneMetadata) -> str:
    """The numbers of a country: by first digits where those suffice, else by all known ranges."""
    if metadata.leading_digits is not None:
        return metadata.leading_digits
    kinds = (
        metadata.mobile,
        metadata.fixed_line,
        metadata.toll_free,
        metadata.premium_rate,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
    )
    ranges = "|".join(_range(kind) for kind in kinds if kind and kind.national_number_pattern)
    general = _range(metadata.general_desc) if metadata.general_desc else ""
    return f"(?={general})(?:{ranges})"


def _range(kind: PhoneNumberDesc) -> str:
    lengths = "|".join(rf"\d{{{length}}}\Z" for length in kind.possible_length if length > 0)
    return rf"(?={lengths})(?:{kind.national_number_pattern})\Z"
