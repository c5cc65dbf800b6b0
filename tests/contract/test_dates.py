"""Every spelling of `send_at` that the contract (11) and people's habits know."""

from datetime import UTC, datetime
from typing import Any

import pytest

from octavo.db.codes import CampaignState
from octavo.kit.clock import MINUTE, from_datetime, system_clock
from tests.common.server import Customer

SPELLINGS: list[tuple[object, str]] = [
    # As documented.
    ("2031-10-03T07:42:39-07:00", "2031-10-03T14:42:39"),
    ("2031-01-01 00:01:00", "2030-12-31T23:01:00"),
    ("2031-10-03T07:42:39+0100", "2031-10-03T06:42:39"),
    # Without an offset: Paris, in winter and in summer.
    ("2031-01-15T12:00:00", "2031-01-15T11:00:00"),
    ("2031-07-15T12:00:00", "2031-07-15T10:00:00"),
    ("2031-07-15", "2031-07-14T22:00:00"),
    ("2031-07-15 12:00", "2031-07-15T10:00:00"),
    # JavaScript.
    ("2031-10-03T07:42:39.123Z", "2031-10-03T07:42:39.123"),
    ("Fri Oct 03 2031 07:42:39 GMT+0200 (Central European Summer Time)", "2031-10-03T05:42:39"),
    ("Fri, 03 Oct 2031 07:42:39 GMT", "2031-10-03T07:42:39"),
    (1949384559123, "2031-10-10T07:42:39.123"),
    # PHP.
    ("2031-10-03T07:42:39+00:00", "2031-10-03T07:42:39"),
    ("Friday, 03-Oct-2031 07:42:39 UTC", "2031-10-03T07:42:39"),
    ("Fri, 03 Oct 2031 07:42:39 +0200", "2031-10-03T05:42:39"),
    (
        {"date": "2031-10-03 07:42:39.000000", "timezone_type": 3, "timezone": "America/New_York"},
        "2031-10-03T11:42:39",
    ),
    # Python.
    ("2031-10-03T07:42:39.000123+02:00", "2031-10-03T05:42:39.000123"),
    ("2031-10-03 07:42:39+00:00", "2031-10-03T07:42:39"),
    # Unix time, as a number and as a text.
    (1949384559, "2031-10-10T07:42:39"),
    ("1949384559", "2031-10-10T07:42:39"),
    # A list of one, and blanks around.
    (["2031-10-03T07:42:39Z"], "2031-10-03T07:42:39"),
    (" 2031-10-03T07:42:39Z ", "2031-10-03T07:42:39"),
]


@pytest.mark.parametrize(("spelling", "utc"), SPELLINGS, ids=str)
def test_a_spelling_of_a_moment(customer: Customer, spelling: object, utc: str) -> None:
    response = customer.send(send_at=spelling)
    assert response.status_code == 201
    kept = customer.campaign(response.json()["sms_ticket"])
    assert kept["send_at"] == from_datetime(datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert kept["state"] == CampaignState.SCHEDULED
    [(parked, due)] = customer.server.rows(
        "SELECT state, run_at FROM slice WHERE campaign_id = ?", kept["id"]
    )
    assert (parked, due) == (0, kept["send_at"])


@pytest.mark.parametrize("name", ["sendAt", "Send-At", "send at", "SEND_AT", "sending_date"])
def test_the_field_by_other_spellings_of_its_name(customer: Customer, name: str) -> None:
    response = customer.send(**{name: "2031-10-03T07:42:39Z"})
    assert customer.campaign(response.json()["sms_ticket"])["state"] == CampaignState.SCHEDULED


@pytest.mark.parametrize(
    ("spelling", "noted"),
    [
        ("", False),
        (None, False),
        ("2024-12-19T10:00:00-07:00", True),
        ("2020-10-03T07:42:39-07:00", True),
        ("tomorrow at noon", True),
        ("2031-02-30T10:00:00Z", True),
        ("99999-01-01", True),
        (True, True),
        (-1, True),
        (10**40, True),
        ({"date": 5}, True),
        ("x" * 10_000, True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_past_and_unreadable_moments_are_now(
    customer: Customer, spelling: object, noted: bool
) -> None:
    body: dict[str, Any] = {"send_at": spelling, "text": "Hi", "recipients": ["+33600000001"]}
    response = customer.post("/sms-campaign/send", json=body | {"purpose": "alert"})
    assert response.status_code == 201
    kept = customer.campaign(response.json()["sms_ticket"])
    assert kept["state"] != CampaignState.SCHEDULED
    assert abs(kept["send_at"] - system_clock()) < MINUTE
    assert ("send_at" in response.headers.get("octavo-repaired", "").split(", ")) is noted


def test_a_scheduled_order_holds_its_money_at_once(customer: Customer) -> None:
    before = customer.balance()
    assert customer.send(send_at="2031-01-01").status_code == 201
    assert customer.balance() < before
