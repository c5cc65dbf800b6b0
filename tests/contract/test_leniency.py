"""What people send instead of the documented JSON, and the order it becomes (contract 2.4)."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.common.server import Customer, order

SEND = "/sms-campaign/send"
BOTH = (SEND, "/multi-channel/send")
TEXT = "Caf\u00e9 \u20ac5, \u00e0 bient\u00f4t"
BODY: dict[str, Any] = {
    "channel": "sms",
    "text": TEXT,
    "recipients": [{"phone_number": "+33600000001"}, {"phone_number": "+33600000002"}],
    "sender": "SenderName",
    "purpose": "alert",
    "recipient_tracking": True,
}
FORM = [
    ("channel", "sms"),
    ("text", TEXT),
    ("recipients[0][phone_number]", "+33600000001"),
    ("recipients[1][phone_number]", "+33600000002"),
    ("sender", "SenderName"),
    ("purpose", "alert"),
    ("recipient_tracking", "true"),
]
JSON_TEXT = json.dumps(BODY, ensure_ascii=False)
WWW = "application/x-www-form-urlencoded"


def multipart(pairs: list[tuple[str, str]]) -> bytes:
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in pairs
    )
    return "".join([*parts, "--x--\r\n"]).encode()


BODIES: dict[str, tuple[bytes, str | None]] = {
    "json": (JSON_TEXT.encode(), "application/json"),
    "json without a type": (JSON_TEXT.encode(), None),
    "json as text": (JSON_TEXT.encode(), "text/plain"),
    "json as a form, curl's habit": (JSON_TEXT.encode(), WWW),
    "json with a charset": (JSON_TEXT.encode(), "application/json; charset=utf-8"),
    "json of a wrong type": (JSON_TEXT.encode(), "image/png"),
    "json of an unreadable type": (JSON_TEXT.encode(), ";;/=\\"),
    "json in ascii": (json.dumps(BODY).encode(), "application/json"),
    "json with a byte order mark": (b"\xef\xbb\xbf" + JSON_TEXT.encode(), "application/json"),
    "json in windows-1252": (JSON_TEXT.encode("cp1252"), "application/json"),
    "json in utf-16": (JSON_TEXT.encode("utf-16"), "application/json"),
    "json with blanks around": (b" \r\n\t" + JSON_TEXT.encode() + b"\n\0", "application/json"),
    "json in a json string": (json.dumps(JSON_TEXT).encode(), "application/json"),
    "a form": (urlencode(FORM).encode(), WWW),
    "a form without a type": (urlencode(FORM).encode(), None),
    "a form as json": (urlencode(FORM).encode(), "application/json"),
    "a form in windows-1252": (urlencode(FORM, encoding="cp1252").encode(), WWW),
    "a form with plain brackets": (urlencode(FORM, safe="[]").encode(), WWW),
    "multipart": (multipart(FORM), "multipart/form-data; boundary=x"),
    "multipart without a type": (multipart(FORM), None),
}
PEOPLE_IN_FORMS: dict[str, list[tuple[str, str]]] = {
    "indexed": [
        ("recipients[0][phone_number]", "+33600000001"),
        ("recipients[1][phone_number]", "+33600000002"),
    ],
    "appended": [
        ("recipients[][phone_number]", "+33600000001"),
        ("recipients[][phone_number]", "+33600000002"),
    ],
    "plain": [("recipients[]", "+33600000001"), ("recipients[]", "+33600000002")],
    "repeated": [("recipients", "+33600000001"), ("recipients", "+33600000002")],
    "commas": [("recipients", "+33600000001,+33600000002")],
    "json": [("recipients", json.dumps(BODY["recipients"]))],
}


def sent(customer: Customer, content: bytes, kind: str | None, path: str = SEND) -> dict[str, Any]:
    headers = {} if kind is None else {"content-type": kind}
    response = customer.post(path, content=content, headers=headers)
    assert response.status_code == 201, response.text
    return customer.campaign(response.json()["sms_ticket"])


def addresses(customer: Customer, campaign: dict[str, Any]) -> list[str]:
    return [address for address, *_ in customer.messages(campaign["ticket"])]


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_read_whatever_it_is_called(customer: Customer, path: str, name: str) -> None:
    campaign = sent(customer, *BODIES[name], path=path)
    assert (campaign["text"], campaign["sender"], campaign["purpose"]) == (TEXT, "SenderName", 0)
    assert json.loads(campaign["options"]) == {"recipient_tracking": True}
    assert addresses(customer, campaign) == ["+33600000001", "+33600000002"]


@pytest.mark.parametrize("name", PEOPLE_IN_FORMS)
def test_recipients_in_a_form(customer: Customer, name: str) -> None:
    fields = [("text", "Hi"), ("purpose", "alert"), *PEOPLE_IN_FORMS[name]]
    for content, kind in (
        (urlencode(fields).encode(), WWW),
        (multipart(fields), "multipart/form-data; boundary=x"),
    ):
        campaign = sent(customer, content, kind)
        assert addresses(customer, campaign) == ["+33600000001", "+33600000002"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", None),
        (b"null", None),
        (b"{}", None),
        (b"[]", 444),
        (b"[1, 2]", 444),
        (b"5", 444),
        (b"true", 444),
        (b'"text"', 443),
        (b'{"text": "Hi"', 443),
        (b"{'text': 'Hi'}", 443),
        (b"hello", 443),
        (b"\xff\xfe\x00", 443),
        (b"<xml/>", 443),
        (b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\ncut off', 443),
        (b"9" * 5000 + b"x", 443),
        (b'{"text": ' + b"9" * 5000, 443),
        (b"9" * 5000, 444),
        (b"[" * 100_000, 445),
        (b'{"a":' * 100_000, 445),
        (b"a=1&" * 20_000, 446),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_request_is_told_so(
    customer: Customer, content: bytes, code: int | None
) -> None:
    before = customer.holdings()
    response = customer.post(SEND, content=content)
    assert response.status_code == 400
    answer = response.json()
    if code is None:
        assert answer == {"code": 107, "message": "The message text is missing or empty."}
    else:
        assert (answer["code"], answer["errors"].keys()) == (400, {"body"})
        assert answer["errors"]["body"]["code"] == code
    assert customer.holdings() == before


@pytest.mark.parametrize(
    ("recipients", "numbers"),
    [
        ([{"phone_number": "+33 6 00-00.00(01)"}], ["+33600000001"]),
        ([{"phone_number": "0033600000001"}], ["+33600000001"]),
        ([{"phone_number": "33600000001"}], ["+33600000001"]),
        ([{"phone_number": 33600000001}], ["+33600000001"]),
        ([{"phone_number": 33600000001.0}], ["+33600000001"]),
        ([{"phoneNumber": "+33600000001"}], ["+33600000001"]),
        ([{"Phone-Number": "+33600000001", "odd": {"deep": []}}], ["+33600000001"]),
        (["+33600000001", 33600000002], ["+33600000001", "+33600000002"]),
        ("+33600000001", ["+33600000001"]),
        (33600000001, ["+33600000001"]),
        ("+33600000001; +33600000002\n+33600000003", [f"+3360000000{n}" for n in (1, 2, 3)]),
        ({"phone_number": "+33600000001"}, ["+33600000001"]),
        ({"0": {"phone_number": "+33600000001"}}, ["+33600000001"]),
        ('[{"phone_number": "+33600000001"}]', ["+33600000001"]),
        ([[{"phone_number": "+33600000001"}]], ["+33600000001"]),
        ([{"phone_number": "+33600000001", "first_name": None, "param1": 5}], ["+33600000001"]),
        ([{"phone_number": "+33600000001\0"}], ["+33600000001"]),
        ([{"phone_number": "\u202a+33\u00a0600000001"}], ["+33600000001"]),
        ([{"phone_number": "+33111222333"}], ["+33111222333"]),
        ([{"phone_number": "+33639980001"}], ["+33639980001"]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_recipients_as_people_write_them(
    customer: Customer, recipients: object, numbers: list[str]
) -> None:
    response = customer.send(recipients=recipients)
    assert response.status_code == 201
    ticket = response.json()["sms_ticket"]
    assert [address for address, *_ in customer.messages(ticket)] == numbers


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"text": "Deep", "recipients": ["+33600000001"], "purpose": "alert"}},
        {
            "metadata": json.dumps({"text": "Deep"}),
            "recipients": ["+33600000001"],
            "purpose": "alert",
        },
        {"Metadata": {"Text": "Deep"}, "Recipients": ["+33600000001"], "Purpose": "alert"},
        {"metadata": [{"text": "Deep"}], "recipients": ["+33600000001"], "purpose": "alert"},
        {
            "text": "",
            "metadata": {"text": "Deep"},
            "recipients": ["+33600000001"],
            "purpose": "alert",
        },
        {"sms_text": "Deep", "sms_recipients": "0033600000001", "purpose": "alert"},
        {"text": ["Deep"], "recipients": ["+33600000001"], "purpose": ["alert"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", BOTH)
def test_places_and_names_of_fields(customer: Customer, path: str, body: dict[str, Any]) -> None:
    response = customer.post(path, json=body | {"channel": "sms"})
    assert response.status_code == 201, response.text
    assert customer.campaign(response.json()["sms_ticket"])["text"] == "Deep"


def test_what_nobody_knows_is_ignored_without_a_note(customer: Customer) -> None:
    response = customer.send(segmentation="filter", voice_gender="male", odd={"a": [1]})
    assert response.status_code == 201
    assert "octavo-repaired" not in response.headers


@pytest.mark.parametrize(
    "name", ["sender", "send_at", "type", "purpose", "request_id", "list_name", "with_replies"]
)
@pytest.mark.parametrize("nothing", [None, "", " ", [], {}], ids=repr)
def test_nothing_is_the_same_as_absent(customer: Customer, name: str, nothing: object) -> None:
    body = {"text": "STOP au XXXXX", "recipients": ["+33600000001"]}
    plain = customer.post(SEND, json=body)
    response = customer.post(SEND, json=body | {name: nothing})
    assert response.status_code == 201
    assert response.headers.get("octavo-repaired") == plain.headers.get("octavo-repaired")
    left_out = {"id", "ticket", "created_at", "send_at", "state", "released", "finished_at"}
    one, other = (
        {k: v for k, v in customer.campaign(r.json()["sms_ticket"]).items() if k not in left_out}
        for r in (plain, response)
    )
    assert one == other


def test_repairs_are_named_by_field_and_say_nothing_else(customer: Customer) -> None:
    response = customer.send(
        sender="S\u00e9cret!", send_at="whenever", with_replies="perhaps", recipients="+33600000001"
    )
    assert response.status_code == 201
    named = response.headers["octavo-repaired"].split(", ")
    assert sorted(named) == ["recipients", "send_at", "sender", "with_replies"]


def test_repairs_are_told_with_a_refusal_too(customer: Customer) -> None:
    response = customer.send(sender="!", purpose="wholesale")
    assert response.json()["code"] == 121
    assert response.headers["octavo-repaired"] == "sender"


def test_a_documented_request_has_nothing_to_repair(customer: Customer) -> None:
    for value in ("true", "True", True, 1, "1"):
        response = customer.send(with_replies=value, send_at="2031-01-01T00:00:00Z")
        assert "octavo-repaired" not in response.headers


@pytest.mark.parametrize("text", [5, 5.5, True, 10**30], ids=str)
def test_a_text_that_is_no_string_is_sent_as_one(customer: Customer, text: object) -> None:
    response = customer.send(text=text)
    assert response.headers["octavo-repaired"] == "text"
    kept = customer.campaign(response.json()["sms_ticket"])["text"]
    assert kept == ("true" if text is True else str(text))


def test_odd_characters_are_mended(customer: Customer) -> None:
    content = json.dumps(order(text="a\0b\ud800c")).encode()
    campaign = sent(customer, content, "application/json")
    assert campaign["text"] == "ab\ufffdc"


def test_huge_and_odd_numbers_do_no_harm(customer: Customer) -> None:
    for odd in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-" + "9" * 5000):
        content = json.dumps(order(sender="ODD", send_at="ODD")).replace('"ODD"', odd)
        sent(customer, content.encode(), "application/json")


def test_the_query_string_is_read_and_the_body_wins(customer: Customer) -> None:
    response = customer.post(SEND + "?sender=FromQuery&text=Query", json=order(text="Body"))
    kept = customer.campaign(response.json()["sms_ticket"])
    assert (kept["sender"], kept["text"]) == ("FromQuery", "Body")
