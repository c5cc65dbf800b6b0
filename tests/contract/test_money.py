"""Counts and money of an order, to the last decimal (contract 4.1, issue: API, Money)."""

from decimal import Decimal
from typing import Any

import pytest

from octavo.db.codes import MessageState
from tests.common.server import Customer, Server, exact

REFUSED = "+33600009920"
UNDELIVERED = "+33600009910"


def people(*numbers: str) -> list[dict[str, Any]]:
    return [{"phone_number": number} for number in numbers]


def sent(customer: Customer, **body: object) -> dict[str, Any]:
    response = customer.send(**body)
    assert response.status_code == 201, response.text
    return exact(response)


def test_the_answer_counts_the_whole_campaign(customer: Customer) -> None:
    customer.price("0.0333")
    answer = sent(customer, text="x" * 161, recipients=people("+33600000001", "+33600000002"))
    assert answer["number_of_contacts"] == 2
    assert answer["number_of_sms_needed"] == 4
    assert answer["total_cost"] == Decimal("0.1332")
    assert answer["residual_credit"] == Decimal("99.8668")


def test_money_is_printed_exactly_with_all_of_its_eight_decimals(server: Server) -> None:
    customer = server.customer(credit="90071992.54740993")
    customer.price("0.01000001")
    response = customer.send(recipients=people("+33600000001", "+33600000002", "+33600000003"))
    # The texts themselves: a float on the way would have lost a digit.
    assert '"total_cost":0.03000003,' in response.text
    assert '"residual_credit":90071992.5174099}' in response.text
    assert '"amount":90071992.5174099,' in customer.get("/wallet/check-balance").text


def test_the_balance_afterwards_is_the_residual_credit(customer: Customer) -> None:
    for _ in range(3):
        answer = sent(customer)
        assert answer["residual_credit"] == customer.balance()
    assert customer.balance() == Decimal("99.865")


@pytest.mark.parametrize(
    "name",
    [
        "auto_remove_blacklisted_numbers",
        "auto_remove_blacklisted_contacts",
        "auto_delete_optout_contacts",
    ],
)
def test_leaving_out_who_opted_out_costs_one_cent_a_request(customer: Customer, name: str) -> None:
    customer.opt_out("+33600000002")
    answer = sent(
        customer,
        text="Sale. STOP au XXXXX",
        purpose="wholesale",
        recipients=people("+33600000001", "+33600000002"),
        **{name: True},
    )
    assert answer["number_of_contacts"] == 1
    assert answer["total_cost"] == Decimal("0.055")
    assert answer["residual_credit"] == Decimal("99.945") == customer.balance()
    assert [address for address, *_ in customer.messages(answer["sms_ticket"])] == ["+33600000001"]


def test_without_that_option_they_are_skipped_and_cost_nothing(customer: Customer) -> None:
    customer.opt_out("+33600000002")
    answer = sent(
        customer,
        text="Sale. STOP au XXXXX",
        purpose="wholesale",
        recipients=people("+33600000001", "+33600000002"),
    )
    assert (answer["number_of_contacts"], answer["number_of_sms_needed"]) == (1, 1)
    assert answer["total_cost"] == Decimal("0.045")
    skipped = customer.messages(answer["sms_ticket"])[-1]
    assert skipped[:3] == ("+33600000002", MessageState.SKIPPED, "opted_out")


def test_alerts_reach_who_only_stopped_marketing(customer: Customer) -> None:
    customer.opt_out("+33600000001")
    assert sent(customer)["number_of_contacts"] == 1


def test_who_is_skipped_at_planning_is_not_counted_nor_charged(customer: Customer) -> None:
    answer = sent(
        customer,
        text="{param1}{param2}" + "\u0416" * 1200,
        recipients=[
            {"phone_number": "+33600000001"},
            {"phone_number": "+33600000001", "param1": "again"},
            {"phone_number": "+33600000002", "param1": "\u0416" * 50},
            {
                "phone_number": "+33600000003",
                **dict.fromkeys(("param1", "param2"), "\U0001f600" * 50),
            },
            {"phone_number": "not a number"},
            {"phone_number": "+989123456789"},
        ],
    )
    # 1,200 characters are 18 parts and 1,250 are 19; 1,400 code units would be 21.
    assert answer["number_of_contacts"] == 2
    assert answer["number_of_sms_needed"] == 37
    assert answer["total_cost"] == Decimal("1.665")
    reasons = {a: reason for a, state, reason, _ in customer.messages(answer["sms_ticket"])}
    assert reasons == {
        "+33600000001": "",
        "+33600000002": "",
        "+33600000003": "text_too_long",
        "not a number": "invalid_number",
        "+989123456789": "no_price",
    }


