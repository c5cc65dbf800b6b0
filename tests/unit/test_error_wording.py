"""The wording of refusals: complete, alike in every language, and safe to fill."""

import string

import pytest

from octavo.api.errors import FieldCode, Language, language_of, recipient_note, render, say
from octavo.api.errors.wording import en, es, fr
from octavo.kit.errors import FieldProblem, Refusal

TABLES = {Language.EN: en.WORDING, Language.FR: fr.WORDING, Language.ES: es.WORDING}

CONTRACT_CODES = [
    *(101, 102, 103, 104, 107, 108, 109, 110, 117, 119, 120, 121, 122, 127, 131, 132),
    *(
        150,
        151,
        152,
        302,
        303,
        305,
        400,
        401,
        403,
        404,
        405,
        408,
        413,
        429,
        431,
        442,
        500,
        503,
        504,
        2005,
    ),
]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", [*CONTRACT_CODES, *FieldCode])
def test_every_code_has_words_in_every_language(code: int, language: Language) -> None:
    assert say(code, language, {})
    assert code in TABLES[language]


@pytest.mark.parametrize("language", list(Language))
def test_the_tables_have_the_same_codes_and_the_same_placeholders(language: Language) -> None:
    table = TABLES[language]
    assert table.keys() == en.WORDING.keys()
    for code, sentences in table.items():
        assert [placeholders(one) for one in sentences] == [
            placeholders(one) for one in en.WORDING[code]
        ], code


@pytest.mark.parametrize("language", list(Language))
def test_first_sentences_stand_alone_and_every_placeholder_is_filled(language: Language) -> None:
    for code, sentences in TABLES[language].items():
        assert not placeholders(sentences[0]), code
        data = {name: f"<{name}>" for one in sentences for name in placeholders(one)}
        full = say(code, language, data)
        assert all(f"<{name}>" in full for name in data), code
        assert "{" not in full
        assert "{" not in say(code, language, {})


@pytest.mark.parametrize(
    ("code", "language", "words"),
    [
        (121, "en", "Mention STOP is missing."),
        (121, "es", "Falta la mención STOP."),
        (400, "en", "Payload validation error."),
        (442, "en", "Voice language not supported."),
        (2005, "en", "[destination email] field should be valid."),
    ],
)
def test_the_missions_words_are_kept_letter_for_letter(
    code: int, language: str, words: str
) -> None:
    assert render(Refusal(code), language) == {"code": code, "message": words}


def test_a_field_problem_is_named_inside_errors() -> None:
    refusal = Refusal(400, fields={"voice_language": FieldProblem(FieldCode.VOICE_LANGUAGE)})
    assert render(refusal, None) == {
        "code": 400,
        "message": "Payload validation error.",
        "errors": {"voice_language": {"code": 442, "message": "Voice language not supported."}},
    }


def test_codes_are_plain_numbers() -> None:
    answer = render(Refusal(400, fields={"text": FieldProblem(FieldCode.MISSING)}), None)
    assert type(answer["errors"]["text"]["code"]) is int


def test_a_repeated_request_id_is_told_with_the_first_ticket() -> None:
    answer = render(Refusal(120, ticket="sms_5f3fbce61266e"), "fr")
    assert "sms_5f3fbce61266e" in answer["message"]


def test_a_too_long_text_is_told_with_both_lengths() -> None:
    problem = FieldProblem(FieldCode.TEXT_TOO_LONG, {"length": 1300, "limit": 1224})
    message = render(Refusal(400, fields={"text": problem}), "en")["errors"]["text"]["message"]
    assert message == "The text is too long. It has 1300 characters and at most 1224 are taken."


def test_a_code_without_words_is_still_answered() -> None:
    assert render(Refusal(999), "en") == {"code": 999, "message": "Payload validation error."}


def test_data_cannot_smuggle_lines_or_braces() -> None:
    message = say(131, Language.EN, {"ticket": "a\r\nb{code}\u202e" + "x" * 10_000})
    assert "\n" not in message
    assert "\u202e" not in message
    assert "{code}" in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en;q=0.5, es-MX;q=0.7", "es"),
        ("de-DE,de;q=0.9,es;q=0.1", "es"),
        ("de", "en"),
        ("*", "en"),
        ("fr;q=0", "en"),
        ("fr;q=0,es;q=0.001", "es"),
        ("FR_fr", "fr"),
        # Of two that are liked alike the first one wins.
        ("es, fr", "es"),
        ("fr;q=abc, es;q=0.2", "es"),
        ("\x00;;q==,,fr;q=99999", "en"),
        ("x" * 100_000 + ",fr", "en"),
    ],
)
def test_the_best_language_of_the_header_is_spoken(header: str | None, language: str) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize("language", list(Language))
def test_no_note_without_repeated_or_bad_recipients(language: Language) -> None:
    assert recipient_note([], [], language) == ""


def test_a_note_names_repeated_and_bad_recipients() -> None:
    note = recipient_note(["+33600000001"], ["abc", "12"], Language.EN)
    assert note == (
        "Repeated recipients, sent to once: +33600000001. "
        "Recipients without a usable number, left out: abc, 12."
    )


@pytest.mark.parametrize("language", list(Language))
def test_a_note_names_ten_and_counts_the_rest(language: Language) -> None:
    people = [f"+336000000{i:02d}" for i in range(25)]
    note = recipient_note(people, [], language)
    assert people[9] in note
    assert people[10] not in note
    assert " 15 " in note


def test_a_note_cuts_and_cleans_what_it_repeats() -> None:
    note = recipient_note([], ["\x1b[31m\n" + "9" * 500, "\x00", "{more}"], Language.EN)
    assert note == (
        "Recipients without a usable number, left out: [31m" + "9" * 28 + ", ?, {more}."
    )
