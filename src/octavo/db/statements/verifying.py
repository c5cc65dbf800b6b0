"""Sums for `octavo verify`."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import MessageState, SliceState
from octavo.db.dialect import const
from octavo.db.schema import dispatch, drafts, money, people
from octavo.db.statement import Query, first_integer

_account = people.account.c
_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c
_entry = money.entry.c
_message = dispatch.message.c
_reason = dispatch.campaign_reason.c
_slice = dispatch.slice_.c

NEXT_CAMPAIGN = Query(
    first_integer,
    sa.select(_campaign.id)
    .where(_campaign.id > bindparam("after"))
    .order_by(_campaign.id)
    .limit(1),
)


class Counts(NamedTuple):
    """A campaign with its counters."""

    ticket: str
    account: int
    state: int
    held: int
    released: int
    sealed: int
    audience: int
    pending: int
    accepted: int
    delivered: int
    failed: int
    skipped: int
    unknown: int
    captured: int
    open_work: int
    unconfirmed: int


COUNTS = Query(
    Counts._make,
    sa.select(
        _campaign.ticket,
        _campaign.account_id,
        _campaign.state,
        _campaign.held,
        _campaign.released,
        sa.case((_campaign.sealed_at.is_(None), const(0)), else_=const(1)),
        _count.audience,
        _count.pending,
        _count.accepted,
        _count.delivered,
        _count.failed,
        _count.skipped,
        _count.unknown,
        _count.captured,
        _count.open_work,
        sa.case(
            (
                sa.and_(
                    drafts.draft.c.campaign_id.is_not(None), drafts.draft.c.confirmed_at.is_(None)
                ),
                const(1),
            ),
            else_=const(0),
        ),
    )
    .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
    .outerjoin(drafts.draft, drafts.draft.c.campaign_id == _campaign.id)
    .where(_campaign.id == bindparam("campaign")),
)
"""Nothing is held for an unconfirmed campaign."""

SHOWN_COST = Query(
    first_integer,
    sa.select(sa.func.coalesce(sa.func.sum(drafts.country.c.cost), 0)).where(
        drafts.country.c.campaign_id == bindparam("campaign")
    ),
)


class StateSum(NamedTuple):
    """Messages of a campaign in one state."""

    state: int
    reason: str
    n: int
    price: int
    charged: int
    overcharged: int


STATE_SUMS = Query(
    StateSum._make,
    sa.select(
        _message.state,
        _message.reason,
        sa.func.count(),
        sa.func.sum(_message.price),
        sa.func.sum(_message.charged),
        sa.func.sum(sa.case((_message.charged > _message.price, 1), else_=0)),
    )
    .where(_message.campaign_id == bindparam("campaign"))
    .group_by(_message.state, _message.reason),
)


class ReasonSum(NamedTuple):
    """A counter by reason."""

    state: int
    reason: str
    n: int


REASON_SUMS = Query(
    ReasonSum._make,
    sa.select(_reason.state, _reason.reason, _reason.n).where(
        _reason.campaign_id == bindparam("campaign"), _reason.n != 0
    ),
)

OPEN_SLICES = Query(
    first_integer,
    sa.select(sa.func.count()).where(
        _slice.campaign_id == bindparam("campaign"), _slice.state != const(SliceState.CLOSED)
    ),
)

TASKS = Query(
    first_integer,
    sa.select(sa.func.count()).where(
        dispatch.task.c.kind == bindparam("kind"), dispatch.task.c.key == bindparam("key")
    ),
)

OVERLAPS = Query(
    first_integer,
    sa.select(sa.func.count()).select_from(
        sa.select(_slice.lo)
        .where(
            _slice.campaign_id == bindparam("campaign"), _slice.state != const(SliceState.CLOSED)
        )
        .group_by(_slice.lo)
        .having(sa.func.count() > 1)
        .subquery()
    ),
)
"""Ranges with more than one open slice."""

_earlier = dispatch.slice_.alias("earlier")

STRANDED = Query(
    first_integer,
    sa.select(sa.func.count())
    .select_from(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.state == const(MessageState.PENDING),
        ~sa.exists().where(
            _slice.campaign_id == _message.campaign_id,
            # Slices lie side by side, those of later passes on top of them: one seek a message.
            _slice.lo
            == sa.select(sa.func.max(_earlier.c.lo))
            .where(_earlier.c.campaign_id == _message.campaign_id, _earlier.c.lo <= _message.seq)
            .correlate(dispatch.message)
            .scalar_subquery(),
            _slice.hi >= _message.seq,
            _slice.state != const(SliceState.CLOSED),
            sa.or_(_slice["pass"] == _message["pass"], _slice["pass"] == _message["pass"] - 1),
        ),
    ),
)
"""Pending messages that no open slice will ever send."""

NEXT_ACCOUNT = Query(
    first_integer,
    sa.select(_account.id).where(_account.id > bindparam("after")).order_by(_account.id).limit(1),
)


class BookSum(NamedTuple):
    """What entries moved between two books of an account."""

    kind: str
    debit: str
    credit: str
    amount: int


BOOK_SUMS = Query(
    BookSum._make,
    sa.select(_entry.kind, _entry.debit, _entry.credit, sa.func.sum(_entry.amount))
    .where(_entry.account_id == bindparam("account_id"))
    .group_by(_entry.kind, _entry.debit, _entry.credit),
)


PACK_SUM = Query(
    first_integer,
    sa.select(sa.func.coalesce(sa.func.sum(money.pack.c.amount), 0)).where(
        money.pack.c.account_id == bindparam("account_id")
    ),
)


class AccountSums(NamedTuple):
    """An account's balance and what its campaigns say of its money."""

    available: int
    held: int
    captured: int
    released: int
    fee: int


ACCOUNT_SUMS = Query(
    AccountSums._make,
    sa.select(
        _account.available,
        sa.func.coalesce(sa.func.sum(_campaign.held), 0),
        sa.func.coalesce(sa.func.sum(_count.captured), 0),
        sa.func.coalesce(sa.func.sum(_campaign.released), 0),
        sa.func.coalesce(sa.func.sum(_campaign.fee), 0),
    )
    .select_from(people.account)
    .outerjoin(dispatch.campaign, _campaign.account_id == _account.id)
    .outerjoin(dispatch.campaign_count, _count.campaign_id == _campaign.id)
    .where(_account.id == bindparam("account_id"))
    .group_by(_account.available),
)
