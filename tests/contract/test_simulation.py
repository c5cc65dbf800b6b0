"""Simulation (contract 12): the numbers of the real order, and nothing written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octavo.db.codes import Scope
from tests.common.server import Customer, Server, exact, order, serving, settings

STANDING = ("link", "route")
"""Tables that the workers keep up to date however little happens."""

PEOPLE = [
    {"phone_number": "+33600000001", "param1": "Ann"},
    {"phone_number": "+33 6 00 00 00 01"},
    {"phone_number": "+34600000002", "param1": "x" * 50},
    {"phone_number": "+33600000003"},
    {"phone_number": "abc"},
]
ORDERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "several": {"text": "Hello {param1}" + "x" * 140, "recipients": PEOPLE},
    "fee": {"recipients": PEOPLE, "auto_remove_blacklisted_numbers": True},
    "low cost": {"type": "sms_low_cost", "text": "no PUB=STOP", "purpose": "wholesale"},
    "later": {"send_at": "2035-01-01T00:00:00Z", "list_name": "people", "request_id": "once"},
}
REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "no text": ({"text": ""}, 107),
    "no credit": (
        {"text": "x" * 1224, "recipients": [f"+3460000{n:04d}" for n in range(300)]},
        104,
    ),
    "no STOP": ({"purpose": "wholesale"}, 121),
    "nobody left": ({"recipients": [{"phone_number": "+33600000003"}]}, 103),
    "no number": ({"recipients": ["abc"]}, 117),
}


@pytest.fixture(scope="module")
def quiet(memory: Path, plain_environment: None) -> Iterator[Server]:
    """A server on which nobody else does anything."""
    with serving(settings(memory / "quiet")) as server:
        yield server


@pytest.fixture
def someone(quiet: Server) -> Customer:
    """Who may not write to +33600000003; the others of its batch exist already."""
    customer = quiet.customer()
    customer.opt_out("+33600000003", scope=Scope.ALL)
    return customer


def everything(server: Server) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; those of a rate and a lease aside."""
    names = server.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {
        name: server.rows(f"SELECT * FROM {name}")  # noqa: S608 - a table's own name
        for (name,) in names
        if name not in STANDING
    }


@pytest.mark.parametrize("path", ["/sms-campaign/send", "/multi-channel/send"])
@pytest.mark.parametrize("name", ORDERS)
def test_a_simulation_gives_the_numbers_of_the_order_and_writes_nothing(
    quiet: Server, someone: Customer, path: str, name: str
) -> None:
    body = order(channel="sms", **ORDERS[name])
    before = everything(quiet)
    simulated = someone.post(path, json=body | {"simulation_mode": True})
    assert simulated.status_code == 201
    assert everything(quiet) == before
    real = someone.post(path, json=body)
    assert real.status_code == 201
    one, other = exact(simulated), exact(real)
    tickets = {"sms_ticket", "ticket_number"}
    assert {k: v for k, v in one.items() if k not in tickets} == {
        k: v for k, v in other.items() if k not in tickets
    }
    assert one["sms_ticket"] == one["ticket_number"] != other["sms_ticket"]
    assert everything(quiet) != before
    if "send_at" not in body:
        quiet.settled(other["sms_ticket"])


@pytest.mark.parametrize("name", REFUSED)
def test_a_simulation_is_refused_as_the_order_would_be(
    quiet: Server, someone: Customer, name: str
) -> None:
    change, code = REFUSED[name]
    before = everything(quiet)
    simulated = someone.send(**change, simulation_mode=True)
    assert everything(quiet) == before
    real = someone.send(**change)
    assert (real.status_code, real.json()["code"]) == (400, code)
    assert (simulated.status_code, simulated.json()) == (400, real.json())


@pytest.mark.parametrize("yes", [True, "true", "True", 1, "1", "TRUE", "yes", "oui"])
def test_simulation_mode_is_a_boolean_as_people_write_it(customer: Customer, yes: object) -> None:
    before = customer.holdings()
    for body in ({"simulation_mode": yes}, {"metadata": {"simulation_mode": yes}}):
        assert customer.send(**body).status_code == 201
    assert customer.holdings() == before


@pytest.mark.parametrize("no", [False, "false", "0", 0, "", None, "non"])
def test_anything_else_is_an_order(customer: Customer, no: object) -> None:
    ticket = customer.send(simulation_mode=no).json()["sms_ticket"]
    assert customer.messages(ticket)


def test_a_simulated_request_id_is_still_free(customer: Customer) -> None:
    assert customer.send(request_id="once", simulation_mode=True).status_code == 201
    assert customer.send(request_id="once", simulation_mode=True).status_code == 201
    assert customer.send(request_id="once").status_code == 201
