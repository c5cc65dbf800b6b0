"""The JSON bodies of callbacks, as the contract documents them (6.2 to 6.4)."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias
from zoneinfo import ZoneInfo

from octavo.callbacks.schemas import Happening
from octavo.db.codes import EventKind, Skipped
from octavo.kit.clock import Instant, to_datetime
from octavo.ledger.events import SILENT

Body: TypeAlias = dict[str, str | dict[str, str]]

DELIVERED = "DELIVERED"
NOT_DELIVERED = "NOT_DELIVERED"
NOT_ALLOWED = "NOT_ALLOWED"
BAD_DESTINATION = "BAD_DESTINATION"
BLACKLISTED_NUMBER = "BLACKLISTED_NUMBER"
UNKNOWN_DELIVERY = "UNKNOWN_DELIVERY"

FAILURES: Mapping[str, str] = {
    "bad_destination": BAD_DESTINATION,
    "ESME_RINVDSTADR": BAD_DESTINATION,
    "not_allowed": NOT_ALLOWED,
}
"""Reasons of failures that have a status of their own; all others are NOT_DELIVERED."""

LAST_DAY = 253_402_214_400_000_000
"""31 December 9999: no time zone takes an instant before it past the last year of the calendar."""


def body_of(happening: Happening, zone: ZoneInfo) -> bytes | None:
    """The body to POST, or None when this is nothing that customers are told."""
    body = _BODIES[happening.kind](happening, zone)
    return None if body is None else json.dumps(body).encode()


def status_of(kind: EventKind, what: str) -> str | None:
    """The documented status of a message's fate (contract 6.2), None when it is not final.

    A message is in doubt until its campaign is sealed, and whoever cancels a campaign knows it.
    """
    if kind is EventKind.DELIVERED:
        return DELIVERED
    if kind is EventKind.FAILED:
        return FAILURES.get(what, NOT_DELIVERED)
    if kind is EventKind.UNKNOWN:
        return UNKNOWN_DELIVERY if what == SILENT else None
    if what == Skipped.CANCELED:
        return None
    return BLACKLISTED_NUMBER if what == Skipped.OPTED_OUT else NOT_DELIVERED


def local(at: Instant, zone: ZoneInfo) -> str:
    """`Y-m-d H:i:s` in a time zone; what a carrier says beyond the calendar is cut to its ends."""
    moment = to_datetime(Instant(min(max(at, 0), LAST_DAY)), zone)
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _delivery(h: Happening, zone: ZoneInfo) -> Body | None:
    status = status_of(h.kind, h.what)
    if status is None:
        return None
    return {
        "channel": h.channel,
        "message_id": h.ticket,
        "number": h.number,
        "status": status,
        "delivery_date": local(h.at, zone),
        "meta_data": {},
    }


def _inbound(h: Happening, zone: ZoneInfo) -> Body:
    return {
        "message_id": h.ticket,
        "number": h.number,
        "text": h.text,
        "sim_card_number": h.recipient,
        "reception_date": local(h.at, zone),
    }


def _stop(h: Happening, zone: ZoneInfo) -> Body:
    return {
        "message_id": h.ticket,
        "number": h.number,
        "text": h.text,
        "stop_date": local(h.at, zone),
    }


_BODIES: Mapping[EventKind, Callable[[Happening, ZoneInfo], Body | None]] = {
    EventKind.DELIVERED: _delivery,
    EventKind.FAILED: _delivery,
    EventKind.UNKNOWN: _delivery,
    EventKind.SKIPPED: _delivery,
    EventKind.INBOUND: _inbound,
    EventKind.STOP: _stop,
}
