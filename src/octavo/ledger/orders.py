"""Accepting an order: campaign, messages, slices and hold in one transaction (P1)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octavo.db.codes import (
    CampaignState,
    EventKind,
    InDoubt,
    MessageState,
    Purpose,
    Scope,
    Skipped,
    SliceState,
)
from octavo.db.connection import Connection
from octavo.db.statements import keeping, orders
from octavo.kit.clock import DAY, Instant
from octavo.kit.errors import OctavoError
from octavo.kit.money import ZERO, Money
from octavo.ledger import numbering, wallet
from octavo.ledger.events import Item, Journal
from octavo.ledger.fairness import NO_TURN, Queue, VirtualTime, take_turns

REQUEST_ID_LIFE = DAY
"""A request_id is forgotten after 24 hours (contract 3.3)."""


class PlannedMessage(NamedTuple):
    """One recipient of an order; with a `reason` it is skipped and costs nothing."""

    address: str
    country: str
    fields: str | None
    parts: int
    price: Money
    group: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedOrder:
    """What an order asks for once its text, recipients and prices are known."""

    account: int
    ticket: str
    channel: str
    product: str
    purpose: Purpose
    sender: str
    text: str
    options: str
    send_at: Instant
    in_doubt: InDoubt
    in_doubt_after: int
    validity: int
    messages: Sequence[PlannedMessage]
    slice_size: Mapping[int, int]
    request_id: str | None = None
    leave_out_suppressed: bool = False
    fee: Money = ZERO


class Accepted(NamedTuple):
    """An order as it was taken."""

    campaign: int
    contacts: int
    parts: int
    cost: Money
    available: Money
    opted_out: int


class _Taken(NamedTuple):
    """An order with its campaign's number, who is sent to, and who is skipped."""

    campaign: int
    order: PlannedOrder
    to_send: Sequence[PlannedMessage]
    skipped: Sequence[PlannedMessage]
    opted_out: int

    @property
    def cost(self) -> Money:
        return Money(sum(m.price for m in self.to_send))

    @property
    def parts(self) -> int:
        return sum(m.parts for m in self.to_send)


class DuplicateRequest(OctavoError):
    """The account used this request_id within 24 hours; `ticket` is that order's."""

    def __init__(self, ticket: str) -> None:
        super().__init__(ticket)
        self.ticket = ticket


class NobodyLeft(OctavoError):
    """No recipient of the order may be written to."""


def accept(connection: Connection, order: PlannedOrder, now: Instant) -> Accepted:
    """Takes an order whole or not at all. Raises as `accept_all`."""
    (accepted,) = accept_all(connection, [order], now)
    return accepted


def accept_all(
    connection: Connection, together: Sequence[PlannedOrder], now: Instant
) -> list[Accepted]:
    """Takes orders of one account, all of them whole or none.

    1. their request_ids are ours, 2. suppressions are applied, 3. the money is held,
    4. campaigns, counts, messages and slices are written.
    Raises DuplicateRequest, NobodyLeft or wallet.InsufficientCredit.
    """
    for order in together:
        claim_request_id(connection, order.account, order.request_id, order.ticket, now)
    stopped = _stopped(connection, together)
    split = [_split(order, stopped[suppressing_scope(order.purpose)]) for order in together]
    numbers = numbering.take(connection, "campaign", len(together), now)
    taken = [
        _Taken(n, order, *parts) for n, order, parts in zip(numbers, together, split, strict=True)
    ]
    held = wallet.hold_all(
        connection,
        account=together[0].account,
        holds=[wallet.Hold(t.campaign, t.cost, t.order.fee) for t in taken],
        now=now,
    )
    _write(connection, taken, held[0].weight, now)
    return [
        Accepted(
            t.campaign,
            len(t.to_send),
            t.parts,
            Money(t.cost + t.order.fee),
            Money(h.available),
            t.opted_out,
        )
        for t, h in zip(taken, held, strict=True)
    ]


