"""Messages from recipients, and the suppressions that STOP and START make and lift (P5)."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import EventKind, Scope
from octavo.db.connection import Connection
from octavo.db.statements import traffic
from octavo.kit.clock import Instant
from octavo.ledger import numbering
from octavo.ledger.events import Item, Journal

STOP = "stop"
START = "start"
LONGEST_SHORT_CODE = 6
"""Digits: what is longer is a number of its country."""


class Inbound(NamedTuple):
    """A message from a recipient. `kind` is STOP, START or "".

    `answers` is the (campaign, seq) that it answers, if the carrier could tell; else it answers the
    last message that was sent to its sender from its recipient, or with that number to reply to.
    """

    ref: str
    sender: str
    recipient: str
    text: str
    kind: str
    at: Instant
    answers: tuple[int, int] | None


def take(
    connection: Connection, route: int, inbounds: Sequence[Inbound], now: Instant
) -> Counter[str]:
    """Stores inbound messages, each once; STOP suppresses marketing, START lifts that.

    Gives how many new ones answer no campaign that is known, by kind: nobody was suppressed.
    """
    journal = Journal()
    unmatched = [m.kind for m in inbounds if not _take_one(connection, route, m, journal, now)]
    journal.write(connection, now)
    return Counter(unmatched)


def _take_one(
    connection: Connection, route: int, m: Inbound, journal: Journal, now: Instant
) -> bool:
    """False when it is new and answers no campaign that is known."""
    campaign, seq = m.answers or _expected(connection, m) or (None, None)
    account = connection.one(traffic.ACCOUNT_OF_CAMPAIGN, campaign=campaign) if campaign else None
    if account is None:
        campaign = seq = None
    (number,) = numbering.take(connection, "inbound", 1, now)
    stored = connection.one(
        traffic.INSERT_INBOUND,
        id=number,
        route_id=route,
        ref=m.ref,
        account_id=account,
        sender=m.sender,
        recipient=m.recipient,
        text=m.text,
        kind=m.kind,
        campaign_id=campaign,
        seq=seq,
        at=m.at,
        received_at=now,
    )
    if stored is None:
        return True
    if account is None or campaign is None or seq is None:
        return False
    if m.kind == STOP:
        suppress(
            connection,
            account=account,
            address=_e164(m.sender),
            scope=Scope.MARKETING,
            reason=STOP,
            now=now,
            inbound=stored,
        )
    elif m.kind == START:
        lift(connection, account=account, address=_e164(m.sender), now=now, inbound=stored)
    kind = EventKind.STOP if m.kind == STOP else EventKind.INBOUND
    journal.tell(account, campaign, kind, Item(seq, str(stored), m.at))
    return True


def _expected(connection: Connection, m: Inbound) -> tuple[int, int] | None:
    """What a reply answers when its carrier does not say so."""
    return connection.one(traffic.ANSWERED, recipient=m.recipient, address=_e164(m.sender))


def _e164(sender: str) -> str:
    """Many carriers leave the + out."""
    return f"+{sender}" if sender.isdecimal() and len(sender) > LONGEST_SHORT_CODE else sender


def suppress(
    connection: Connection,
    *,
    account: int,
    address: str,
    scope: Scope,
    reason: str,
    now: Instant,
    inbound: int | None = None,
) -> None:
    """Nothing of this scope is sent to the address any more; the evidence is kept."""
    connection.run(
        traffic.SUPPRESS, account_id=account, address=address, scope=scope, reason=reason, at=now
    )
    _log(
        connection,
        account=account,
        address=address,
        scope=scope,
        lifted=False,
        reason=reason,
        inbound=inbound,
        now=now,
    )


def lift(
    connection: Connection,
    *,
    account: int,
    address: str,
    now: Instant,
    inbound: int | None = None,
) -> bool:
    """The person wants marketing again; a suppression of everything stays. True if lifted."""
    lifted = connection.run(
        traffic.LIFT, account_id=account, address=address, scope=Scope.MARKETING
    )
    if lifted:
        _log(
            connection,
            account=account,
            address=address,
            scope=Scope.MARKETING,
            lifted=True,
            reason=START,
            inbound=inbound,
            now=now,
        )
    return bool(lifted)


def _log(
    connection: Connection,
    *,
    account: int,
    address: str,
    scope: Scope,
    lifted: bool,
    reason: str,
    inbound: int | None,
    now: Instant,
) -> None:
    connection.run(
        traffic.LOG_SUPPRESSION,
        account_id=account,
        address=address,
        scope=scope,
        lifted=int(lifted),
        reason=reason,
        inbound_id=inbound,
        at=now,
    )
