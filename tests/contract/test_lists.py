"""Campaigns on lists and tags over the API: every documented request and answer (contract 4.3 to
4.6), letter for letter where the mission prints them.
"""

import json
import re
import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from octavo.accounts.first import COLLECTION, PEOPLE
from octavo.contacts import service as contacts
from octavo.contacts.schemas import Filing, NewContact
from octavo.kit.clock import system_clock
from tests.common import database
from tests.common.server import PREFIX, WAIT, Customer, exact, wait_until
from tests.contract.documents import Curl, curls, examples, mission

PAGES = {"en": mission("sms-on-list.en.txt"), "es": mission("sms-on-list.es.txt")}
LINES = [(name, curl) for name, text in PAGES.items() for curl in curls(text)]
PATHS = ["/sms-campaign-on-list", "/sms-campaign-on-tag"]
TICKET = re.compile(r"sms_[0-9a-f]{13}[0-9]{9}")
FRENCH = [NewContact(f"+3363998{n:04d}", country="FR") for n in range(1, 6)]
GERMAN = [NewContact("+491701234567", country="DE")]
STOP = "This is a Premium SMS with STOP. STOP at 30101"


def fill(customer: Customer, *people: NewContact, lists: str = "", tags: str = "") -> None:
    """Contacts of an account on lists and tags that are named by one word each."""
    filing = Filing(list(people), lists=lists.split(), tags=tags.split())
    with database.connection(customer.server.database) as c:
        contacts.file(c, customer.account, filing, system_clock())


@pytest.fixture
def keeper(customer: Customer) -> Customer:
    """An account with the list and tag of the documented requests, as after a first start."""
    fill(customer, *PEOPLE, lists=COLLECTION, tags=COLLECTION)
    return customer


def create(customer: Customer, path: str = PATHS[0], **changed: object) -> httpx2.Response:
    body = {"list_name": "my_list", "text": STOP} | changed
    return customer.post(f"{path}/create", json={k: v for k, v in body.items() if v is not None})


def created(customer: Customer, path: str = PATHS[0], **changed: object) -> str:
    response = create(customer, path, **changed)
    assert response.status_code == 201, response.text
    return str(response.json()["ticket_number"])


def status(customer: Customer, ticket: str, path: str = PATHS[0], **more: Any) -> httpx2.Response:
    return customer.get(f"{path}/status?ticket_number={ticket}", **more)


def computed(customer: Customer, ticket: str) -> dict[str, Any]:
    """The status once the computation is over."""
    end = time.monotonic() + WAIT
    while (found := exact(status(customer, ticket)))["status"] == "under_computation":
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def ready(customer: Customer, path: str = PATHS[0], **changed: object) -> str:
    ticket = created(customer, path, **changed)
    assert computed(customer, ticket)["status"] == "ready_to_be_sent"
    return ticket


def send(customer: Customer, ticket: str, path: str = PATHS[0]) -> httpx2.Response:
    return customer.post(f"{path}/send", json={"ticket_number": ticket})


def cancel(customer: Customer, ticket: str, path: str = PATHS[0]) -> httpx2.Response:
    return customer.request("DELETE", f"{path}/cancel", json={"ticket_number": ticket})


def look(customer: Customer, ticket: str) -> dict[str, Any]:
    response = customer.server.client.get(
        f"/v1/octavo/campaigns/{ticket}", headers=customer.credentials
    )
    assert response.status_code == 200
    return exact(response)


# -- the mission ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "curl"), LINES, ids=["en", "paste", "es"])
def test_the_curl_lines_of_the_mission_run(keeper: Customer, language: str, curl: Curl) -> None:
    documented = next(e for e in examples(PAGES[language]) if "ticket_number" in e.value)
    path = urlsplit(curl.url).path.removeprefix(PREFIX)
    response = keeper.request(
        curl.method,
        path,
        content=json.dumps(curl.body, indent=2).encode(),
        headers=curl.headers | keeper.credentials,
    )
    assert response.status_code == 201
    assert response.json().keys() == documented.value.keys()
    ticket = response.json()["ticket_number"]
    assert TICKET.fullmatch(ticket)
    assert computed(keeper, ticket) == {
        "number_of_contacts": 5,
        "cost": Decimal("0.225"),
        "status": "ready_to_be_sent",
    }
    kept = keeper.campaign(ticket)
    assert (kept["sender"], kept["text"]) == (curl.body["sender"], curl.body["text"])


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("path", PATHS)
def test_a_missing_stop_mention_is_refused_in_the_words_of_the_mission(
    keeper: Customer, language: str, path: str
) -> None:
    documented = next(e for e in examples(PAGES[language]) if "code" in e.value)
    before = keeper.holdings()
    response = keeper.post(
        f"{path}/create",
        json={"list_name": "my_list", "text": "Sale!"},
        headers={"accept-language": language},
    )
    assert response.status_code == 400
    assert response.json() == documented.value
    assert keeper.holdings() == before


