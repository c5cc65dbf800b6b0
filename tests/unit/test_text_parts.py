import pytest

from octavo.text.alphabet import Alphabet
from octavo.text.parts import STANDARD, VENDOR, Measure, Rules, measure, split

GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (GSM, 0, 0)),
        ("a", (GSM, 1, 1)),
        ("a" * 160, (GSM, 160, 1)),
        ("a" * 161, (GSM, 161, 2)),
        ("a" * 306, (GSM, 306, 2)),
        ("a" * 307, (GSM, 307, 3)),
        ("a" * 1224, (GSM, 1224, 8)),
        ("€" * 80, (GSM, 160, 1)),
        ("€" * 80 + "a", (GSM, 161, 2)),
        # 153 is odd: each part of escapes alone leaves a septet unused.
        ("€" * 152, (GSM, 304, 2)),
        ("€" * 153, (GSM, 306, 3)),
        ("a" * 152 + "€" + "a" * 151, (GSM, 305, 2)),
        ("a" * 152 + "€" + "a" * 152, (GSM, 306, 3)),
        ("ê" * 70, (UCS2, 70, 1)),
        ("ê" * 71, (UCS2, 71, 2)),
        ("ê" * 134, (UCS2, 134, 2)),
        ("ê" * 135, (UCS2, 135, 3)),
        ("ê" * 1224, (UCS2, 1224, 19)),
        ("😀" * 35, (UCS2, 70, 1)),
        ("😀" * 36, (UCS2, 72, 2)),
        ("😀" * 66, (UCS2, 132, 2)),
        ("😀" * 67, (UCS2, 134, 3)),
        # In UCS-2 a character of the extension table is a character like another.
        ("ê" + "€" * 69, (UCS2, 70, 1)),
        ("\ud800" * 70, (UCS2, 70, 1)),
    ],
)
def test_measure(text: str, expected: tuple[Alphabet, int, int]) -> None:
    assert measure(text) == Measure(*expected)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", []),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 152 + "€" + "a" * 10, [152, 11]),
        ("a" * 151 + "€" + "a" * 10, [152, 10]),
        ("ê" * 71, [67, 4]),
        ("ê" * 66 + "😀" + "ê" * 10, [66, 11]),
        ("ê" * 65 + "😀" + "ê" * 10, [66, 10]),
        # The two halves of a pair, as two characters.
        ("ê" * 66 + "\ud83d\ude00" + "ê" * 10, [66, 12]),
    ],
)
def test_split(text: str, lengths: list[int]) -> None:
    parts = split(text)
    assert [len(part) for part in parts] == lengths
    assert "".join(parts) == text


@pytest.mark.parametrize(
    ("text", "standard", "vendor"),
    [
        ("a" * 161, (161, 2), (161, 2)),
        ("ê" * 134, (134, 2), (134, 3)),
        ("@" * 80, (80, 1), (160, 1)),
        ("@" * 81, (81, 1), (162, 2)),
        ("&\n$\r€\\", (8, 1), (12, 1)),
        # Not in the GSM alphabet, so the text is UCS-2 and nothing counts double.
        ("\t¨@", (3, 1), (3, 1)),
    ],
)
def test_the_vendors_figures(text: str, standard: tuple[int, int], vendor: tuple[int, int]) -> None:
    assert measure(text, STANDARD)[1:] == standard
    assert measure(text, VENDOR)[1:] == vendor


def test_limits_are_a_setting() -> None:
    assert measure("a" * 161, Rules(gsm_part=137)).parts == 2
    assert measure("a" * 275, Rules(gsm_part=137)).parts == 3
    assert [len(part) for part in split("a" * 275, Rules(gsm_part=137))] == [137, 137, 1]


def test_a_limit_too_small_for_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="two-unit character"):
        Rules(ucs2_part=1)