def _split(
    order: PlannedOrder, stopped: set[str]
) -> tuple[list[PlannedMessage], list[PlannedMessage], int]:
    """Who is sent to, by route group; who is skipped; and how many opted out."""
    messages, opted_out = _without(order, stopped)
    to_send = sorted((m for m in messages if not m.reason), key=lambda m: m.group)
    if not to_send:
        raise NobodyLeft
    return to_send, [m for m in messages if m.reason], opted_out


def _write(connection: Connection, taken: Sequence[_Taken], weight: float, now: Instant) -> None:
    slices = _slices(connection, taken, weight, now)
    connection.many(orders.INSERT_CAMPAIGN, [_campaign_row(t, now) for t in taken])
    connection.many(
        orders.INSERT_COUNT,
        [_count_row(t, len(mine)) for t, mine in zip(taken, slices, strict=True)],
    )
    connection.many(orders.INSERT_MESSAGES, [row for t in taken for row in _message_rows(t, now)])
    connection.many(orders.INSERT_SLICES, [row for mine in slices for row in mine])
    journal = Journal()
    for t in taken:
        reasons = Counter(m.reason for m in t.skipped)
        count_reasons(connection, t.campaign, MessageState.SKIPPED, reasons)
        for seq, message in enumerate(t.skipped, len(t.to_send) + 1):
            if message.reason == Skipped.OPTED_OUT:
                told = Item(seq, Skipped.OPTED_OUT, now)
                journal.tell(t.order.account, t.campaign, EventKind.SKIPPED, told)
    journal.write(connection, now)


def simulate(connection: Connection, order: PlannedOrder) -> Accepted:
    """What `accept` would answer; writes nothing.

    Raises NobodyLeft or wallet.InsufficientCredit.
    """
    stopped = _stopped(connection, [order])
    to_send, _, opted_out = _split(order, stopped[suppressing_scope(order.purpose)])
    cost = Money(sum(m.price for m in to_send) + order.fee)
    available = wallet.available(connection, order.account)
    if available < cost:
        raise wallet.InsufficientCredit(cost, available)
    parts = sum(m.parts for m in to_send)
    return Accepted(0, len(to_send), parts, cost, Money(available - cost), opted_out)


def forget_requests(connection: Connection, most: int, now: Instant) -> int:
    """Deletes request_ids that may be used again; how many."""
    before = now - REQUEST_ID_LIFE
    old = connection.all(keeping.OLD_REQUESTS, before=before, most=most)
    connection.many(keeping.FORGET_REQUEST, [(*request, before) for request in old])
    return len(old)


def count_reasons(
    connection: Connection, campaign: int, state: MessageState, reasons: Mapping[str, int]
) -> None:
    """Adds to the campaign's counts by reason."""
    if reasons:
        connection.many(
            orders.ADD_REASON, [(campaign, state, reason, n) for reason, n in reasons.items()]
        )


def suppressing_scope(purpose: Purpose) -> Scope:
    """The least scope that stops a message of this purpose (P5)."""
    return Scope.ALL if purpose is Purpose.ALERT else Scope.MARKETING


def claim_request_id(
    connection: Connection, account: int, request_id: str | None, ticket: str, now: Instant
) -> None:
    """Makes a request_id the account's own for 24 hours. Raises DuplicateRequest."""
    if not request_id:
        return
    taken = connection.one(
        orders.CLAIM_REQUEST_ID,
        account_id=account,
        request_id=request_id,
        ticket=ticket,
        now=now,
        forgotten_before=now - REQUEST_ID_LIFE,
    )
    if taken is None:
        first = connection.one(
            orders.TICKET_OF_REQUEST_ID, account_id=account, request_id=request_id
        )
        raise DuplicateRequest(first or "")


def _stopped(connection: Connection, together: Sequence[PlannedOrder]) -> dict[Scope, set[str]]:
    """Who of the recipients may not be written to, by the scope that stops an order's messages."""
    addresses: defaultdict[Scope, list[str]] = defaultdict(list)
    for order in together:
        mine = addresses[suppressing_scope(order.purpose)]
        mine.extend(m.address for m in order.messages if not m.reason)
    return {
        scope: set(
            connection.all(
                orders.SUPPRESSED_AMONG,
                account_id=together[0].account,
                least_scope=scope,
                addresses=among,
            )
        )
        for scope, among in addresses.items()
    }


