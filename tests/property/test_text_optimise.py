from hypothesis import example, given
from hypothesis import strategies as st

from octavo.text.optimise import optimise
from octavo.text.parts import STANDARD, VENDOR, Rules, measure

telling = st.sampled_from("aé€ê’…—\\^|¨ \u00a0\u2009\t\r\n\v\u2028\ufeff😀\ud83d\ude00")
texts = st.one_of(
    st.text(telling, max_size=300), st.text(st.characters(exclude_categories=()), max_size=300)
)


@given(texts)
@example("a\u200b \ufeff \n")
def test_optimising_again_changes_nothing(text: str) -> None:
    once = optimise(text)
    assert optimise(once) == once


@given(texts, st.sampled_from([STANDARD, VENDOR]))
def test_never_longer_and_never_more_parts(text: str, rules: Rules) -> None:
    optimised = optimise(text)
    assert len(optimised) <= len(text)
    assert measure(optimised, rules).parts <= measure(text, rules).parts


@given(texts)
def test_no_useless_space_is_left(text: str) -> None:
    optimised = optimise(text)
    assert optimised == optimised.strip(" \n")
    assert "  " not in optimised
    assert " \n" not in optimised
