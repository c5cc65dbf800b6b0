from hypothesis import given
from hypothesis import strategies as st

from octavo.text.personalise import MAX_VALUE, PLACEHOLDERS, Template

names = st.sampled_from(PLACEHOLDERS)
literals = st.text("ab \né€😀\\", max_size=20)
values = st.none() | st.text("ab{}é€😀\\", max_size=60) | names.map("{{{}}}".format)


@given(st.lists(st.tuples(literals, names), max_size=8), literals, st.dictionaries(names, values))
def test_literals_stay_and_names_become_values(
    pairs: list[tuple[str, str]], tail: str, fields: dict[str, str | None]
) -> None:
    text = "".join(f"{literal}{{{name}}}" for literal, name in pairs) + tail
    expected = "".join(literal + (fields.get(name) or "")[:MAX_VALUE] for literal, name in pairs)
    assert Template(text).render(fields) == expected + tail


@given(st.text())
def test_any_text_is_a_template(text: str) -> None:
    template = Template(text)
    fields = {name: f"{{{name}}}" for name in PLACEHOLDERS}
    assert template.render(fields) == text
