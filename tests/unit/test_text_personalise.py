import pytest

from octavo.text.personalise import Template

# The contact of the contract's sample (section 10).
ALEXANDRA = {
    "first_name": "Alexandra",
    "last_name": "Robinson",
    "param1": "Mrs",
    "param2": "Dr Collins",
    "param3": "3:30 pm",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("{param1} {last_name}", "Mrs Robinson"),
        ("{first_name}{first_name}", "AlexandraAlexandra"),
        ("see {param2} at {param3}.", "see Dr Collins at 3:30 pm."),
        ("[{param4}]", "[]"),
        ("{param6} {name} {} {{x}} {first_name", "{param6} {name} {} {{x}} {first_name"),
        ("{First_Name}", "{First_Name}"),
        ("{{param1}}", "{Mrs}"),
    ],
)
def test_placeholders_are_filled(text: str, expected: str) -> None:
    assert Template(text).render(ALEXANDRA) == expected


def test_a_missing_or_null_value_is_empty() -> None:
    assert Template("<{first_name}|{param5}>").render({"first_name": None}) == "<|>"


def test_a_value_is_cut_at_fifty_characters() -> None:
    assert Template("{param1}.").render({"param1": "é" * 51}) == "é" * 50 + "."


def test_a_value_is_never_filled_in_its_turn() -> None:
    fields = {"first_name": "{param1}", "param1": "{first_name}\\1\\g<0>"}
    assert Template("{first_name} {param1}").render(fields) == "{param1} {first_name}\\1\\g<0>"


def test_placeholders_that_occur_are_told_once_in_order() -> None:
    template = Template("{param2} {first_name} {param2} {param9}")
    assert template.placeholders == ("param2", "first_name")
    assert Template("none").placeholders == ()


def test_a_template_serves_many_recipients() -> None:
    template = Template("Hi {first_name}!")
    rendered = [template.render({"first_name": name}) for name in ("Ann", "", "Bob")]
    assert rendered == ["Hi Ann!", "Hi !", "Hi Bob!"]