def test_parts_are_counted_for_each_recipient(customer: Customer) -> None:
    answer = sent(
        customer,
        text="{first_name}" + "x" * 155,
        recipients=[
            {"phone_number": "+33600000001", "first_name": "Ann"},
            {"phone_number": "+33600000002", "first_name": "Maximilian"},
            {"phone_number": "+33600000003", "first_name": None},
        ],
    )
    parts = [parts for *_, parts in customer.messages(answer["sms_ticket"])]
    assert parts == [1, 2, 1]
    assert answer["number_of_sms_needed"] == 4


@pytest.mark.parametrize(
    ("text", "optimise", "parts"),
    [
        ("x" * 160, None, 1),
        ("x" * 161, None, 2),
        ("x" * 306, None, 2),
        ("x" * 307, None, 3),
        ("\u20ac" * 80, None, 1),
        ("\u20ac" * 81, None, 2),
        ("\u0416" * 70, None, 1),
        ("\u0416" * 71, None, 2),
        ("\u0416" * 134, None, 2),
        ("\u0416" * 135, None, 3),
        ("\u00ea" * 160, None, 1),
        ("\u00ea" * 160, False, 3),
        ("a" + " " * 200 + "b", None, 1),
        ("a" + " " * 200 + "b", False, 2),
        ("x" * 1224, None, 8),
        ("\u0416" * 1224, None, 19),
    ],
)
def test_parts_of_texts(customer: Customer, text: str, optimise: bool | None, parts: int) -> None:
    assert sent(customer, text=text, auto_optimize_text=optimise)["number_of_sms_needed"] == parts


def test_after_delivery_only_what_was_taken_is_paid(server: Server, customer: Customer) -> None:
    answer = sent(customer, recipients=people("+33600000001", REFUSED, UNDELIVERED))
    assert answer["residual_credit"] == Decimal("99.865")
    server.settled(answer["sms_ticket"])
    states = [(state, reason) for _, state, reason, _ in customer.messages(answer["sms_ticket"])]
    assert states[0] == (MessageState.DELIVERED, "")
    assert [state for state, _ in states[1:]] == [MessageState.FAILED] * 2
    # The carrier never took the refused one: its hold came back.
    assert customer.balance() == Decimal("99.91")


def test_the_fee_is_kept_when_nobody_could_be_delivered(server: Server, customer: Customer) -> None:
    answer = sent(customer, recipients=people(REFUSED), auto_remove_blacklisted_numbers=True)
    assert answer["total_cost"] == Decimal("0.055")
    server.settled(answer["sms_ticket"])
    assert customer.balance() == Decimal("99.99")


def test_a_price_of_nothing_sends_for_nothing(server: Server) -> None:
    customer = server.customer(credit="0")
    customer.price("0")
    answer = sent(customer)
    assert (answer["total_cost"], answer["residual_credit"]) == (0, 0)
    server.settled(answer["sms_ticket"])


def test_an_order_may_take_the_whole_balance(server: Server) -> None:
    customer = server.customer(credit="0.09")
    answer = sent(customer, recipients=people("+33600000001", "+33600000002"))
    assert answer["residual_credit"] == 0
    assert customer.balance() == 0


def test_five_hundred_recipients_are_one_campaign(server: Server, customer: Customer) -> None:
    numbers = [f"+336000{n:05d}" for n in range(500)]
    answer = sent(customer, recipients=people(*numbers))
    assert answer["number_of_contacts"] == answer["number_of_sms_needed"] == 500
    assert answer["total_cost"] == Decimal("22.5")
    server.settled(answer["sms_ticket"])
    assert customer.balance() == Decimal("77.5")
