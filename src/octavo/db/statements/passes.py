"""Ending slices, starting further passes, ending campaigns."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import CampaignState, MessageState, SliceState
from octavo.db.dialect import Dialect, Joined, const
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_integer

_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c
_message = dispatch.message.c
_slice = dispatch.slice_.c
_in_doubt = dispatch.in_doubt.c

PENDING = const(MessageState.PENDING)
CLOSED = const(SliceState.CLOSED)

THIS_PASS, NEXT_PASS = 2, 1


LEFT_IN = Query(
    lambda row: (first_integer(row), int(row[1] or 0)),
    lambda d: sa.select(
        _slice.id,
        sa.select(
            sa.func.max(
                sa.case(
                    (_message["pass"] == _slice["pass"], const(THIS_PASS)),
                    (_message["pass"] == _slice["pass"] + 1, const(NEXT_PASS)),
                    else_=const(0),
                )
            )
        )
        .where(
            _message.campaign_id == _slice.campaign_id,
            _message.seq >= _slice.lo,
            _message.seq <= _slice.hi,
            _message.state == PENDING,
        )
        .correlate(dispatch.slice_)
        .scalar_subquery(),
    ).where(d.among(_slice.id, "slices")),
)

RETURN_SLICE = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"))
    .values(
        state=bindparam("state"),
        run_at=bindparam("run_at"),
        link_id=None,
        fence=_slice.fence + 1,
        cur=bindparam("cur"),
        grant_hi=bindparam("cur"),
        intent_hi=bindparam("cur"),
    )
)
"""A slice leaves its holder with everything up to `cur` done."""

CLOSE_SLICE = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"))
    .values(state=CLOSED, link_id=None, cur=_slice.hi, grant_hi=_slice.hi, intent_hi=_slice.hi),
    takes=("slice_id",),
    at_once=True,
)

FOLLOW_UP = Query(
    first_integer,
    lambda d: (
        d.insert(dispatch.slice_)
        .from_select(
            [
                "campaign_id",
                "account_id",
                "group_id",
                "pass",
                "priority",
                "vt",
                "run_at",
                "not_after",
                "lo",
                "hi",
                "parts",
                "cur",
                "grant_hi",
                "intent_hi",
                "state",
            ],
            sa.select(
                _slice.campaign_id,
                _slice.account_id,
                _slice.group_id,
                bindparam("pass_", type_=sa.SmallInteger()),
                _slice.priority,
                _slice.vt,
                bindparam("run_at", type_=sa.BigInteger()),
                _slice.not_after,
                _slice.lo,
                _slice.hi,
                _slice.parts,
                _slice.lo - 1,
                _slice.lo - 1,
                _slice.lo - 1,
                const(SliceState.PARKED),
            ).where(_slice.id == bindparam("slice_id")),
        )
        .on_conflict_do_update(
            index_elements=["campaign_id", "lo", "pass"],
            set_={
                "state": const(SliceState.PARKED),
                "run_at": bindparam("run_at"),
                "cur": _slice.lo - 1,
                "grant_hi": _slice.lo - 1,
                "intent_hi": _slice.lo - 1,
            },
            where=_slice.state == CLOSED,
        )
        .returning(_slice.id)
    ),
)
"""The slice of the next pass: made, or opened again if it was closed. No row if it is open."""

ADD_WORK = Command(
    sa.update(dispatch.campaign_count)
    .where(_count.campaign_id == bindparam("campaign"))
    .values(open_work=_count.open_work + bindparam("by")),
    takes=("by", "campaign"),
    at_once=True,
)

WITHOUT_WORK = Query(
    first_integer,
    lambda d: sa.select(_count.campaign_id).where(
        d.among(_count.campaign_id, "campaigns"), _count.open_work == const(0)
    ),
)

FINISH = Query(
    first_integer,
    lambda d: (
        sa.update(dispatch.campaign)
        .where(
            d.among(_campaign.id, "campaigns"),
            _campaign.state.in_([const(CampaignState.SENDING), const(CampaignState.PAUSED)]),
        )
        .values(state=const(CampaignState.FINISHED), finished_at=bindparam("now"))
        .returning(_campaign.id)
    ),
)
"""Those campaigns that end with this."""

WITH_MONEY_LEFT = Query(
    first_integer,
    lambda d: (
        sa.select(_campaign.id)
        .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
        .where(
            d.among(_campaign.id, "campaigns"),
            _campaign.held - _campaign.released - _count.captured > const(0),
        )
        .order_by(_campaign.id)
    ),
)
"""Campaigns that hold more than they have cost."""

END_CAMPAIGN = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"), _campaign.state == bindparam("from_state"))
    .values(
        state=bindparam("to_state"),
        finished_at=sa.func.coalesce(_campaign.finished_at, bindparam("now")),
    )
)


class Held(NamedTuple):
    """What a campaign holds of its account's money, and what it gave back."""

    account: int
    held: int
    released: int
    state: int
    sealed: int


