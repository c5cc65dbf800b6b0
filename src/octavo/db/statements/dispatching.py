"""Claiming slices, granting intents, settling outcomes."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import CampaignState, MessageState, SliceState
from octavo.db.dialect import Dialect, const
from octavo.db.schema import dispatch, people
from octavo.db.statement import Command, Query, first_integer

_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c
_link = dispatch.link.c
_message = dispatch.message.c
_route = dispatch.route.c
_slice = dispatch.slice_.c
_suppression = people.suppression.c

READY = const(SliceState.READY)
LEASED = const(SliceState.LEASED)
PENDING = const(MessageState.PENDING)

# -- claim -------------------------------------------------------------------------------------


class Gate(NamedTuple):
    """What a route's rate allows: parts per second (None: no limit) and until when it is booked."""

    rate: float | None
    tat: int
    paused: int


_gate = sa.select(_route.rate, _route.tat, _route.paused).where(_route.id == bindparam("route_id"))

GATE = Query(Gate._make, _gate)
GATE_KEPT = Query(Gate._make, _gate.with_for_update(skip_locked=True))
"""No row while another link of the route is at it."""

GROUPS_OF_ROUTE = Query(
    first_integer,
    sa.select(dispatch.route_group_route.c.group_id).where(
        dispatch.route_group_route.c.route_id == bindparam("route_id"),
        ~sa.exists().where(
            (other := dispatch.route_group_route.alias("other")).c.group_id
            == dispatch.route_group_route.c.group_id,
            other.c.tier < dispatch.route_group_route.c.tier,
            (other_link := dispatch.link.alias("other_link")).c.route_id == other.c.route_id,
            (other_route := dispatch.route.alias("other_route")).c.id == other.c.route_id,
            other_route.c.paused == 0,
            other_link.c.bound_at >= bindparam("bound_since"),
        ),
    ),
)
"""The groups that a route serves now: none of which has a bound, unpaused link in a lower tier."""


class DueSlice(NamedTuple):
    """A candidate of a claim."""

    id: int
    campaign: int
    account: int
    priority: int
    vt: float
    group: int
    pass_: int
    lo: int
    hi: int
    cur: int
    fence: int
    not_after: int | None
    run_at: int


DUE_SLICES = Query(
    DueSlice._make,
    sa.select(
        _slice.id,
        _slice.campaign_id,
        _slice.account_id,
        _slice.priority,
        _slice.vt,
        _slice.group_id,
        _slice["pass"],
        _slice.lo,
        _slice.hi,
        _slice.cur,
        _slice.fence,
        _slice.not_after,
        _slice.run_at,
    )
    .join(dispatch.campaign, _campaign.id == _slice.campaign_id)
    .where(
        _slice.group_id == bindparam("group_id"),
        _slice.state == READY,
        _campaign.state == const(CampaignState.SENDING),
    )
    .order_by(_slice.priority, _slice.vt, _slice.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=dispatch.slice_),
)


class PendingRow(NamedTuple):
    """A message that a claim may grant; `scope` is that of its suppression, or None."""

    slice: int
    campaign: int
    seq: int
    address: str
    fields: str | None
    parts: int
    price: int
    attempts: int
    scope: int | None
    account: int
    purpose: int
    sender: str
    text: str
    options: str


def _pending_rows(d: Dialect) -> sa.Select[tuple[object, ...]]:
    mine = sa.and_(
        _message.campaign_id == _slice.campaign_id,
        _message.seq > _slice.cur,
        _message.seq <= _slice.hi,
        _message["pass"] == _slice["pass"],
        _message.state == PENDING,
    )
    joined = d.each(dispatch.message, mine, dispatch.slice_, order=_message.seq, most="most")
    m = joined.table.c
    stop = d.each(
        people.suppression,
        sa.and_(_suppression.account_id == _campaign.account_id, _suppression.address == m.address),
        dispatch.campaign,
        joined.table,
    )
    return (
        sa.select(
            _slice.id,
            m.campaign_id,
            m.seq,
            m.address,
            m.fields,
            m.parts,
            m.price,
            m.attempts,
            stop.table.c.scope,
            _campaign.account_id,
            _campaign.purpose,
            _campaign.sender,
            _campaign.text,
            _campaign.options,
        )
        .select_from(dispatch.slice_)
        .join(dispatch.campaign, _campaign.id == _slice.campaign_id)
        .join(joined.table, joined.on)
        .outerjoin(stop.table, stop.on)
        .where(d.among(_slice.id, "slices"))
        .order_by(_slice.priority, _slice.vt, _slice.id, m.seq)
        .limit(bindparam("most"))
    )


PENDING_ROWS = Query(PendingRow._make, _pending_rows)

LEASE_SLICE = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"), _slice.state == READY)
    .values(
        state=LEASED,
        link_id=bindparam("link_id"),
        fence=_slice.fence + 1,
        grant_hi=bindparam("grant_hi"),
        intent_hi=bindparam("intent_hi"),
    ),
    takes=("link_id", "grant_hi", "intent_hi", "slice_id"),
    at_once=True,
)

