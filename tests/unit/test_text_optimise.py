import pytest

from octavo.text.alphabet import is_gsm
from octavo.text.optimise import optimise

# Contract 7.4, in the page's order.
FROM = "ÀÁÂÃÈÊËÌÍÎÏÐÒÓÔÕÙÚÛÝŸáâãêëíîïðóôõúûµýÿçÞ°¨^«»“”|\\‚„…•‘’´`–—"
TO = "AAAAEEEIIIIDOOOOUUUYYaaaeeiiioooouuuyycyo--\"\"\"\"I/,,..''''--"


def test_the_contracts_table() -> None:
    assert len(FROM) == len(TO) == 59
    assert optimise(FROM) == TO


@pytest.mark.parametrize("kept", ["èéùìòàäöüñÄÖÜÑåÅæÆøØßÉÇ", "ΔΦΓΛΩΠΨΣΘΞ", "€{}[]~@£$¥§¡¿¤_#"])
def test_what_the_gsm_alphabet_has_is_kept(kept: str) -> None:
    assert optimise(kept) == kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a  b   c  ", "a b c"),
        ("a \nb", "a\nb"),
        ("a \n \n b", "a\n\n b"),
        ("\n\na\n\n", "a"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a \r\nb", "a\nb"),
        ("a\tb\t\tc", "a b c"),
        ("a\u00a0!\u202f?\u2009.\u3000", "a ! ? ."),
        ("a \u00a0 b", "a b"),
        ("\ufeffa\u200bb\u2060c", "abc"),
        ("a\u2028b\u2029c\vd", "a\nb\nc\nd"),
        ("   ", ""),
        ("", ""),
        ("J’ai reçu l’été…", "J'ai recu l'été."),
        ("ça 😀", "ca 😀"),
        ("{first_name}, “ok”", '{first_name}, "ok"'),
        ("\ud800\x00", "\ud800\x00"),
    ],
)
def test_useless_spaces_and_odd_signs(text: str, expected: str) -> None:
    assert optimise(text) == expected


def test_a_text_from_a_word_processor_becomes_gsm() -> None:
    assert is_gsm(optimise("« L’été\u00a0» – c’est “là”…\tFRAÎCHE"))
