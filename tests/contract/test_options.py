"""What an order may ask for besides text and people, and what is kept of it."""

import json
from typing import Any

import pytest

from octavo.db.codes import InDoubt, Purpose
from tests.common.server import Customer, Server

PEOPLE = [
    {"phone_number": "+33600000001", "first_name": "Ann", "param5": "five"},
    {"phone_number": "+33600000002", "last_name": None},
    {"phone_number": "+33600000001"},
    {"phone_number": "abc"},
]


def ticket_of(customer: Customer, **body: object) -> str:
    response = customer.send(**body)
    assert response.status_code == 201, response.text
    ticket: str = response.json()["sms_ticket"]
    return ticket


def members(customer: Customer, name: str) -> list[tuple[Any, ...]]:
    return customer.server.rows(
        "SELECT c.phone_number, c.first_name, c.last_name, c.param5 FROM contact c"
        " JOIN list_member m ON m.contact_id = c.id JOIN list l ON l.id = m.list_id"
        " WHERE l.account_id = ? AND l.name = ? ORDER BY c.phone_number",
        customer.account,
        name,
    )


def test_a_list_name_makes_a_list_of_the_recipients(customer: Customer) -> None:
    ticket_of(customer, recipients=PEOPLE, list_name="friends")
    assert members(customer, "friends") == [
        ("+33600000001", "Ann", None, "five"),
        ("+33600000002", None, None, None),
    ]


def test_a_second_order_adds_to_the_list_and_forgets_nothing(customer: Customer) -> None:
    ticket_of(customer, recipients=PEOPLE[:1], list_name="friends")
    again = [{"phone_number": "+33600000001", "last_name": "Lee"}, {"phone_number": "+34600000003"}]
    ticket_of(customer, recipients=again, list_name="friends")
    assert members(customer, "friends") == [
        ("+33600000001", "Ann", "Lee", "five"),
        ("+34600000003", None, None, None),
    ]


def test_a_long_list_name_is_cut_to_30(customer: Customer) -> None:
    response = customer.send(list_name="n" * 31)
    assert response.status_code == 201
    assert response.headers["octavo-repaired"] == "list_name"
    assert len(members(customer, "n" * 30)) == 1


def test_lists_of_two_accounts_with_one_name_are_two(server: Server) -> None:
    one, other = server.customer(), server.customer()
    for customer, number in ((one, "+33600000001"), (other, "+33600000002")):
        ticket_of(customer, recipients=[number], list_name="friends")
        assert [row[0] for row in members(customer, "friends")] == [number]


def test_without_a_list_name_nobody_is_kept(customer: Customer) -> None:
    ticket_of(customer, recipients=PEOPLE, list_name="")
    found = customer.server.rows("SELECT 1 FROM contact WHERE account_id = ?", customer.account)
    assert not found


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ({}, {}),
        ({"with_replies": True}, {"with_replies": True}),
        ({"with_replies": "True"}, {"with_replies": True}),
        ({"metadata": {"with_replies": 1}}, {"with_replies": True}),
        ({"with_replies": False, "recipient_tracking": "no"}, {}),
        ({"recipient_tracking": True}, {"recipient_tracking": True}),
        ({"metadata": {"recipient_tracking": "true"}}, {"recipient_tracking": True}),
        ({"auto_optimize_text": False}, {"auto_optimize_text": False}),
        ({"auto_optimize_text": True}, {}),
        ({"list_name": "friends"}, {"list_name": "friends"}),
    ],
    ids=str,
)
def test_options_are_kept_with_the_campaign(
    customer: Customer, body: dict[str, Any], options: dict[str, Any]
) -> None:
    assert json.loads(customer.campaign(ticket_of(customer, **body))["options"]) == options


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("alert", Purpose.ALERT),
        ("ALERT", Purpose.ALERT),
        ("alerta", Purpose.ALERT),
        ("transactional", Purpose.ALERT),
        ("Transaccional", Purpose.ALERT),
        ("wholesale", Purpose.WHOLESALE),
        ("WholeSale", Purpose.WHOLESALE),
        ("marketing", Purpose.WHOLESALE),
        ("anything", Purpose.WHOLESALE),
        ("", Purpose.WHOLESALE),
        (7, Purpose.WHOLESALE),
        (None, Purpose.WHOLESALE),
    ],
)
def test_purposes(customer: Customer, asked: object, kept: Purpose) -> None:
    campaign = customer.campaign(ticket_of(customer, text="STOP au XXXXX", purpose=asked))
    assert campaign["purpose"] == kept
    in_doubt = InDoubt.REPEAT if kept is Purpose.ALERT else InDoubt.NEVER_REPEAT
    assert campaign["in_doubt"] == in_doubt


@pytest.mark.parametrize("name", ["type", "sms_type", "Type"])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("asked", "product"),
    [
        ("sms_premium", "sms_premium"),
        ("SMS_LOW_COST", "sms_low_cost"),
        ("sms_vocal", "sms_premium"),
        ("voice_sms", "sms_premium"),
        ("vocal_sms", "sms_premium"),
        ("gold", "sms_premium"),
        ("", "sms_premium"),
    ],
)
def test_types_by_every_name_and_in_both_places(
    customer: Customer, name: str, inside: bool, asked: str, product: str
) -> None:
    body = {"metadata": {name: asked}} if inside else {name: asked}
    assert customer.campaign(ticket_of(customer, **body))["product"] == product


@pytest.mark.parametrize(
    ("asked", "sender", "repaired"),
    [
        ("SenderName", "SenderName", False),
        ("Company X", "Company X", False),
        ("  Caf\u00e9 Z\u00fcri ", "Cafe Zuri", True),
        ("A-B_C.D!", "ABCD", True),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJK", True),
        ("ab", "Octavo", True),
        ("!!", "Octavo", True),
        (12345, "12345", True),
        ("", "Octavo", False),
        (None, "Octavo", False),
    ],
)
def test_senders(customer: Customer, asked: object, sender: str, repaired: bool) -> None:
    response = customer.send(sender=asked)
    assert response.status_code == 201
    assert customer.campaign(response.json()["sms_ticket"])["sender"] == sender
    assert (response.headers.get("octavo-repaired") == "sender") is repaired


def test_the_default_sender_of_the_account_stands_in(customer: Customer) -> None:
    body = {"campaign_parameters": {"sender_for_sms_premium": "My Shop"}}
    assert customer.patch("/user/campaign-parameters/edit", json=body).status_code == 200
    assert customer.campaign(ticket_of(customer))["sender"] == "My Shop"
    assert customer.campaign(ticket_of(customer, sender="x"))["sender"] == "My Shop"
    assert customer.campaign(ticket_of(customer, sender="Other"))["sender"] == "Other"


def test_an_order_is_sent_with_its_text_and_sender(server: Server, customer: Customer) -> None:
    ticket = ticket_of(customer, text="Bonjour  \u00ab vous \u00bb\u2026", sender="Octavo")
    server.settled(ticket)
    outbox = (server.database.parent / "sandbox" / "outbox.jsonl").read_text("utf-8")
    number = customer.campaign(ticket)["id"]
    [line] = [one for one in map(json.loads, outbox.splitlines()) if one["campaign"] == number]
    assert (line["to"], line["sender"]) == ("+33600000001", "Octavo")
    assert line["text"] == 'Bonjour " vous ".'
