from hypothesis import given
from hypothesis import strategies as st

from octavo.text.stop import (
    ReplyKind,
    has_low_cost_stop_mention,
    has_stop_mention,
    read_reply,
    with_short_code,
)

anything = st.text(st.characters(exclude_categories=()), max_size=200)
noise = st.text(st.characters(exclude_categories=("L", "M")), max_size=20)


@given(anything)
def test_any_text_can_be_asked_about(text: str) -> None:
    assert read_reply(text) in {None, ReplyKind.STOP, ReplyKind.START}
    assert has_low_cost_stop_mention(text) or not has_stop_mention(text)


@given(noise, noise)
def test_signs_and_digits_around_a_keyword_change_nothing(before: str, after: str) -> None:
    assert read_reply(f"{before} stop {after}") is ReplyKind.STOP


@given(anything, st.from_regex(r"[0-9]{5}", fullmatch=True))
def test_a_mention_stays_one_when_the_short_code_comes_in(text: str, short_code: str) -> None:
    assert has_stop_mention(with_short_code(f"{text} STOP au XXXXX", short_code))
