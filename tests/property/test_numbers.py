import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from octavo.numbers import Number, NumberReader, Unreadable

READER = NumberReader()
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
SHARED = [code for code in CODES if len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]) > 1]


def as_phonenumbers_reads(e164: str) -> tuple[str, str] | None:
    """The number and its country by phonenumbers alone, national prefixes taken off to the last."""
    try:
        parsed = phonenumbers.parse(e164)
    except NumberParseException:
        return None
    canonical = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if canonical != e164:
        return as_phonenumbers_reads(canonical)
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return canonical, phonenumbers.region_code_for_number(parsed) or main


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


@st.composite
def lifelike(draw: st.DrawFn) -> str:
    """A number of some calling code: any digits, or those of an example with another end."""
    code = draw(st.sampled_from(CODES) | st.sampled_from(SHARED))
    if draw(st.booleans()):
        return f"+{code}{draw(digits(2, 17))}"
    region = draw(st.sampled_from(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]))
    kind = draw(st.sampled_from(phonenumbers.PhoneNumberType.values()))
    example = phonenumbers.example_number_for_type(region, kind)
    national = phonenumbers.national_significant_number(example) if example else "123456789"
    kept = draw(st.integers(0, len(national)))
    prefix = draw(st.sampled_from(["", "", "", "0", "1", "8", "00"]))
    return f"+{code}{prefix}{national[:kept]}{draw(digits(0, len(national) - kept))}"


@settings(max_examples=2000, deadline=None)
@given(lifelike())
def test_a_clean_number_is_read_as_phonenumbers_reads_it(raw: str) -> None:
    number = READER.read(raw)
    expected = as_phonenumbers_reads(raw)
    if expected is None:
        assert isinstance(number, Unreadable)
    else:
        assert number == Number(*expected, repaired=expected[0] != raw)


@settings(deadline=None)
@given(lifelike())
def test_a_number_once_read_stays_as_it_is(raw: str) -> None:
    number = READER.read(raw)
    if isinstance(number, Number):
        assert READER.read(number.e164) == number._replace(repaired=False)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=()), max_size=300)
    | st.text("+0123456789 ()-.xeE;\u202a\u0663", max_size=40)
)
def test_whatever_is_written_gets_an_answer(raw: str) -> None:
    assert isinstance(READER.read(raw), Number | Unreadable)
