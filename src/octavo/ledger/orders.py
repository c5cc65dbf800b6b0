"""Accepting an order: campaign, messages, slices and hold in one transaction (P1)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from octavo.db.codes import (
    CampaignState,
    EventKind,
    InDoubt,
    MessageState,
    Purpose,
    Scope,
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

OPTED_OUT = "opted_out"


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


class DuplicateRequest(OctavoError):
    """The account used this request_id within 24 hours; `ticket` is that order's."""

    def __init__(self, ticket: str) -> None:
        super().__init__(ticket)
        self.ticket = ticket


class NobodyLeft(OctavoError):
    """No recipient of the order may be written to."""


def accept(connection: Connection, order: PlannedOrder, now: Instant) -> Accepted:
    """Takes an order whole or not at all.

    1. the request_id is ours, 2. suppressions are applied, 3. the money is held,
    4. campaign, counts, messages and slices are written.
    Raises DuplicateRequest, NobodyLeft or wallet.InsufficientCredit.
    """
    _claim_request_id(connection, order, now)
    messages, opted_out = _apply_suppressions(connection, order)
    to_send = sorted((m for m in messages if not m.reason), key=lambda m: m.group)
    if not to_send:
        raise NobodyLeft
    skipped = [m for m in messages if m.reason]
    cost = Money(sum(m.price for m in to_send))
    parts = sum(m.parts for m in to_send)
    (campaign,) = numbering.take(connection, "campaign", 1, now)
    debited = wallet.hold(
        connection,
        account=order.account,
        campaign=campaign,
        amount=cost,
        fee=order.fee,
        now=now,
    )
    slices = _slices(connection, order, to_send, campaign, debited.weight, due=order.send_at <= now)
    _insert_campaign(connection, order, campaign=campaign, parts=parts, cost=cost, now=now)
    connection.run(
        orders.INSERT_COUNT,
        campaign_id=campaign,
        account_id=order.account,
        audience=len(to_send) + len(skipped),
        pending=len(to_send),
        skipped=len(skipped),
        open_work=len(slices),
    )
    connection.many(orders.INSERT_MESSAGES, _rows(campaign, to_send, skipped, now))
    connection.many(orders.INSERT_SLICES, slices)
    count_reasons(connection, campaign, MessageState.SKIPPED, Counter(m.reason for m in skipped))
    if opted_out:
        journal = Journal()
        for seq, message in enumerate(skipped, len(to_send) + 1):
            if message.reason == OPTED_OUT:
                told = Item(seq, OPTED_OUT, now)
                journal.tell(order.account, campaign, EventKind.SKIPPED, told)
        journal.write(connection, now)
    return Accepted(
        campaign,
        len(to_send),
        parts,
        Money(cost + order.fee),
        Money(debited.available),
        opted_out,
    )


def simulate(connection: Connection, order: PlannedOrder) -> Accepted:
    """What `accept` would answer; writes nothing.

    Raises NobodyLeft or wallet.InsufficientCredit.
    """
    messages, opted_out = _apply_suppressions(connection, order)
    to_send = [m for m in messages if not m.reason]
    if not to_send:
        raise NobodyLeft
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


def _claim_request_id(connection: Connection, order: PlannedOrder, now: Instant) -> None:
    if not order.request_id:
        return
    taken = connection.one(
        orders.CLAIM_REQUEST_ID,
        account_id=order.account,
        request_id=order.request_id,
        ticket=order.ticket,
        now=now,
        forgotten_before=now - REQUEST_ID_LIFE,
    )
    if taken is None:
        first = connection.one(
            orders.TICKET_OF_REQUEST_ID, account_id=order.account, request_id=order.request_id
        )
        raise DuplicateRequest(first or "")


def _apply_suppressions(
    connection: Connection, order: PlannedOrder
) -> tuple[Sequence[PlannedMessage], int]:
    stopped = set(
        connection.all(
            orders.SUPPRESSED_AMONG,
            account_id=order.account,
            least_scope=suppressing_scope(order.purpose),
            addresses=[m.address for m in order.messages if not m.reason],
        )
    )
    if not stopped:
        return order.messages, 0
    if order.leave_out_suppressed:
        return [m for m in order.messages if m.address not in stopped], len(stopped)
    return [
        m._replace(reason=OPTED_OUT) if m.address in stopped and not m.reason else m
        for m in order.messages
    ], len(stopped)


def _insert_campaign(
    connection: Connection,
    order: PlannedOrder,
    *,
    campaign: int,
    parts: int,
    cost: Money,
    now: Instant,
) -> None:
    due = order.send_at <= now
    connection.run(
        orders.INSERT_CAMPAIGN,
        id=campaign,
        account_id=order.account,
        ticket=order.ticket,
        channel=order.channel,
        product=order.product,
        purpose=order.purpose,
        priority=order.purpose,
        sender=order.sender,
        text=order.text,
        options=order.options,
        send_at=order.send_at,
        state=CampaignState.SENDING if due else CampaignState.SCHEDULED,
        in_doubt=order.in_doubt,
        in_doubt_after=order.in_doubt_after,
        validity=order.validity,
        parts=parts,
        held=cost,
        fee=order.fee,
        created_at=now,
    )


def _rows(
    campaign: int,
    to_send: Sequence[PlannedMessage],
    skipped: Sequence[PlannedMessage],
    now: Instant,
) -> Iterator[tuple[int | str | None, ...]]:
    pending, left_out = int(MessageState.PENDING), int(MessageState.SKIPPED)
    for seq, m in enumerate(to_send, 1):
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
    for seq, m in enumerate(skipped, len(to_send) + 1):
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
    connection: Connection,
    order: PlannedOrder,
    to_send: Sequence[PlannedMessage],
    campaign: int,
    weight: float,
    *,
    due: bool,
) -> list[tuple[int | float, ...]]:
    """The rows of an order's slices; those that are due take their turns."""
    rows: list[tuple[int | float, ...]] = []
    for group, found in groupby(_runs(order, to_send), key=lambda run: run.group):
        runs = list(found)
        turns: Sequence[VirtualTime] = [NO_TURN] * len(runs)
        if due:
            queue = Queue(order.account, group, order.purpose)
            turns = take_turns(connection, queue, weight, [run.parts for run in runs])
        rows += [
            _slice_row(order, campaign, run, turn, ready=due)
            for run, turn in zip(runs, turns, strict=True)
        ]
    return rows


def _runs(order: PlannedOrder, to_send: Sequence[PlannedMessage]) -> Iterator[_Run]:
    """Runs of one route group, at most its slice size long."""
    lo = 1
    while lo <= len(to_send):
        group = to_send[lo - 1].group
        hi = lo
        end = min(len(to_send), lo - 1 + order.slice_size[group])
        while hi < end and to_send[hi].group == group:
            hi += 1
        yield _Run(group, lo, hi, sum(m.parts for m in to_send[lo - 1 : hi]))
        lo = hi + 1


def _slice_row(
    order: PlannedOrder, campaign: int, run: _Run, turn: VirtualTime, *, ready: bool
) -> tuple[int | float, ...]:
    before = run.lo - 1
    return (
        campaign,
        order.account,
        run.group,
        int(order.purpose),
        turn,
        order.send_at,
        order.send_at + order.validity,
        run.lo,
        run.hi,
        run.parts,
        before,
        before,
        before,
        SliceState.READY if ready else SliceState.PARKED,
    )
