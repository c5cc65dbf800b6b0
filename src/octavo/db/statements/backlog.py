"""How much waits, for whoever watches a server. Each statement reads a bounded number of rows by
index, however much there is: beyond the bound a number means "at least".
"""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import Match, SliceState
from octavo.db.dialect import const
from octavo.db.schema import dispatch, people, traffic
from octavo.db.statement import Query, first_integer

_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c
_slice = dispatch.slice_.c


class RouteName(NamedTuple):
    """A route as people call it."""

    id: int
    name: str


ROUTES = Query(RouteName._make, sa.select(dispatch.route.c.id, dispatch.route.c.name))

GROUPS = Query(first_integer, sa.select(dispatch.route_group.c.id))


class Due(NamedTuple):
    """Slices that the next claims take first: their number, their messages, the oldest."""

    slices: int
    messages: int
    oldest: int | None


_first_due = (
    sa.select(_slice.hi, _slice.cur, _slice.run_at)
    .where(
        _slice.group_id == bindparam("group_id"),
        _slice.priority == bindparam("priority"),
        _slice.state == const(SliceState.READY),
    )
    .order_by(_slice.vt, _slice.id)
    .limit(bindparam("most"))
    .subquery()
)
DUE = Query(
    Due._make,
    sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(_first_due.c.hi - _first_due.c.cur), const(0)),
        sa.func.min(_first_due.c.run_at),
    ),
)

IN_DOUBT = Query(
    first_integer,
    sa.select(sa.func.count()).select_from(
        sa.select(dispatch.in_doubt.c.seq)
        .where(dispatch.in_doubt.c.route_id == bindparam("route_id"))
        .limit(bindparam("most"))
        .subquery()
    ),
)

UNMATCHED = Query(
    first_integer,
    sa.select(sa.func.count()).select_from(
        sa.select(traffic.receipt.c.next_try_at)
        .where(traffic.receipt.c.matched == const(Match.NONE))
        .order_by(traffic.receipt.c.next_try_at)
        .limit(bindparam("most"))
        .subquery()
    ),
)


class Held(NamedTuple):
    """Money held in a currency (10^-8 of it)."""

    currency: str
    amount: int


def _campaigns_of(state: SliceState, *order: sa.ColumnElement[int]) -> sa.Select[tuple[int]]:
    slices = (
        sa.select(_slice.campaign_id)
        .where(_slice.state == const(state))
        .order_by(*order)
        .limit(bindparam("most"))
        .subquery()
    )
    return sa.select(slices.c.campaign_id)


_open = sa.union(
    _campaigns_of(SliceState.PARKED, _slice.run_at),
    _campaigns_of(SliceState.READY, _slice.group_id, _slice.priority, _slice.vt, _slice.id),
    _campaigns_of(SliceState.LEASED, _slice.link_id),
).subquery()

HELD = Query(
    Held._make,
    sa.select(
        people.account.c.currency,
        sa.func.sum(_campaign.held - _campaign.released - _count.captured),
    )
    .select_from(_open)
    .join(dispatch.campaign, _campaign.id == _open.c.campaign_id)
    .join(dispatch.campaign_count, _count.campaign_id == _open.c.campaign_id)
    .join(people.account, people.account.c.id == _campaign.account_id)
    .group_by(people.account.c.currency),
)
"""Of campaigns that have something left to send: campaigns themselves have no index by state."""