def _without(order: PlannedOrder, stopped: set[str]) -> tuple[Sequence[PlannedMessage], int]:
    mine = [m.address for m in order.messages if not m.reason and m.address in stopped]
    if not mine:
        return order.messages, 0
    if order.leave_out_suppressed:
        return [m for m in order.messages if m.address not in stopped], len(mine)
    return [
        m._replace(reason=Skipped.OPTED_OUT) if m.address in stopped and not m.reason else m
        for m in order.messages
    ], len(mine)


def _campaign_row(t: _Taken, now: Instant) -> tuple[int | str, ...]:
    order = t.order
    state = CampaignState.SENDING if order.send_at <= now else CampaignState.SCHEDULED
    return (
        t.campaign, order.account, order.ticket, order.channel, order.product, int(order.purpose),
        int(order.purpose), order.sender, order.text, order.options, order.send_at, int(state),
        int(order.in_doubt), order.in_doubt_after, order.validity, t.parts, t.cost, order.fee, now,
    )  # fmt: skip


def _count_row(t: _Taken, slices: int) -> tuple[int, ...]:
    audience = len(t.to_send) + len(t.skipped)
    return t.campaign, t.order.account, audience, len(t.to_send), len(t.skipped), slices


def _message_rows(t: _Taken, now: Instant) -> Iterator[tuple[int | str | None, ...]]:
    pending, left_out = int(MessageState.PENDING), int(MessageState.SKIPPED)
    campaign = t.campaign
    for seq, m in enumerate(t.to_send, 1):
        yield (
            campaign,
            seq,
            m.address,
            m.country,
            m.fields,
            None,
            m.parts,
            m.price,
            pending,
            "",
            now,
        )
    for seq, m in enumerate(t.skipped, len(t.to_send) + 1):
        yield (
            campaign,
            seq,
            m.address,
            m.country,
            m.fields,
            None,
            m.parts,
            0,
            left_out,
            m.reason,
            now,
        )


class _Run(NamedTuple):
    """Messages that make a slice: `lo` to `hi`, all of one group."""

    group: int
    lo: int
    hi: int
    parts: int


def _slices(
    connection: Connection, taken: Sequence[_Taken], weight: float, now: Instant
) -> list[list[tuple[int | float, ...]]]:
    """The rows of each order's slices; those that are due take their turns, the others later."""
    runs = [list(_runs(t)) for t in taken]
    sizes: defaultdict[Queue, list[int]] = defaultdict(list)
    for t, mine in zip(taken, runs, strict=True):
        if t.order.send_at <= now:
            for run in mine:
                sizes[_queue(t, run)].append(run.parts)
    turns = {q: iter(take_turns(connection, q, weight, sizes[q])) for q in sorted(sizes)}
    return [
        [
            _slice_row(t, run, next(turns[_queue(t, run)]), SliceState.READY)
            if t.order.send_at <= now
            else _slice_row(t, run, NO_TURN, SliceState.PARKED)
            for run in mine
        ]
        for t, mine in zip(taken, runs, strict=True)
    ]


def _queue(t: _Taken, run: _Run) -> Queue:
    return Queue(t.order.account, run.group, int(t.order.purpose))


def _runs(t: _Taken) -> Iterator[_Run]:
    """Runs of one route group, at most its slice size long."""
    to_send = t.to_send
    lo = 1
    while lo <= len(to_send):
        group = to_send[lo - 1].group
        hi = lo
        end = min(len(to_send), lo - 1 + t.order.slice_size[group])
        while hi < end and to_send[hi].group == group:
            hi += 1
        yield _Run(group, lo, hi, sum(m.parts for m in to_send[lo - 1 : hi]))
        lo = hi + 1


def _slice_row(
    t: _Taken, run: _Run, turn: VirtualTime, state: SliceState
) -> tuple[int | float, ...]:
    order, before = t.order, run.lo - 1
    return (
        t.campaign, order.account, run.group, int(order.purpose), turn, order.send_at,
        order.send_at + order.validity, run.lo, run.hi, run.parts, before, before, before,
        int(state),
    )  # fmt: skip
