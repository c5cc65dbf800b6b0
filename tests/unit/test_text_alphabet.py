import pytest

from octavo.text.alphabet import BASIC, EXTENSION, is_gsm, septets


def test_the_tables_have_the_sizes_of_the_standard() -> None:
    assert len(BASIC) == 127  # 128 places, one of them the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello, world!\r\n",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "@£$¥èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà",
        "ΔΦΓΛΩΠΨΣΘΞ",
        "¡¿§¤_",
        "^{}\\[~]|€\f",
    ],
)
def test_gsm_texts(text: str) -> None:
    assert is_gsm(text)


@pytest.mark.parametrize(
    "character",
    # Neighbours of the alphabet: cedilla, circumflex, grave, Greek look-alikes, controls.
    ["ç", "ê", "À", "`", "Α", "\t", "\x1b", "\x00", "\u00a0", "’", "Ł", "😀", "\ud800"],
)
def test_one_foreign_character_is_enough(character: str) -> None:
    assert not is_gsm(f"abc{character}def")


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("abc", 3), ("1 €", 4), ("{[]}", 8)])
def test_an_extension_character_takes_two_septets(text: str, expected: int) -> None:
    assert septets(text) == expected
