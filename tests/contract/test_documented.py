"""Every documented request of the served paths, letter for letter, and the documented answers."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from octavo.accounts.service import find
from octavo.kit.clock import from_datetime, system_clock
from octavo.kit.money import money
from octavo.ledger import wallet
from tests.common import database
from tests.common.server import Customer, exact
from tests.contract.documents import HERE, Curl, Example, curls, examples, mission, shape

MULTI_CHANNEL = examples(mission("multi-channel-send.txt"))
REQUESTS = {one.value["channel"]: one for one in MULTI_CHANNEL if "channel" in one.value}
ANSWER = next(one.value for one in MULTI_CHANNEL if "sms_ticket" in one.value)
ON_LIST = {
    "en": mission("sms-on-list.en.txt"),
    "es": mission("sms-on-list.es.txt"),
}
DOCUMENTED: dict[str, Any] = json.loads(
    (HERE / "documented.json").read_text("utf-8"), parse_float=Decimal
)
TICKET = re.compile(r"sms_[0-9a-f]{13}[0-9]{9}")
RECIPIENTS = [{"phone_number": "+33600000000"}]


def test_the_documents_hold_the_examples_that_the_tests_are_about() -> None:
    assert list(REQUESTS) == ["sms", "voice_sms", "rcs", "email"]
    assert len(MULTI_CHANNEL) == 10
    assert [len(curls(text)) for text in ON_LIST.values()] == [2, 1]


def test_the_sms_of_the_mission_goes_out(customer: Customer) -> None:
    response = post_verbatim(customer, "/multi-channel/send", REQUESTS["sms"])
    assert response.status_code == 201
    answer = exact(response)
    assert shape(answer) == shape(ANSWER | {"ticket_number": "sms_5f3fbce61266e"})
    assert TICKET.fullmatch(answer["sms_ticket"])
    assert answer["ticket_number"] == answer["sms_ticket"]
    assert answer["message"] == ""
    assert (answer["number_of_contacts"], answer["number_of_sms_needed"]) == (2, 2)
    # Two parts at 0.045, and 0.01 for leaving out who opted out.
    assert answer["total_cost"] == Decimal("0.1")
    assert answer["residual_credit"] == Decimal("99.9")


def test_the_sms_of_the_mission_is_kept_as_it_was_asked_for(customer: Customer) -> None:
    ticket = post_verbatim(customer, "/multi-channel/send", REQUESTS["sms"]).json()["sms_ticket"]
    kept = customer.campaign(ticket)
    # To be answered, it comes from a short number in place of its sender (contract 8).
    assert (kept["sender"], kept["text"]) == ("30101", "Hello, this is a test message.")
    assert (kept["product"], kept["channel"], kept["purpose"]) == ("sms_premium", "sms", 0)
    assert json.loads(kept["options"]) == {
        "with_replies": True,
        "recipient_tracking": True,
        "list_name": "sms_list",
    }
    sent = [address for address, *_ in customer.messages(ticket)]
    assert sent == ["+33111222333", "+33111222334"]


@pytest.mark.parametrize("channel", ["voice_sms", "rcs", "email"])
def test_the_other_channels_of_the_mission_are_refused_clearly(
    customer: Customer, channel: str
) -> None:
    before = customer.holdings()
    response = post_verbatim(customer, "/multi-channel/send", REQUESTS[channel])
    assert response.status_code == 400
    assert response.json() == {
        "code": 400,
        "message": "Payload validation error.",
        "errors": {
            "channel": {
                "code": 451,
                "message": "This is not available on this server yet. Available: sms.",
            }
        },
    }
    assert customer.holdings() == before


def test_the_documented_direct_send_goes_out(customer: Customer) -> None:
    response = customer.post("/sms-campaign/send", json=DOCUMENTED["send"])
    assert response.status_code == 201
    answer = exact(response)
    assert shape(answer) == shape(DOCUMENTED["send_answer"] | {"ticket_number": ""})
    assert TICKET.fullmatch(answer["sms_ticket"])
    assert customer.campaign(answer["sms_ticket"])["text"] == "Hello {param1}. STOP au 30101"


@pytest.mark.parametrize("path", ["/sms-campaign/send", "/multi-channel/send"])
@pytest.mark.parametrize(
    "curl", [one for text in ON_LIST.values() for one in curls(text)], ids=["en", "paste", "es"]
)
def test_what_the_curl_lines_of_the_mission_say_goes_out(
    customer: Customer, curl: Curl, path: str
) -> None:
    body = curl.body | {"recipients": RECIPIENTS, "channel": "sms"}
    response = customer.request(
        curl.method,
        path,
        content=json.dumps(body, indent=2).encode(),
        headers=curl.headers | customer.credentials,
    )
    assert response.status_code == 201
    kept = customer.campaign(response.json()["sms_ticket"])
    assert (kept["sender"], kept["text"]) == (curl.body["sender"], curl.body["text"])


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", ["/sms-campaign/send", "/multi-channel/send"])
def test_a_missing_stop_mention_is_refused_in_the_words_of_the_mission(
    customer: Customer, language: str, path: str
) -> None:
    documented = next(one for one in examples(ON_LIST[language]) if "code" in one.value)
    response = customer.post(
        path,
        json={"channel": "sms", "text": "Sale!", "recipients": RECIPIENTS},
        headers={"accept-language": language},
    )
    assert response.status_code == 400
    assert response.json() == documented.value


def test_the_balance_has_the_documented_shape(customer: Customer) -> None:
    response = customer.get("/wallet/check-balance", headers={"content-type": "application/json"})
    assert response.status_code == 200
    assert shape(exact(response)) == shape(DOCUMENTED["balance_answer"])


def test_the_units_have_the_documented_shape_and_packs(customer: Customer) -> None:
    pack = DOCUMENTED["units_answer"]["wallet_packs"][0]
    with database.connection(customer.server.database) as c:
        wallet.top_up(
            c,
            account=find(c, customer.login).id,
            ref=pack["wallet_pack_id"],
            amount=money(str(pack["credit"])),
            now=system_clock(),
            expires_at=from_datetime(datetime.fromisoformat(pack["expiration_date"])),
        )
    response = customer.get(f"/wallet/check-balance?{DOCUMENTED['units_query']}")
    assert response.status_code == 200
    answer = exact(response)
    assert shape(answer | {"wallet_packs": []}) == shape(
        DOCUMENTED["units_answer"] | {"wallet_packs": []}
    )
    # What expires first comes first; both documented names of the identifier are there.
    assert answer["wallet_packs"][0] == pack | {"id": pack["wallet_pack_id"]}
    assert answer["unit"] == "sms_premium"
    # For 112.54 EUR at 0.045.
    assert answer["amount"] == 2500


def test_the_documented_parameters_are_kept_and_given_back(customer: Customer) -> None:
    documented = DOCUMENTED["parameters"]
    patched = customer.patch("/user/campaign-parameters/edit", json=documented)
    assert patched.status_code == 200
    assert patched.json() == documented
    assert "octavo-repaired" not in patched.headers
    got = customer.get("/user/campaign-parameters")
    assert got.status_code == 200
    assert got.json() == documented


def post_verbatim(customer: Customer, path: str, example: Example) -> httpx2.Response:
    return customer.post(
        path, content=example.text.encode(), headers={"content-type": "application/json"}
    )