# -- create ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("field", ["list_name", "tag_name"])
def test_both_fields_are_taken_on_both_paths(keeper: Customer, path: str, field: str) -> None:
    body: dict[str, Any] = {"list_name": None, field: "my_list"}
    assert computed(keeper, created(keeper, path, **body))["number_of_contacts"] == 5


@pytest.mark.parametrize(
    ("asked", "contacts_found"),
    [
        ({"list_name": "a"}, 3),
        ({"list_names": ["a", "b"]}, 5),
        ({"list_name": "a", "list_names": ["b"], "segmentation": "group"}, 5),
        ({"list_names": ["a", "b"], "segmentation": "filter"}, 1),
        ({"list_name": "a", "tag_name": "t"}, 2),
        ({"list_name": "a", "tag_name": "t", "segmentation": "filter"}, 2),
        ({"list_name": "a", "tag_name": "t", "segmentation": "Group"}, 4),
        ({"list_names": ["a", "b"], "tag_name": "t"}, 3),
        ({"list_name": "a", "segmentation": "whatever"}, 3),
    ],
)
def test_several_lists_and_tags(
    customer: Customer, asked: dict[str, Any], contacts_found: int
) -> None:
    fill(customer, *FRENCH[:3], lists="a")
    fill(customer, *FRENCH[2:], lists="b")
    fill(customer, *FRENCH[1:4], tags="t")

    ticket = created(customer, **({"list_name": None} | asked))

    assert computed(customer, ticket)["number_of_contacts"] == contacts_found


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"list_name": "nobody's"}, 303),
        ({"tag_name": "nobody's"}, 303),
        ({"list_name": None}, 110),
        ({"text": None}, 107),
        ({"text": "  "}, 107),
        ({"text": "x" * 1225 + STOP}, 400),
        ({"text": "x" * 200 + STOP, "type": "sms_low_cost"}, 119),
        ({"text": "Sale", "type": "sms_low_cost"}, 122),
    ],
)
def test_what_cannot_be_sent_is_refused(
    keeper: Customer, changed: dict[str, Any], code: int
) -> None:
    before = keeper.holdings()
    response = create(keeper, **changed)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert keeper.holdings() == before


def test_the_lists_of_others_are_not_there(keeper: Customer) -> None:
    stranger = keeper.server.customer()
    ticket = ready(keeper)

    assert create(stranger).json()["code"] == 303
    for answer in (status(stranger, ticket), send(stranger, ticket), cancel(stranger, ticket)):
        assert (answer.status_code, answer.json()["code"]) == (400, 131)
    found = keeper.server.client.get(f"/v1/octavo/campaigns/{ticket}", headers=stranger.credentials)
    assert (found.status_code, found.json()["code"]) == (404, 131)


def test_without_french_people_no_mention_is_needed(customer: Customer) -> None:
    fill(customer, *GERMAN, lists="my_list")
    assert ready(customer, text="Sale!")
    assert ready(customer, text="Sale!", purpose="alert")


def test_a_request_id_is_good_for_one_campaign(keeper: Customer) -> None:
    first = created(keeper, request_id="once")
    again = create(keeper, request_id="once")
    assert again.json()["code"] == 120
    assert first in again.json()["message"]


def test_a_simulation_leaves_nothing(keeper: Customer) -> None:
    before = keeper.holdings()
    ticket = created(keeper, simulation_mode="True")
    assert keeper.holdings() == before
    assert status(keeper, ticket).json()["code"] == 131
    assert create(keeper, simulation_mode=True, list_name="none").json()["code"] == 303


# -- status and send ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_campaign_is_sent_and_adds_up(keeper: Customer, path: str) -> None:
    ticket = ready(keeper, path, text="{first_name}, " + STOP, auto_remove_blacklisted_numbers=1)
    shown = exact(status(keeper, ticket, path))
    assert shown["cost"] == Decimal("0.235")

    response = send(keeper, ticket, path)

    assert response.status_code == 200
    assert response.json().keys() == {"sending_date"}
    leaves = datetime.fromisoformat(response.json()["sending_date"])
    assert leaves.tzinfo is not None
    assert abs(leaves.timestamp() - time.time()) < WAIT
    keeper.server.settled(ticket)
    found = look(keeper, ticket)
    assert found["state"] == "finished"
    assert found["counts"]["delivered"] == 5
    assert sum(found["counts"].values()) == found["audience"]
    assert found["money"] == {
        "shown_cost": Decimal("0.235"),
        "held": Decimal("0.225"),
        "captured": Decimal("0.225"),
        "released": 0,
        "fee": Decimal("0.01"),
    }
    assert keeper.balance() == Decimal("99.765")
    assert [c["country"] for c in found["countries"]] == ["FR"]


