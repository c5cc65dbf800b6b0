from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from octavo.numbers import FRENCH_AREAS, WORLD, Number, NumberReader, Unreadable


@pytest.fixture(scope="module")
def reader() -> NumberReader:
    return NumberReader()


@pytest.mark.parametrize(
    ("e164", "country"),
    [
        # Documented by the contract and the mission: a fixed line, fictitious ranges.
        ("+33600000000", "FR"),
        ("+33111222333", "FR"),
        ("+33639980001", "FR"),
        ("+33611121314", "FR"),
        ("+447400123456", "GB"),
        ("+447700900123", "GB"),  # fictitious, in no known range
        ("+12015550123", "US"),
        ("+14165550123", "CA"),
        ("+18765550123", "JM"),
        ("+15555555555", "US"),  # no such area: the main country
        ("+79161234567", "RU"),
        ("+77012345678", "KZ"),
        ("+262692123456", "RE"),
        ("+262639012345", "YT"),
        ("+590690001234", "GP"),
        ("+596696001234", "MQ"),
        ("+390612345678", "IT"),  # the 0 belongs to the number
        ("+8613123456789", "CN"),
        ("+870773111632", WORLD),
        ("+883510012345", WORLD),
    ],
)
def test_a_clean_number_is_taken_as_it_is(reader: NumberReader, e164: str, country: str) -> None:
    assert reader.read(e164) == Number(e164, country, repaired=False)


@pytest.mark.parametrize(
    "raw",
    [
        "0033612345678",
        "00 33 6 12 34 56 78",
        "+33 6 12 34 56 78",
        " +33612345678\n",
        "+33.6.12-34/56 78",
        "+33 (0)6 12 34 56 78",
        "+330612345678",
        "(+33) 6 12 34 56 78",
        "+ 33 6 12 34 56 78",
        "++33612345678",
        "+0033612345678",
        "33612345678",
        "33 (0) 6 12 34 56 78",
        "tel:+33-6-12-34-56-78",
        "tel:+33612345678;ext=12",
        "+33612345678 ext. 12",
        "+33 6 12 34 56 78 (poste 3)",
        "Text: +33612345678",
        "+33\u00a06\u202f12\u200934\u20115678",
        "\u200e+33612345678\u202c",
        "\u202a+33612345678",
        "＋３３６１２３４５６７８",
        "+٣٣٦١٢٣٤٥٦٧٨",
        "\x00+33612345678",
        "33612345678.0",
        '"+33612345678"',
    ],
)
def test_a_sloppy_number_is_repaired(reader: NumberReader, raw: str) -> None:
    assert reader.read(raw) == Number("+33612345678", "FR", repaired=True)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", Unreadable.NOT_A_NUMBER),
        ("+", Unreadable.NOT_A_NUMBER),
        ("+33", Unreadable.NOT_A_NUMBER),
        ("hello", Unreadable.NOT_A_NUMBER),
        ("\ud800", Unreadable.NOT_A_NUMBER),
        ("0612345678", Unreadable.NOT_A_NUMBER),
        # A French number without its 0 would be one of Australia or New Zealand.
        ("612345678", Unreadable.NOT_A_NUMBER),
        ("642345678", Unreadable.NOT_A_NUMBER),
        # What spreadsheets make of a number: the digits are gone.
        ("3.36123E+10", Unreadable.NOT_A_NUMBER),
        ("4,91512e+11", Unreadable.NOT_A_NUMBER),
        ("+33612345678x1E5", Unreadable.NOT_A_NUMBER),
        # Short and long samples of the contract.
        ("+336000123", Unreadable.TOO_SHORT),
        ("+336001234", Unreadable.TOO_SHORT),
        ("+111222233334444", Unreadable.TOO_LONG),
        ("+2222333334444555", Unreadable.TOO_LONG),
        # A local number: the area is missing.
        ("+15551234", Unreadable.TOO_SHORT),
        ("+33612345678 +33612345679", Unreadable.TOO_LONG),
        ("+33" + "6" * 300, Unreadable.TOO_LONG),
        ("+33" + "6" * 200, Unreadable.TOO_LONG),
        ("+999123456789", Unreadable.UNKNOWN_PREFIX),
        ("00210123456789", Unreadable.UNKNOWN_PREFIX),
        ("999123456789", Unreadable.UNKNOWN_PREFIX),
        ("+0612345678", Unreadable.UNKNOWN_PREFIX),
    ],
)
def test_what_is_no_number_says_why(reader: NumberReader, raw: str, reason: Unreadable) -> None:
    assert reader.read(raw) is reason


def test_reasons_have_the_contracts_codes() -> None:
    assert {reason: reason.code for reason in Unreadable} == {
        Unreadable.NOT_A_NUMBER: 117,
        Unreadable.TOO_SHORT: 117,
        Unreadable.TOO_LONG: 117,
        Unreadable.UNKNOWN_PREFIX: 150,
    }


@pytest.mark.parametrize(
    "raw",
    [
        "+33639980001;+33639980002",
        "+33639980001;0639980002",
        "+33639980001,+33639980002",
        "+33639980001/+33639980002",
        "+33639980001\n+33639980002",
        "+33639980001 x +33639980002",
        "0033639980001;0033639980002",
        "+33639980001;+336",
        # Together no longer than a German number may be.
        "+49301234/+49301235",
        "+4930123;+4930124",
    ],
)
def test_of_several_numbers_none_is_taken(reader: NumberReader, raw: str) -> None:
    assert isinstance(reader.read(raw), Unreadable)


@pytest.mark.parametrize("area", sorted(FRENCH_AREAS))
def test_french_areas_are_countries_that_numbers_have(reader: NumberReader, area: str) -> None:
    example = phonenumbers.example_number_for_type(area, PhoneNumberType.MOBILE)
    assert example is not None
    number = reader.read(phonenumbers.format_number(example, PhoneNumberFormat.E164))
    assert isinstance(number, Number)
    assert number.country in FRENCH_AREAS


def example_numbers() -> Iterator[phonenumbers.PhoneNumber]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            if example := phonenumbers.example_number_for_type(region, kind):
                yield example
    for codes in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        if example := phonenumbers.example_number_for_non_geo_entity(codes):
            yield example


def test_the_example_numbers_of_every_country(reader: NumberReader) -> None:
    wrong = []
    for example in example_numbers():
        possible = phonenumbers.is_possible_number_with_reason(example)
        if possible != ValidationResult.IS_POSSIBLE:
            continue  # a local number such as +1 310 1234
        e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        expected = Number(e164, phonenumbers.region_code_for_number(example) or "", repaired=False)
        if reader.read(e164) != expected:
            wrong.append((expected, reader.read(e164)))
    assert wrong == []
