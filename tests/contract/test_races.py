"""Clients that race: the wallet is never overdrawn, a request_id is good for one order."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import httpx2

from tests.common.server import Customer, Server, exact, wait_until

CLIENTS = 16
TRIES = 4


def at_once(clients: int, act: Callable[[int], list[httpx2.Response]]) -> list[httpx2.Response]:
    """What `act` gives to as many clients, none of which begins before all are ready."""
    ready = Barrier(clients)

    def run(number: int) -> list[httpx2.Response]:
        ready.wait()
        return act(number)

    with ThreadPoolExecutor(clients) as pool:
        return [one for answers in pool.map(run, range(clients)) for one in answers]


def unfinished(customer: Customer) -> bool:
    """Whether money may still come back from an order."""
    return bool(
        customer.server.rows(
            "SELECT 1 FROM campaign c JOIN campaign_count n ON n.campaign_id = c.id"
            " WHERE c.account_id = ? AND (c.state != 7 OR n.accepted + n.unknown > 0)",
            customer.account,
        )
    )


def test_sixteen_clients_spend_one_wallet_to_the_last_order(server: Server) -> None:
    customer = server.customer(credit="1")
    price = Decimal("0.045")
    affordable = int(Decimal(1) // price)
    answers = at_once(CLIENTS, lambda _: [customer.send() for _ in range(TRIES)])
    told = Counter(answer.status_code for answer in answers)
    assert told == {201: affordable, 400: CLIENTS * TRIES - affordable}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {104}
    accepted = [exact(answer) for answer in answers if answer.status_code == 201]
    assert len({answer["sms_ticket"] for answer in accepted}) == affordable
    # Each saw a balance of its own: they were taken one after the other.
    left = sorted((answer["residual_credit"] for answer in accepted), reverse=True)
    assert left == [1 - price * n for n in range(1, affordable + 1)]
    assert customer.balance() == 1 - price * affordable
    wait_until(lambda: not unfinished(customer))
    assert customer.balance() == 1 - price * affordable
    assert not server.breaches()


def test_orders_of_different_sizes_never_overdraw(server: Server) -> None:
    customer = server.customer(credit="2")

    def act(number: int) -> list[httpx2.Response]:
        people = [f"+3360000{number:02d}{n:02d}" for n in range(1 + number % 7)]
        return [customer.send(recipients=people) for _ in range(TRIES)]

    answers = [exact(one) for one in at_once(CLIENTS, act) if one.status_code == 201]
    spent = sum(answer["total_cost"] for answer in answers)
    assert customer.balance() == 2 - spent
    assert 2 - spent < Decimal("0.045") * 7
    assert not server.breaches()


def test_money_that_comes_back_races_with_money_that_goes(server: Server) -> None:
    customer = server.customer(credit="3")
    answers = at_once(
        CLIENTS,
        lambda n: [
            customer.send(recipients=["+33600009920" if n % 2 else "+33600000001"])
            for _ in range(TRIES)
        ],
    )
    assert {one.status_code for one in answers} == {201}
    wait_until(lambda: not unfinished(customer))
    # Half of the 64 were refused by the carrier and cost nothing.
    assert customer.balance() == 3 - 32 * Decimal("0.045")
    assert not server.breaches()


def test_one_request_id_raced_by_eight_is_one_order(customer: Customer) -> None:
    before = customer.balance()
    answers = at_once(8, lambda _: [customer.send(request_id="the one", list_name="people")])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    [ticket] = [one.json()["sms_ticket"] for one in answers if one.status_code == 201]
    refused = [one.json() for one in answers if one.status_code == 400]
    assert {one["code"] for one in refused} == {120}
    assert all(ticket in one["message"] for one in refused)
    assert customer.balance() == before - Decimal("0.045")


def test_parameters_raced_by_many_keep_one_whole_edit(customer: Customer) -> None:
    def act(number: int) -> list[httpx2.Response]:
        urls = (f"https://example.org/{number}/{kind}" for kind in ("in", "out"))
        names = ("callback_url_for_inbounds", "callback_url_for_visits")
        body = dict(zip(names, urls, strict=True))
        return [customer.patch("/user/campaign-parameters/edit", json=body)]

    assert {one.status_code for one in at_once(CLIENTS, act)} == {200}
    kept = customer.get("/user/campaign-parameters").json()["callbacks"]
    one, other = kept["callback_url_for_inbounds"], kept["callback_url_for_visits"]
    assert one.removesuffix("/in") == other.removesuffix("/out")
