"""Answers in the language that a client asks for; the codes never change."""

import pytest

from tests.common.server import PREFIX, Customer, Server, order

SAID = {
    "en": "Mention STOP is missing.",
    "fr": "La mention STOP est absente.",
    "es": "Falta la menci\u00f3n STOP.",
}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("es", "es"),
        ("es-MX", "es"),
        ("ES", "es"),
        ("de;q=0.9, es;q=0.5, en;q=0.4", "es"),
        ("fr;q=0.1, es;q=0.2", "es"),
        ("de", "en"),
        ("*", "en"),
        (";;;q=,,", "en"),
        ("es;q=9999999", "en"),
    ],
)
def test_the_best_liked_language_is_spoken(
    customer: Customer, header: str | None, language: str
) -> None:
    headers = {} if header is None else {"accept-language": header}
    body = order(text="Sale!", purpose="wholesale")
    answer = customer.post("/sms-campaign/send", json=body, headers=headers).json()
    assert answer == {"code": 121, "message": SAID[language]}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/sms-campaign/send", 405),
        ("POST", "/sms-campaign/send", 107),
        ("POST", "/multi-channel/send", 400),
        ("GET", "/wallet/check-balance?country_code=FR", 400),
    ],
)
def test_every_kind_of_answer_speaks_three_languages(
    customer: Customer, method: str, path: str, code: int
) -> None:
    answers = [
        customer.request(method, path, headers={"accept-language": language}).json()
        for language in SAID
    ]
    assert [answer["code"] for answer in answers] == [code] * 3
    assert len({answer["message"] for answer in answers}) == 3
    fields = [answer.get("errors", {}) for answer in answers]
    for name in fields[0]:
        assert len({one[name]["message"] for one in fields}) == 3


def test_so_do_answers_to_strangers(server: Server) -> None:
    answers = [
        server.client.get(f"{PREFIX}/wallet/check-balance", headers={"accept-language": language})
        for language in SAID
    ]
    assert [answer.json()["code"] for answer in answers] == [108] * 3
    assert len({answer.json()["message"] for answer in answers}) == 3


def test_the_note_on_recipients_is_in_the_language_too(customer: Customer) -> None:
    body = order(channel="sms", recipients=["+33600000001", "abc"])
    notes = {
        language: customer.post(
            "/multi-channel/send", json=body, headers={"accept-language": language}
        ).json()["message"]
        for language in SAID
    }
    assert (
        notes["fr"]
        == "Destinataires sans num\u00e9ro utilisable, laiss\u00e9s de c\u00f4t\u00e9 : abc."
    )
    assert len(set(notes.values())) == 3
    assert all("abc" in note for note in notes.values())
