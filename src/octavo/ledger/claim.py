"""Claiming: what a link may send now, under the route's rate and by priority (design 4.4, 4.5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from octavo.db.codes import CampaignState, MessageState, Purpose, Skipped
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, links
from octavo.db.statements.dispatching import DueSlice, PendingRow
from octavo.kit.clock import MILLISECOND, MINUTE, SECOND, Instant
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.fairness import VirtualTime, serve
from octavo.ledger.links import Link
from octavo.ledger.orders import suppressing_scope
from octavo.ledger.passes import Done, close

MOST_MESSAGES = 500
MOST_SLICES = 64
GATE = 250 * MILLISECOND
"""A route booked further ahead than this grants nothing: so alerts overtake at any rate."""
GRANT_SECONDS = 0.5
BOUND_WITHIN = 10 * SECOND
TAT_CEILING = MINUTE
MOST_PARTS = 255
"""Of one message (3GPP TS 23.040, 9.2.3.24.1)."""


class GrantedSlice(NamedTuple):
    """A slice leased for one grant: rows up to `grant_hi` may go, those up to `intent_hi` now."""

    id: int
    campaign: int
    account: int
    pass_: int
    lo: int
    hi: int
    grant_hi: int
    intent_hi: int
    rows: Sequence[PendingRow]


@dataclass
class Grant:
    """What one claim may send. `start` is when its booked time begins; `wait_until` tells when a
    closed gate opens again.
    """

    slices: list[GrantedSlice] = field(default_factory=list)
    start: Instant = Instant(0)
    rate: float | None = None
    wait_until: Instant | None = None
    lost_gate: bool = False
    """Another link of the route was claiming: to be tried again at once."""
    due_since: Instant | None = None
    """When the slice that waited longest could have been granted; None without a slice."""
    skipped: int = 0
    """Messages that were not granted, since it is too late or their recipients opted out."""


def claim(connection: Connection, link: Link, *, credit: int, now: Instant) -> Grant:
    """Leases due slices of a link's route and books their parts under its rate.

    1. the gate, 2. the best due slices of the groups that the route serves, 3. their rows,
    4. who opted out since is skipped, 5. lease, book, and the intent of the first `credit` rows.
    """
    gate = connection.one(dispatching.GATE, route_id=link.route)
    if gate is None or gate.paused:
        return Grant()
    if gate.rate:
        gate = connection.one(dispatching.GATE_KEPT, route_id=link.route)
        if gate is None:
            return Grant(lost_gate=True)
    if connection.one(links.LINK_FENCE, link_id=link.id) != link.fence:
        return Grant()
    tat = gate.tat if gate.tat <= now + _ceiling(gate.rate) else now
    if gate.rate and tat > now + GATE:
        return Grant(wait_until=Instant(tat - GATE))
    budget = MOST_MESSAGES
    if gate.rate:
        budget = max(1, min(MOST_MESSAGES, int(gate.rate * GRANT_SECONDS)))
    due = _due_slices(connection, link, budget, now)
    if not due:
        return Grant()
    batch = Batch(connection, now)
    grants, parts = _lease(batch, link, due, budget, credit)
    start = max(tat, now)
    if gate.rate and parts:
        booked = start + math.ceil(parts * SECOND / gate.rate)
        connection.run(dispatching.BOOK_RATE, route_id=link.route, tat=booked)
    return Grant(
        grants,
        Instant(start),
        gate.rate,
        due_since=_due_since(due, grants),
        skipped=batch.tally.entered[MessageState.SKIPPED],
    )


def _due_since(due: Sequence[DueSlice], granted: Sequence[GrantedSlice]) -> Instant | None:
    ids = {s.id for s in granted}
    return min((Instant(s.run_at) for s in due if s.id in ids), default=None)


def _ceiling(rate: float | None) -> int:
    """How far ahead a route may be booked; on a very slow one a single message takes longer."""
    return max(TAT_CEILING, int(MOST_PARTS * SECOND / rate)) if rate else TAT_CEILING


def _due_slices(connection: Connection, link: Link, budget: int, now: Instant) -> list[DueSlice]:
    groups = connection.all(
        dispatching.GROUPS_OF_ROUTE, route_id=link.route, bound_since=now - BOUND_WITHIN
    )
    found: list[DueSlice] = []
    for group in groups:
        found += connection.all(dispatching.DUE_SLICES, group_id=group, most=MOST_SLICES)
    found.sort(key=lambda s: (s.priority, s.vt, s.id))
    taken: list[DueSlice] = []
    room = budget
    for s in found[:MOST_SLICES]:
        if room <= 0:
            break
        taken.append(s)
        room -= s.hi - s.cur
    return taken


def _lease(
    batch: Batch, link: Link, due: Sequence[DueSlice], budget: int, credit: int
) -> tuple[list[GrantedSlice], int]:
    connection = batch.connection
    rows = connection.all(dispatching.PENDING_ROWS, slices=[s.id for s in due], most=budget)
    # The slice of the last row may have been cut by the limit; those behind it were not read.
    cut = rows[-1].slice if len(rows) == budget else None
    of_slice: dict[int, list[PendingRow]] = {s.id: [] for s in due}
    for row in rows:
        of_slice[row.slice].append(row)
    granted: list[GrantedSlice] = []
    empty: list[DueSlice] = []
    parts = 0
    for s in due:
        mine, whole = _fit(of_slice[s.id], budget - parts)
        if not mine and not whole:
            break
        whole = whole and s.id != cut
        to_send = _skip(batch, s, mine)
        if to_send:
            grant_hi = s.hi if whole else mine[-1].seq
            intent_hi, used = _intent(s, to_send, credit, grant_hi)
            credit -= used
            parts += sum(row.parts for row in to_send)
            granted.append(
                GrantedSlice(
                    s.id, s.campaign, s.account, s.pass_, s.lo, s.hi, grant_hi, intent_hi, to_send
                )
            )
        elif whole:
            empty.append(s)
        if s.id == cut:
            break
    _write_leases(connection, link, due, granted)
    batch.write()
    sending = CampaignState.SENDING
    close(
        connection,
        [Done(s.id, s.campaign, s.pass_, s.lo, s.hi, s.hi, sending) for s in empty],
        batch.now,
    )
    return granted, parts


def _fit(rows: list[PendingRow], room: int) -> tuple[list[PendingRow], bool]:
    """The rows whose parts fit into `room`, the last one whole: an intent never splits a
    message. And whether these are all.
    """
    taken: list[PendingRow] = []
    for row in rows:
        if room <= 0:
            return taken, False
        taken.append(row)
        room -= row.parts
    return taken, room > 0 or bool(taken)


def _skip(batch: Batch, s: DueSlice, rows: Sequence[PendingRow]) -> list[PendingRow]:
    """Leaves out and records who opted out since planning, or everybody when it is too late."""
    if not rows:
        return []
    late = s.not_after is not None and s.not_after < batch.now
    scope = suppressing_scope(Purpose(rows[0].purpose))
    stay: list[PendingRow] = []
    skipped: list[tuple[int, str]] = []
    for row in rows:
        if late:
            skipped.append((row.seq, Skipped.TOO_LATE))
        elif row.scope is not None and row.scope >= scope:
            skipped.append((row.seq, Skipped.OPTED_OUT))
        else:
            stay.append(row)
    batch.end(Messages(s.account, s.campaign, s.pass_), MessageState.SKIPPED, skipped)
    return stay


def _intent(s: DueSlice, rows: Sequence[PendingRow], credit: int, grant_hi: int) -> tuple[int, int]:
    """How far `credit` parts reach into a slice, and the parts used."""
    intent_hi, used = s.cur, 0
    for row in rows:
        if used + row.parts > credit:
            return intent_hi, used
        intent_hi = row.seq
        used += row.parts
    return grant_hi, used


def _write_leases(
    connection: Connection,
    link: Link,
    due: Sequence[DueSlice],
    granted: Sequence[GrantedSlice],
) -> None:
    if not granted:
        return
    connection.many(
        dispatching.LEASE_SLICE, [(link.id, g.grant_hi, g.intent_hi, g.id) for g in granted]
    )
    leased = {g.id for g in granted}
    furthest = {(s.group, s.priority): s.vt for s in due if s.id in leased}
    for (group, priority), vt in sorted(furthest.items()):
        serve(connection, group, priority, VirtualTime(vt))