def test_several_unconfirmed_campaigns_at_once_and_the_draft_is_the_last(keeper: Customer) -> None:
    nothing = keeper.get("/sms-campaign/draft")
    assert (nothing.status_code, nothing.json()["code"]) == (400, 131)
    first, second = ready(keeper), ready(keeper, text=STOP + " €" * 80)

    draft = exact(keeper.get("/sms-campaign/draft"))

    assert draft == {
        "ticket_number": second,
        "number_of_contacts": 5,
        "number_of_sms_needed": 10,
        "residual_credit": 100,
        "total_cost": Decimal("0.45"),
        "status": "validated",
        "message": "",
        "code": 0,
    }
    assert send(keeper, second).status_code == 200
    assert keeper.get("/sms-campaign/draft").json()["ticket_number"] == first
    assert send(keeper, first).status_code == 200


def test_the_sending_date_tells_the_truth(keeper: Customer) -> None:
    later = ready(keeper, send_at="2030-10-03T07:42:39-07:00")
    past = ready(keeper, send_at="2020-10-03T07:42:39-07:00")

    assert send(keeper, later).json() == {"sending_date": "2030-10-03T16:42:39+02:00"}
    leaves = datetime.fromisoformat(send(keeper, past).json()["sending_date"])
    assert abs(leaves.timestamp() - time.time()) < WAIT
    assert look(keeper, later)["state"] == "scheduled"
    assert look(keeper, later)["send_at"] == "2030-10-03T16:42:39+02:00"


def test_what_was_sent_or_canceled_is_over(keeper: Customer) -> None:
    sent, canceled = ready(keeper), ready(keeper)
    assert send(keeper, sent).status_code == 200
    assert cancel(keeper, canceled).status_code == 204
    keeper.server.settled(sent)
    for ticket in (sent, canceled):
        for answer in (status(keeper, ticket), send(keeper, ticket), cancel(keeper, ticket)):
            assert (answer.status_code, answer.json()["code"]) == (400, 132)


def test_without_the_money_nothing_is_held(keeper: Customer) -> None:
    poor = keeper.server.customer("0.3")
    fill(poor, *PEOPLE, lists="my_list")
    first, second = ready(poor), ready(poor)
    assert send(poor, first).status_code == 200

    refused = send(poor, second)

    assert (refused.status_code, refused.json()["code"]) == (400, 104)
    assert "0.225" in refused.json()["message"]
    assert exact(status(poor, second))["status"] == "ready_to_be_sent"


@pytest.mark.parametrize("operation", ["status", "send", "cancel"])
def test_an_unknown_or_missing_ticket(customer: Customer, operation: str) -> None:
    asked = {"status": status, "send": send, "cancel": cancel}[operation]
    for ticket, code in (("sms_5f3fbce61266e", 131), ("vocal_xx0000xx0000xx", 131), ("", 400)):
        answer = asked(customer, ticket)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("language", PAGES)
def test_a_late_missing_mention_fails_the_campaign_and_is_named(
    customer: Customer, language: str
) -> None:
    documented = next(e for e in examples(PAGES[language]) if "code" in e.value)
    fill(customer, *GERMAN, lists="my_list")
    # Nobody of the list's countries needs a mention, though somebody on it does.
    with database.connection(customer.server.database) as c:
        c.raw.execute("UPDATE contact SET country = 'FR' WHERE account_id = ?", (customer.account,))
    ticket = created(customer, text="Sale!")

    wait_until(lambda: status(customer, ticket).json()["status"] == "failed")

    found = status(customer, ticket, headers={"accept-language": language}).json()
    assert found == {"number_of_contacts": 0, "cost": 0, "status": "failed"} | documented.value
    assert send(customer, ticket).json()["code"] == 121
    assert look(customer, ticket)["error_code"] == 121


def test_a_list_without_anybody_fails(customer: Customer) -> None:
    fill(customer, NewContact("+111222233334444", invalid=1), lists="my_list")
    ticket = created(customer)
    found = computed(customer, ticket)
    assert (found["status"], found["code"]) == ("failed", 103)
    assert look(customer, ticket)["reasons"] == {"skipped": {"invalid_number": 1}}


