from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from octavo.text.alphabet import EXTENSION, Alphabet, is_gsm, septets
from octavo.text.parts import STANDARD, VENDOR, Rules, measure, split

anything = st.characters(exclude_categories=())
gsm = st.sampled_from("aé€{\n@&")
ucs2 = st.sampled_from("aê€😀")
halves = st.sampled_from("ê\ud83d\ude00😀")
texts = st.one_of(*(st.text(of, max_size=700) for of in (anything, gsm, ucs2, halves)))
rules = st.sampled_from([STANDARD, VENDOR, Rules(gsm_part=137), Rules(ucs2_part=63)])


def units_one_by_one(text: str, rule: Rules) -> list[int]:
    if is_gsm(text):
        return [2 if c in EXTENSION or c in rule.also_double else 1 for c in text]
    return [2 if ord(c) > 0xFFFF else 1 for c in text]


def parts_one_by_one(text: str, rule: Rules) -> int:
    """Fills parts a character at a time: slow, and plain to see."""
    single, part = (
        (rule.gsm_single, rule.gsm_part) if is_gsm(text) else (rule.ucs2_single, rule.ucs2_part)
    )
    units = units_one_by_one(text, rule)
    if sum(units) <= single:
        return 1 if text else 0
    parts, room = 1, part
    for unit in units:
        if unit > room:
            parts, room = parts + 1, part
        room -= unit
    return parts


@given(texts, rules)
def test_a_text_is_cut_into_as_many_parts_as_measured(text: str, rule: Rules) -> None:
    parts = split(text, rule)
    assert len(parts) == measure(text, rule).parts
    assert "".join(parts) == text
    assert all(parts)


@given(st.one_of(st.text(gsm, max_size=700), st.text(ucs2, max_size=700)), rules)
@example("€" * 153, STANDARD)
def test_parts_are_as_few_as_whole_characters_allow(text: str, rule: Rules) -> None:
    measured = measure(text, rule)
    assert measured.units == sum(units_one_by_one(text, rule))
    assert measured.parts == parts_one_by_one(text, rule)


@given(texts, rules)
def test_every_part_fits_and_holds_whole_characters(text: str, rule: Rules) -> None:
    parts = split(text, rule)
    if measure(text, rule).alphabet is Alphabet.GSM:
        limit = 160 if len(parts) == 1 else 153
        assert all(septets(part) <= limit for part in parts)
        return
    limit = 70 if len(parts) == 1 else 67
    coded = [part.encode("utf-16-be", "surrogatepass") for part in parts]
    assert all(len(part) <= 2 * limit for part in coded)
    # A cut inside a pair would leave a high half last and a low half first.
    for before, after in pairwise(coded):
        assert not (0xD8 <= before[-2] <= 0xDB and 0xDC <= after[0] <= 0xDF)