BOOK_RATE = Command(
    sa.update(dispatch.route).where(_route.id == bindparam("route_id")).values(tat=bindparam("tat"))
)

# -- settle ------------------------------------------------------------------------------------


class HeldSlice(NamedTuple):
    """A slice that the settling link still holds."""

    id: int
    campaign_state: int


HELD_SLICES = Query(
    HeldSlice._make,
    lambda d: (
        sa.select(_slice.id, _campaign.state)
        .join(dispatch.campaign, _campaign.id == _slice.campaign_id)
        .where(
            d.among(_slice.id, "slices"),
            _slice.link_id == bindparam("link_id"),
            _slice.state == LEASED,
        )
    ),
)

ACCEPT_MESSAGE = Command(
    sa.update(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq == bindparam("seq"),
        _message.state == PENDING,
        _message["pass"] == bindparam("pass_"),
    )
    .values(
        state=const(MessageState.ACCEPTED),
        charged=_message.price,
        attempts=_message.attempts + 1,
        route_id=bindparam("route"),
        at=bindparam("now"),
    ),
    takes=("route", "now", "campaign", "seq", "pass_"),
    at_once=True,
)

RETRY_MESSAGE = Command(
    sa.update(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq == bindparam("seq"),
        _message.state == PENDING,
        _message["pass"] == bindparam("pass_"),
    )
    .values(
        {
            "pass": bindparam("next_pass"),
            "attempts": _message.attempts + bindparam("cost"),
            "at": bindparam("now"),
        }
    ),
    takes=("next_pass", "cost", "now", "campaign", "seq", "pass_"),
    at_once=True,
)

END_MESSAGE = Command(
    sa.update(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq == bindparam("seq"),
        _message.state == PENDING,
        _message["pass"] == bindparam("pass_"),
    )
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        attempts=_message.attempts + bindparam("cost"),
        route_id=bindparam("route"),
        at=bindparam("now"),
    ),
    takes=("state", "reason", "cost", "route", "now", "campaign", "seq", "pass_"),
    at_once=True,
)
"""A pending message is failed, skipped or unknown."""

_PART_COLUMNS = [c.name for c in dispatch.part.columns if c.name != "umr"]

INSERT_PARTS = Command(
    lambda d: (
        d.insert(dispatch.part)
        .values({name: bindparam(name) for name in _PART_COLUMNS})
        .on_conflict_do_update(
            index_elements=list(dispatch.part.primary_key.columns),
            set_={"pass": d.insert(dispatch.part).excluded["pass"]},
        )
    ),
    takes=_PART_COLUMNS,
    at_once=True,
)
"""A carrier that knows our reference may give the id of an earlier pass again."""

INSERT_IN_DOUBT = Command(
    lambda d: (
        d.insert(dispatch.in_doubt)
        .values({c.name: bindparam(c.name) for c in dispatch.in_doubt.columns})
        .on_conflict_do_nothing()
    ),
    takes=[c.name for c in dispatch.in_doubt.columns],
    at_once=True,
)

MOVE_COUNTS = Command(
    sa.update(dispatch.campaign_count)
    .where(_count.campaign_id == bindparam("campaign"))
    .values(
        pending=_count.pending + bindparam("pending"),
        accepted=_count.accepted + bindparam("accepted"),
        delivered=_count.delivered + bindparam("delivered"),
        failed=_count.failed + bindparam("failed"),
        skipped=_count.skipped + bindparam("skipped"),
        unknown=_count.unknown + bindparam("unknown"),
        captured=_count.captured + bindparam("captured"),
    ),
    takes=(
        "pending",
        "accepted",
        "delivered",
        "failed",
        "skipped",
        "unknown",
        "captured",
        "campaign",
    ),
    at_once=True,
)

RAISE_INTENT = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"))
    .values(grant_hi=bindparam("grant_hi"), intent_hi=bindparam("intent_hi")),
    takes=("grant_hi", "intent_hi", "slice_id"),
    at_once=True,
)


def _newly_suppressed(d: Dialect) -> sa.Select[tuple[int]]:
    stop = d.each(
        people.suppression,
        sa.and_(
            _suppression.account_id == bindparam("account_id"),
            _suppression.address == _message.address,
        ),
        dispatch.message,
    )
    return (
        sa.select(_message.seq)
        .join(stop.table, stop.on)
        .where(
            _message.campaign_id == bindparam("campaign"),
            _message.seq > bindparam("after"),
            _message.seq <= bindparam("until"),
            _message.state == PENDING,
            _message["pass"] == bindparam("pass_"),
            stop.table.c.scope >= bindparam("least_scope"),
        )
    )


NEWLY_SUPPRESSED = Query(first_integer, _newly_suppressed)