HELD = Query(
    Held._make,
    sa.select(
        _campaign.account_id,
        _campaign.held,
        _campaign.released,
        _campaign.state,
        sa.case((_campaign.sealed_at.is_(None), const(0)), else_=const(1)),
    )
    .where(_campaign.id == bindparam("campaign"))
    .with_for_update(),
)
"""Locked, so that what is left is released once."""


class Captured(NamedTuple):
    """What a campaign has cost, and how many of its messages wait for a receipt."""

    captured: int
    unknown: int
    accepted: int


CAPTURED = Query(
    Captured._make,
    sa.select(_count.captured, _count.unknown, _count.accepted)
    .where(_count.campaign_id == bindparam("campaign"))
    .with_for_update(),
)

UNKNOWN_UNCHARGED = Query(
    first_integer,
    sa.select(sa.func.coalesce(sa.func.sum(_message.price - _message.charged), 0)).where(
        _message.campaign_id == bindparam("campaign"),
        _message.state == const(MessageState.UNKNOWN),
    ),
)
"""What unknown messages may yet cost: units of 10^-8."""

ADD_RELEASED = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"))
    .values(released=_campaign.released + bindparam("amount"))
)


class DoubtfulRow(NamedTuple):
    """A pending message under an intent whose holder is gone."""

    seq: int
    address: str


IN_DOUBT_ROWS = Query(
    DoubtfulRow._make,
    sa.select(_message.seq, _message.address)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq > bindparam("cur"),
        _message.seq <= bindparam("intent_hi"),
        _message.state == PENDING,
        _message["pass"] == bindparam("pass_"),
    )
    .order_by(_message.seq),
)


class Policy(NamedTuple):
    """How a campaign treats doubt."""

    account: int
    sender: str
    in_doubt: int
    in_doubt_after: int
    validity: int
    state: int


_policy = sa.select(
    _campaign.account_id,
    _campaign.sender,
    _campaign.in_doubt,
    _campaign.in_doubt_after,
    _campaign.validity,
    _campaign.state,
).where(_campaign.id == bindparam("campaign"))

POLICY = Query(Policy._make, _policy)
POLICY_KEPT = Query(Policy._make, _policy.with_for_update(read=True))
"""Its state does not change before this transaction ends."""

STATE_KEPT = Query(
    first_integer,
    sa.select(_campaign.state)
    .where(_campaign.id == bindparam("campaign"))
    .with_for_update(read=True),
)
"""Where a campaign stands, and will until this transaction ends."""


class OldDoubt(NamedTuple):
    """An unknown message, the slice of the pass that it was lost in, the first message of that
    slice, and the slice that is open over the same range with its pass, if there is one.
    """

    seq: int
    pass_: int
    slice: int
    lo: int
    open_slice: int | None
    open_pass: int | None


_open = dispatch.slice_.alias("open_slice")
_earlier = dispatch.slice_.alias("earlier")