def test_who_opts_out_before_it_is_sent_lowers_the_cost(keeper: Customer) -> None:
    ticket = ready(keeper)
    keeper.opt_out(PEOPLE[0].phone_number or "")
    send(keeper, ticket)
    keeper.server.settled(ticket)

    found = look(keeper, ticket)

    assert found["reasons"] == {"skipped": {"opted_out": 1}}
    assert found["counts"]["delivered"] == 4
    assert found["money"]["shown_cost"] == Decimal("0.225")
    assert found["money"]["captured"] == Decimal("0.18")
    assert found["money"]["released"] == Decimal("0.045")


# -- cancel, pause, resume ------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_campaign_on_a_list_is_canceled_at_any_time(keeper: Customer, path: str) -> None:
    unconfirmed = created(keeper, path)
    scheduled = ready(keeper, path, send_at="2030-10-03T07:42:39-07:00")
    send(keeper, scheduled, path)
    for ticket in (unconfirmed, scheduled):
        response = cancel(keeper, ticket, path)
        assert (response.status_code, response.content) == (204, b"")
        wait_until(lambda ticket=ticket: look(keeper, ticket)["state"] == "canceled")  # type: ignore[misc]
    assert keeper.balance() == 100


def test_our_own_paths_pause_resume_and_cancel(keeper: Customer) -> None:
    ticket = ready(keeper, send_at="2030-10-03T07:42:39-07:00")

    def change(what: str) -> tuple[int, str]:
        response = keeper.server.client.post(
            f"/v1/octavo/campaigns/{ticket}/{what}", headers=keeper.credentials
        )
        return response.status_code, str(response.json().get("state", response.json().get("code")))

    assert change("pause") == (409, "132")
    send(keeper, ticket)
    assert change("pause") == (200, "paused")
    assert change("resume") == (200, "scheduled")
    assert change("resume") == (409, "132")
    assert change("cancel")[0] == 200
    wait_until(lambda: look(keeper, ticket)["state"] == "canceled")


@pytest.mark.parametrize("path", ["/sms-campaign/cancel", "/multi-channel/cancel"])
class TestDirectCancel:
    """The three documented rules (contract 4.2)."""

    def cancel(self, customer: Customer, path: str, ticket: str) -> httpx2.Response:
        body = {"channel": "sms", "ticket_number": ticket}
        return customer.request("DELETE", path, json=body)

    def scheduled(self, customer: Customer, people: int = 2, ahead: int = 3600) -> str:
        numbers = [{"phone_number": f"+3363998{n:04d}"} for n in range(people)]
        response = customer.send(recipients=numbers, send_at=time.time() + ahead)
        return str(response.json()["sms_ticket"])

    def test_a_scheduled_campaign_is_canceled(self, customer: Customer, path: str) -> None:
        ticket = self.scheduled(customer)
        assert self.cancel(customer, path, ticket).status_code == 204
        wait_until(lambda: look(customer, ticket)["state"] == "canceled")
        assert customer.balance() == 100
        assert self.cancel(customer, path, ticket).json()["code"] == 132

    def test_a_draft_is_canceled(self, customer: Customer, path: str) -> None:
        fill(customer, *FRENCH[:2], lists="my_list")
        assert self.cancel(customer, path, ready(customer)).status_code == 204

    def test_the_rules(self, customer: Customer, path: str) -> None:
        for ticket, code in (
            (self.scheduled(customer, people=3), 461),
            (self.scheduled(customer, ahead=590), 462),
        ):
            answer = self.cancel(customer, path, ticket)
            assert answer.status_code == 400
            assert answer.json()["errors"]["ticket_number"]["code"] == code
            assert look(customer, ticket)["state"] == "scheduled"

    def test_no_more_than_so_many_a_month(self, customer: Customer, path: str) -> None:
        assert self.cancel(customer, path, self.scheduled(customer)).status_code == 204
        with database.connection(customer.server.database) as c:
            c.raw.execute("UPDATE cancel_count SET n = 1000 WHERE login = ?", (customer.login,))
        ticket = self.scheduled(customer)
        answer = self.cancel(customer, path, ticket)
        assert answer.json()["errors"]["ticket_number"]["code"] == 463
        assert look(customer, ticket)["state"] == "scheduled"

    def test_what_is_unknown_or_sent(self, customer: Customer, path: str) -> None:
        sent = str(customer.send().json()["sms_ticket"])
        customer.server.settled(sent)
        for ticket, code in ((sent, 132), ("sms_5f3fbce61266e", 131)):
            answer = self.cancel(customer, path, ticket)
            assert (answer.status_code, answer.json()["code"]) == (400, code)
