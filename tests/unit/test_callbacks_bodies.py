"""The JSON that customers get, letter for letter (contract 6.2 to 6.4)."""

import json
from zoneinfo import ZoneInfo

import pytest

from octavo.callbacks.bodies import body_of, local, status_of
from octavo.callbacks.schemas import Happening, Place
from octavo.db.codes import EventKind
from octavo.kit.clock import SECOND, Instant

PARIS = ZoneInfo("Europe/Paris")
AT = Instant(1_604_484_705 * SECOND)
"""4 November 2020, 10:11:45 UTC: in Paris the time of the contract's example."""


def happening(kind: EventKind, what: str = "", text: str = "", recipient: str = "") -> Happening:
    return Happening(
        event=0x1420000000001,
        place=Place(7, 3),
        kind=kind,
        campaign=5,
        seq=9,
        ticket="sms_5fa275dbf21dc",
        channel="sms",
        number="+33600000000",
        what=what,
        at=AT,
        since=AT,
        text=text,
        recipient=recipient,
    )


def told(happened: Happening) -> object:
    body = body_of(happened, PARIS)
    return None if body is None else json.loads(body)


def test_a_delivery_receipt() -> None:
    assert told(happening(EventKind.DELIVERED)) == {
        "channel": "sms",
        "message_id": "sms_5fa275dbf21dc",
        "number": "+33600000000",
        "status": "DELIVERED",
        "delivery_date": "2020-11-04 11:11:45",
        "meta_data": {},
    }


def test_an_inbound_message() -> None:
    assert told(happening(EventKind.INBOUND, "12", "Merci 👍", "12345")) == {
        "message_id": "sms_5fa275dbf21dc",
        "number": "+33600000000",
        "text": "Merci 👍",
        "sim_card_number": "12345",
        "reception_date": "2020-11-04 11:11:45",
    }


def test_an_opt_out() -> None:
    assert told(happening(EventKind.STOP, "12", "stop", "12345")) == {
        "message_id": "sms_5fa275dbf21dc",
        "number": "+33600000000",
        "text": "stop",
        "stop_date": "2020-11-04 11:11:45",
    }


@pytest.mark.parametrize(
    ("kind", "what", "status"),
    [
        (EventKind.DELIVERED, "", "DELIVERED"),
        (EventKind.FAILED, "undeliverable", "NOT_DELIVERED"),
        (EventKind.FAILED, "expired", "NOT_DELIVERED"),
        (EventKind.FAILED, "ESME_RX_T_APPN", "NOT_DELIVERED"),
        (EventKind.FAILED, "refused", "NOT_DELIVERED"),
        (EventKind.FAILED, "bad_destination", "BAD_DESTINATION"),
        # the carrier said at once that there is no such number (SMPP 3.4, 5.1.3)
        (EventKind.FAILED, "ESME_RINVDSTADR", "BAD_DESTINATION"),
        (EventKind.FAILED, "not_allowed", "NOT_ALLOWED"),
        (EventKind.SKIPPED, "opted_out", "BLACKLISTED_NUMBER"),
        (EventKind.SKIPPED, "too_late", "NOT_DELIVERED"),
        # whoever cancels knows it
        (EventKind.SKIPPED, "canceled", None),
        (EventKind.UNKNOWN, "silent", "UNKNOWN_DELIVERY"),
        # in doubt: a receipt or the policy may still settle it
        (EventKind.UNKNOWN, "", None),
    ],
)
def test_statuses(kind: EventKind, what: str, status: str | None) -> None:
    assert status_of(kind, what) == status
    assert (told(happening(kind, what)) is None) == (status is None)


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (AT, "Europe/Paris", "2020-11-04 11:11:45"),
        (AT + 999_999, "Europe/Paris", "2020-11-04 11:11:45"),
        (AT, "America/New_York", "2020-11-04 05:11:45"),
        (AT, "Asia/Kathmandu", "2020-11-04 15:56:45"),
        # the hour that comes twice in autumn: 00:30 and 01:30 UTC
        (1_603_585_800 * SECOND, "Europe/Paris", "2020-10-25 02:30:00"),
        (1_603_589_400 * SECOND, "Europe/Paris", "2020-10-25 02:30:00"),
        # what carriers say is not always a date of this world
        (-1, "Europe/Paris", "1970-01-01 01:00:00"),
        ((1 << 63) - 1, "Pacific/Kiritimati", "9999-12-31 14:00:00"),
    ],
)
def test_dates(at: int, zone: str, text: str) -> None:
    assert local(Instant(at), ZoneInfo(zone)) == text


def test_the_id_stays_and_differs_from_every_other() -> None:
    first = happening(EventKind.DELIVERED)
    assert first.id == happening(EventKind.DELIVERED).id == "msg_1420000000001_3"
    assert first._replace(place=Place(7, 4)).id != first.id
    assert first._replace(event=2).id != first.id