def _doubtful_message(d: Dialect, *, lock: bool = False) -> Joined:
    """The message of a row of in_doubt, if it is unknown and may be tried again."""
    return d.each(
        dispatch.message,
        sa.and_(
            _message.campaign_id == _in_doubt.campaign_id,
            _message.seq == _in_doubt.seq,
            _message["pass"] == _in_doubt["pass"],
            _message.state == const(MessageState.UNKNOWN),
            _message.attempts < bindparam("attempts"),
        ),
        dispatch.in_doubt,
        lock=lock,
    )


def _old_doubts(d: Dialect) -> sa.Select[tuple[int, int, int, int, int, int]]:
    message = _doubtful_message(d, lock=True)
    # Slices of one campaign lie side by side; those of later passes on top of them.
    first = (
        sa.select(sa.func.max(_earlier.c.lo))
        .where(_earlier.c.campaign_id == _in_doubt.campaign_id, _earlier.c.lo <= _in_doubt.seq)
        .correlate(dispatch.in_doubt)
        .scalar_subquery()
    )
    its = d.each(
        dispatch.slice_,
        sa.and_(
            _slice.campaign_id == _in_doubt.campaign_id,
            _slice.lo == first,
            _slice["pass"] == _in_doubt["pass"],
        ),
        dispatch.in_doubt,
    )
    open_ = d.each(
        _open,
        sa.and_(
            _open.c.campaign_id == _in_doubt.campaign_id,
            _open.c.lo == its.table.c.lo,
            _open.c.state != CLOSED,
        ),
        dispatch.in_doubt,
        its.table,
    )
    own, other = its.table.c, open_.table.c
    return (
        sa.select(_in_doubt.seq, _in_doubt["pass"], own.id, own.lo, other.id, other["pass"])
        .select_from(dispatch.in_doubt)
        .join(message.table, message.on)
        .join(its.table, its.on)
        .outerjoin(open_.table, open_.on)
        .where(
            _in_doubt.campaign_id == bindparam("campaign"),
            _in_doubt.at <= bindparam("before"),
            sa.or_(
                other.id.is_(None),
                sa.and_(other.state != const(SliceState.LEASED), other["pass"] > _in_doubt["pass"]),
            ),
        )
        .order_by(_in_doubt.seq)
        .limit(bindparam("most"))
    )


OLD_DOUBTS = Query(OldDoubt._make, _old_doubts)
"""What may be repeated. Never under a slice that a link holds: its intent would cover a message
that this link does not know of.
"""

FREE_AMONG = Query(
    first_integer,
    lambda d: (
        sa.select(_slice.id)
        .where(
            d.among(_slice.id, "slices"),
            _slice.state.in_([const(SliceState.PARKED), const(SliceState.READY)]),
        )
        .order_by(_slice.id)
        .with_for_update()
    ),
)
"""Those slices that no link holds, nor will before this transaction ends."""


def _next_doubt_at(d: Dialect) -> sa.Select[tuple[int]]:
    message = _doubtful_message(d)
    return (
        sa.select(sa.func.min(_in_doubt.at))
        .select_from(dispatch.in_doubt)
        .join(message.table, message.on)
        .where(_in_doubt.campaign_id == bindparam("campaign"))
    )


NEXT_DOUBT_AT = Query(first_integer, _next_doubt_at)

REPEAT_MESSAGE = Command(
    sa.update(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq == bindparam("seq"),
        _message.state == const(MessageState.UNKNOWN),
    )
    .values({"state": PENDING, "reason": "", "pass": bindparam("pass_"), "at": bindparam("now")}),
    takes=("pass_", "now", "campaign", "seq"),
    at_once=True,
)

FORGET_DOUBT = Command(
    sa.delete(dispatch.in_doubt).where(
        _in_doubt.campaign_id == bindparam("campaign"), _in_doubt.seq == bindparam("seq")
    ),
    takes=("campaign", "seq"),
    at_once=True,
)
