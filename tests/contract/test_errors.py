"""Every refusal of a send: its code, its words, and nothing half done (contract 14)."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from octavo.db.codes import Scope
from octavo.kit.clock import DAY
from tests.common.server import Customer, Server, exact, order

PATHS = ("/sms-campaign/send", "/multi-channel/send")
FRENCH = [{"phone_number": "+33600000001"}]
SPANISH = [{"phone_number": "+34600000001"}]
ABROAD = [{"phone_number": "+376312345"}]
UNSERVED = [{"phone_number": "+989123456789"}]
NOWHERE = [{"phone_number": "+99912345678"}]
BAD = [{"phone_number": "12"}, {"phone_number": "abc"}, {}]
CROWD = [{"phone_number": f"+336000{n:05d}"} for n in range(501)]
MARKETING = {"purpose": "wholesale", "text": "Sale!"}
LOW_COST = {"type": "sms_low_cost"}
LONG = "x" * 1225

REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "no text": ({"text": None}, 107),
    "null text": ({"text": [None]}, 107),
    "empty text": ({"text": ""}, 107),
    "blank text": ({"text": " \n\t "}, 107),
    "no recipients": ({"recipients": None}, 110),
    "empty recipients": ({"recipients": []}, 110),
    "blank recipients": ({"recipients": ""}, 110),
    "501 recipients": ({"recipients": CROWD}, 305),
    "no usable number": ({"recipients": BAD}, 117),
    "national numbers": ({"recipients": [{"phone_number": "0600000001"}]}, 117),
    "an e-mail address": ({"recipients": [{"email": "a@example.org"}]}, 117),
    "no such prefix": ({"recipients": NOWHERE}, 150),
    "country not served": ({"recipients": UNSERVED}, 151),
    "no low cost there": ({"recipients": ABROAD, **LOW_COST}, 152),
    "low cost of 161": ({"text": "x" * 161, **LOW_COST}, 119),
    "low cost in UCS-2 of 71": ({"text": "\u0416" * 71, **LOW_COST}, 119),
    "no STOP": ({**MARKETING}, 121),
    "no STOP by default": ({"text": "Sale!", "purpose": None}, 121),
    "no STOP overseas": ({**MARKETING, "recipients": [{"phone_number": "+590690000001"}]}, 121),
    "no STOP for one of two": ({**MARKETING, "recipients": SPANISH + FRENCH}, 121),
    "small stop": ({**MARKETING, "text": "Sale! stop au 30101"}, 121),
    "no STOP low cost": ({**MARKETING, **LOW_COST}, 122),
    # What wins when several things are wrong.
    "text before recipients": ({"text": "", "recipients": []}, 107),
    "too many before too long": ({"text": LONG, "recipients": CROWD}, 305),
    "numbers before STOP": ({**MARKETING, "recipients": BAD}, 117),
    "country before STOP": ({**MARKETING, "recipients": UNSERVED}, 151),
    "STOP before length": ({"text": "x" * 161, "purpose": "wholesale", **LOW_COST}, 122),
    "mostly bad numbers": ({"recipients": BAD + NOWHERE}, 117),
    "mostly no such prefix": (
        {"recipients": [*NOWHERE, {"phone_number": "+99912345679"}, {}]},
        150,
    ),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_order_has_its_code_and_leaves_nothing(
    customer: Customer, path: str, name: str
) -> None:
    change, code = REFUSED[name]
    before = customer.holdings()
    body = order(**{"list_name": "people", "request_id": "once", **change})
    response = customer.post(path, json={"channel": "sms", **body})
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["message"]
    assert response.json().keys() == {"code", "message"}
    assert customer.holdings() == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("character", ["x", "\u20ac", "\u0416", "\U0001f600"])
def test_a_text_over_1224_characters_is_refused_by_field(
    customer: Customer, path: str, character: str
) -> None:
    before = customer.holdings()
    response = customer.post(path, json=order(channel="sms", text=character * 1225))
    assert response.status_code == 400
    answer = response.json()
    assert (answer["code"], answer["message"]) == (400, "Payload validation error.")
    assert answer["errors"] == {
        "text": {
            "code": 450,
            "message": "The text is too long. It has 1225 characters and at most 1224 are taken.",
        }
    }
    assert customer.holdings() == before


@pytest.mark.parametrize("character", ["x", "\u20ac", "\u0416"])
def test_a_text_of_1224_characters_goes_out(customer: Customer, character: str) -> None:
    assert customer.send(text=character * 1224).status_code == 201


def test_characters_are_counted_as_sent(customer: Customer) -> None:
    spaced = "a" + " " * 1223
    assert customer.send(text=spaced).status_code == 201
    assert customer.send(text=spaced + " ").json()["errors"].keys() == {"text"}


def test_a_text_that_takes_too_many_parts_for_everybody_is_refused(customer: Customer) -> None:
    before = customer.holdings()
    response = customer.send(text="\U0001f600" * 1224)
    assert response.status_code == 400
    problem = response.json()["errors"]["text"]
    assert problem["code"] == 450
    assert "1224" not in problem["message"]
    assert "38" in problem["message"]
    assert "20" in problem["message"]
    assert customer.holdings() == before


@pytest.mark.parametrize("change", [{}, LOW_COST])
@pytest.mark.parametrize("text", ["\u200b", "\u2003 \u00a0", "{param1}", " {first_name}{param2} "])
def test_a_text_of_which_nothing_is_left_is_missing(
    customer: Customer, text: str, change: dict[str, str]
) -> None:
    response = customer.send(text=text, **change)
    assert (response.status_code, response.json()["code"]) == (400, 107)


def test_who_would_get_an_empty_text_is_left_out(customer: Customer) -> None:
    people = [FRENCH[0] | {"param1": "Hello"}, {"phone_number": "+33600000002"}]
    answer = exact(customer.send(text="{param1}", recipients=people))
    assert answer["number_of_contacts"] == 1
    assert customer.messages(answer["sms_ticket"])[1][2] == "text_missing"


def test_500_recipients_are_not_too_many(customer: Customer) -> None:
    assert customer.send(recipients=CROWD[:500]).status_code == 201


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        (None, 448),
        ("", 448),
        ([], 448),
        ("pigeon", 449),
        (5, 449),
        ({"sms": True}, 449),
        ("voice_sms", 451),
        ("vocal", 451),
        ("RCS", 451),
        ("email", 451),
        ("live_chat", 451),
    ],
    ids=str,
)
def test_a_channel_is_named_and_is_sms(customer: Customer, channel: object, code: int) -> None:
    before = customer.holdings()
    body = {"text": "", "recipients": FRENCH} | ({} if channel is None else {"channel": channel})
    response = customer.post("/multi-channel/send", json=body)
    assert response.status_code == 400
    answer = response.json()
    assert answer["code"] == 400
    assert answer["errors"].keys() == {"channel"}
    assert answer["errors"]["channel"]["code"] == code
    assert answer["errors"]["channel"]["message"]
    assert customer.holdings() == before


@pytest.mark.parametrize("channel", ["sms", "SMS", " Sms ", ["sms"], "sms_premium"])
def test_sms_in_any_case_is_the_channel_of_sms(customer: Customer, channel: object) -> None:
    response = customer.post("/multi-channel/send", json=order(channel=channel))
    assert response.status_code == 201


def test_nobody_left(customer: Customer) -> None:
    customer.opt_out("+33600000001", scope=Scope.ALL)
    before = customer.holdings()
    for remove in (False, True):
        response = customer.send(auto_remove_blacklisted_numbers=remove, request_id="once")
        assert (response.status_code, response.json()["code"]) == (400, 103)
    assert customer.holdings() == before


def test_without_credit_nothing_is_sent(server: Server) -> None:
    customer = server.customer(credit="0.0449")
    before = customer.holdings()
    response = customer.send(request_id="once", list_name="people")
    assert response.status_code == 400
    assert response.json() == {
        "code": 104,
        "message": "Not enough credit for this order. It costs 0.045 and 0.0449 is available.",
    }
    assert customer.holdings() == before
    assert customer.balance() == Decimal("0.0449")


def test_the_fee_needs_credit_too(server: Server) -> None:
    customer = server.customer(credit="0.05")
    assert customer.send(auto_remove_blacklisted_numbers=True).json()["code"] == 104
    assert customer.send().status_code == 201


@pytest.mark.parametrize("path", PATHS)
def test_a_request_id_is_good_for_one_order(customer: Customer, path: str) -> None:
    first = customer.send(request_id="order 7").json()["sms_ticket"]
    after = customer.holdings()
    body = order(channel="sms", text="Something else", metadata={"request_id": " order 7 "})
    response = customer.post(path, json=body)
    assert response.status_code == 400
    assert response.json() == {
        "code": 120,
        "message": f"A message with the same request_id was already sent. Its ticket is {first}.",
    }
    assert customer.holdings() == after
    assert customer.send(request_id="order 8").status_code == 201


def test_a_request_id_belongs_to_its_account(server: Server) -> None:
    one, other = server.customer(), server.customer()
    assert one.send(request_id="mine").status_code == 201
    assert other.send(request_id="mine").status_code == 201


def test_a_request_id_is_forgotten_after_24_hours(server: Server, customer: Customer) -> None:
    first = customer.send(request_id="daily").json()["sms_ticket"]
    age = "UPDATE request_key SET at = at - ? WHERE account_id = ?"
    server.rows(age, DAY - 60_000_000, customer.account)
    assert customer.send(request_id="daily").json()["code"] == 120
    server.rows(age, 60_000_001, customer.account)
    second = customer.send(request_id="daily")
    assert second.status_code == 201
    again = customer.send(request_id="daily").json()
    assert again["code"] == 120
    assert second.json()["sms_ticket"] in again["message"]
    assert first not in again["message"]


def test_an_empty_request_id_is_none(customer: Customer) -> None:
    empty: list[object] = ["", None, "  ", []]
    for value in empty:
        assert customer.send(request_id=value).status_code == 201


def test_long_request_ids_that_differ_at_their_end_are_two(customer: Customer) -> None:
    assert customer.send(request_id="x" * 300 + "1").status_code == 201
    assert customer.send(request_id="x" * 300 + "2").status_code == 201
    assert customer.send(request_id="x" * 300 + "2").json()["code"] == 120


def test_a_refused_order_does_not_use_up_its_request_id(server: Server) -> None:
    customer = server.customer(credit="0.05")
    assert customer.send(request_id="again", text="x" * 161).json()["code"] == 104
    assert customer.send(request_id="again").status_code == 201


def test_a_used_request_id_comes_before_credit(server: Server) -> None:
    customer = server.customer(credit="0.05")
    assert customer.send(request_id="once").status_code == 201
    assert customer.send(request_id="once").json()["code"] == 120


@pytest.mark.parametrize(
    ("text", "low_cost"),
    [
        ("Sale. STOP at 30101", False),
        ("Sale. STOP au 30101", False),
        ("Sale. STOP au XXXXX", False),
        ("Sale. STOP al 30101", False),
        ("Sale. STOP a 30101", False),
        ("Sale. STOP to 30101", False),
        ("Sale. STOP 30101", False),
        ("Sale. STOP XXXXX", False),
        ("Sale. STOP au XXXXX", True),
        ("Sale. no PUB=STOP", True),
    ],
)
def test_the_spellings_of_a_stop_mention(customer: Customer, text: str, low_cost: bool) -> None:
    product = "sms_low_cost" if low_cost else "sms_premium"
    answer = exact(customer.send(text=text, purpose="wholesale", type=product))
    kept = customer.campaign(answer["sms_ticket"])
    assert kept["text"] == text.replace("XXXXX", "30101")
    assert kept["product"] == product


def test_no_stop_mention_is_asked_for_abroad_or_in_alerts(customer: Customer) -> None:
    assert customer.send(**MARKETING, recipients=SPANISH).status_code == 201
    assert customer.send(text="Sale!", purpose="alert").status_code == 201


def test_good_numbers_among_bad_ones_go_out_and_the_bad_are_named(customer: Customer) -> None:
    numbers = ["+33600000001", "12", "+33 6 00 00 00 01", "+99912345678", "+989123456789", "ab\ncd"]
    people = [{"phone_number": number} for number in numbers]
    response = customer.post("/multi-channel/send", json=order(channel="sms", recipients=people))
    assert response.status_code == 201
    answer = exact(response)
    assert answer["number_of_contacts"] == 1
    assert answer["message"] == (
        "Repeated recipients, sent to once: +33600000001. "
        "Recipients without a usable number, left out: 12, +99912345678, abcd. "
        "Recipients in countries that are not served, left out: +989123456789."
    )


def test_a_long_list_of_bad_numbers_is_only_counted(customer: Customer) -> None:
    people = FRENCH + [{"phone_number": f"bad {n}"} for n in range(400)]
    response = customer.post("/multi-channel/send", json=order(channel="sms", recipients=people))
    message = response.json()["message"]
    assert "bad 9 and 390 more." in message
    assert len(message) < 200


def test_the_direct_send_has_no_message_key(customer: Customer) -> None:
    answer = customer.send(recipients=FRENCH + FRENCH + BAD).json()
    assert "message" not in answer
    assert answer["number_of_contacts"] == 1


def test_codes_are_numbers_and_never_in_a_success(customer: Customer) -> None:
    refusal = customer.send(text="").text
    assert re.match(r'\{"code":107,"message":"', refusal)
    assert "code" not in json.loads(customer.send().text)
