"""Proof that everything adds up: the closing equation (P2) and the money (P4).

Each function looks at one campaign or one account on one snapshot.
"""

from collections import Counter
from typing import NamedTuple

from octavo.db.codes import CampaignState, MessageState
from octavo.db.connection import Connection
from octavo.db.statements import verifying
from octavo.db.statements.verifying import Counts, StateSum
from octavo.ledger import confirm, doubt
from octavo.ledger.wallet import Book, Kind


class Breach(NamedTuple):
    """Something that does not add up."""

    what: str
    where: str
    expected: int
    found: int


_AT_WORK = {CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED}
_SETTLED = {CampaignState.FINISHED, CampaignState.SEALED, CampaignState.CANCELED}


def campaign(connection: Connection, number: int) -> list[Breach]:
    """Checks one campaign's counters against its messages, its hold and its slices."""
    counts = connection.one(verifying.COUNTS, campaign=number)
    if counts is None:
        return [Breach("campaign without counters", str(number), 1, 0)]
    sums = connection.all(verifying.STATE_SUMS, campaign=number)
    checks = [
        *_states(counts, sums),
        *_reasons(connection, number, sums),
        ("captured", sum(s.charged for s in sums), counts.captured),
        ("messages charged above their price", 0, sum(s.overcharged for s in sums)),
        ("pending messages without a slice", 0,
         connection.one(verifying.STRANDED, campaign=number) or 0),
    ]  # fmt: skip
    checks += (
        _draft(connection, number, counts, sums) if counts.unconfirmed else _hold(counts, sums)
    )
    checks += _work(connection, number, counts)
    return _breaches(counts.ticket, checks)


def account(connection: Connection, number: int) -> list[Breach]:
    """Checks one account's balance against its entries, and these against its campaigns."""
    sums = connection.one(verifying.ACCOUNT_SUMS, account_id=number)
    if sums is None:
        return []
    books: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for row in connection.all(verifying.BOOK_SUMS, account_id=number):
        books[row.debit] -= row.amount
        books[row.credit] += row.amount
        kinds[row.kind] += row.amount
    checks = [
        ("available", books[Book.AVAILABLE], sums.available),
        ("holds", kinds[Kind.HOLD], sums.held),
        ("captures", kinds[Kind.CAPTURE], sums.captured),
        ("releases", kinds[Kind.RELEASE], sums.released),
        ("fees", kinds[Kind.FEE], sums.fee),
        ("held", sums.held - sums.captured - sums.released, books[Book.HELD]),
        ("balance below zero", 0, min(sums.available, 0)),
        ("packs", kinds[Kind.TOP_UP], connection.one(verifying.PACK_SUM, account_id=number) or 0),
    ]
    return _breaches(f"account {number}", checks)


def _states(counts: Counts, sums: list[StateSum]) -> list[tuple[str, int, int]]:
    found: Counter[int] = Counter()
    for s in sums:
        found[s.state] += s.n
    told = {
        MessageState.PENDING: counts.pending,
        MessageState.ACCEPTED: counts.accepted,
        MessageState.DELIVERED: counts.delivered,
        MessageState.FAILED: counts.failed,
        MessageState.SKIPPED: counts.skipped,
        MessageState.UNKNOWN: counts.unknown,
    }
    each = [(state.name.lower(), found[state], n) for state, n in told.items()]
    return [*each, ("audience", sum(found.values()), counts.audience),
            ("closing equation", counts.audience, sum(told.values()))]  # fmt: skip


def _draft(
    connection: Connection, number: int, counts: Counts, sums: list[StateSum]
) -> list[tuple[str, int, int]]:
    """Nothing is held before a campaign is confirmed, and what is shown is what it would cost."""
    checks = [
        ("held before it was confirmed", 0, counts.held),
        ("charged before it was confirmed", 0, sum(s.charged for s in sums)),
    ]
    if counts.state in (CampaignState.UNDER_COMPUTATION, CampaignState.READY_TO_BE_SENT):
        cost = sum(s.price for s in sums if s.state == MessageState.PENDING)
        shown = connection.one(verifying.SHOWN_COST, campaign=number) or 0
        checks.append(("cost by country", cost, shown))
    return checks


def _hold(counts: Counts, sums: list[StateSum]) -> list[tuple[str, int, int]]:
    """The hold covers what may yet be captured; once a campaign has ended, it is just that."""
    open_states = {MessageState.PENDING, MessageState.UNKNOWN}
    spare = counts.held - counts.captured - counts.released
    needed = sum(s.price - s.charged for s in sums if s.state in open_states)
    uncharged = {*open_states, MessageState.SKIPPED}
    checks = [("charged without being accepted", 0,
               sum(s.charged for s in sums if s.state in uncharged))]  # fmt: skip
    if counts.sealed:
        checks.append(("hold of a sealed campaign", 0, spare))
    elif counts.state in _SETTLED:
        checks.append(("hold of an ended campaign", needed, spare))
    else:
        checks.append(("hold below what may be captured", 0, min(spare - needed, 0)))
    return checks


def _work(connection: Connection, number: int, counts: Counts) -> list[tuple[str, int, int]]:
    """A campaign ends with its last open slice and its last job, not before and not after."""
    slices = connection.one(verifying.OPEN_SLICES, campaign=number) or 0
    jobs = sum(
        connection.one(verifying.TASKS, kind=kind, key=str(number)) or 0
        for kind in (doubt.TASK, confirm.START)
    )
    overlaps = connection.one(verifying.OVERLAPS, campaign=number) or 0
    checks = [
        ("open work", slices + jobs, counts.open_work),
        ("open slices over the same messages", 0, overlaps),
    ]
    if counts.state in _SETTLED:
        checks.append(("open slices of an ended campaign", 0, slices))
        checks.append(("pending messages of an ended campaign", 0, counts.pending))
    if counts.state in _AT_WORK:
        checks.append(("campaign without work that has not ended", 0, int(not counts.open_work)))
    return checks


def _reasons(
    connection: Connection, number: int, sums: list[StateSum]
) -> list[tuple[str, int, int]]:
    told = {
        (r.state, r.reason): r.n for r in connection.all(verifying.REASON_SUMS, campaign=number)
    }
    found = {
        (s.state, s.reason): s.n
        for s in sums
        if s.state in (MessageState.FAILED, MessageState.SKIPPED)
    }
    return [
        (f"{MessageState(key[0]).name.lower()}({key[1]})", found.get(key, 0), told.get(key, 0))
        for key in sorted({*told, *found})
    ]


def _breaches(where: str, checks: list[tuple[str, int, int]]) -> list[Breach]:
    return [Breach(what, where, want, got) for what, want, got in checks if want != got]
