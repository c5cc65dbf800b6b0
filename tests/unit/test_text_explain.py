import pytest

from octavo.text.explain import CostlyCharacter, Effect, explain
from octavo.text.parts import VENDOR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain é", []),
        (
            "1 € [",
            [
                CostlyCharacter("€", 2, "EURO SIGN", Effect.TWO_SEPTETS),
                CostlyCharacter("[", 4, "LEFT SQUARE BRACKET", Effect.TWO_SEPTETS),
            ],
        ),
        # In UCS-2 a euro costs what any character does.
        (
            "€ ça\u00a0ç",
            [
                CostlyCharacter("ç", 2, "LATIN SMALL LETTER C WITH CEDILLA", Effect.UCS2),
                CostlyCharacter("\u00a0", 4, "NO-BREAK SPACE", Effect.UCS2),
                CostlyCharacter("ç", 5, "LATIN SMALL LETTER C WITH CEDILLA", Effect.UCS2),
            ],
        ),
        ("\t", [CostlyCharacter("\t", 0, "U+0009", Effect.UCS2)]),
        ("\ud800", [CostlyCharacter("\ud800", 0, "U+D800", Effect.UCS2)]),
    ],
)
def test_explain(text: str, expected: list[CostlyCharacter]) -> None:
    assert explain(text) == expected


def test_the_vendors_doubled_characters_are_told_under_its_rules() -> None:
    assert explain("a@b") == []
    assert explain("a@b", VENDOR) == [CostlyCharacter("@", 1, "COMMERCIAL AT", Effect.TWO_SEPTETS)]
