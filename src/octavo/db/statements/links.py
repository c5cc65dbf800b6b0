"""Leases of links, and what a link's last holder left."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import SliceState
from octavo.db.dialect import const
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_integer

_link = dispatch.link.c
_slice = dispatch.slice_.c

LEASED = const(SliceState.LEASED)


class TakenLink(NamedTuple):
    """A link that is ours until its lease ends."""

    id: int
    fence: int


TAKE_LINK = Query(
    TakenLink._make,
    lambda d: (
        d.insert(dispatch.link)
        .values(
            route_id=bindparam("route_id"),
            no=bindparam("no"),
            worker=bindparam("worker"),
            fence=1,
            lease_until=bindparam("lease_until"),
        )
        .on_conflict_do_update(
            index_elements=["route_id", "no"],
            set_={
                "worker": bindparam("worker"),
                "fence": _link.fence + 1,
                "lease_until": bindparam("lease_until"),
            },
            where=sa.or_(_link.lease_until < bindparam("now"), _link.worker == bindparam("worker")),
        )
        .returning(_link.id, _link.fence)
    ),
)

RENEW_LINK = Command(
    sa.update(dispatch.link)
    .where(_link.id == bindparam("link_id"), _link.fence == bindparam("link_fence"))
    .values(lease_until=bindparam("until"), bound_at=bindparam("bound"))
)

RELEASE_LINK = Command(
    sa.update(dispatch.link)
    .where(_link.id == bindparam("link_id"), _link.fence == bindparam("link_fence"))
    .values(lease_until=const(0), bound_at=None)
)

END_LEASES = Command(sa.update(dispatch.link).values(lease_until=0))
"""For an engine with one server process, whose lock proves that every holder is dead."""

NEXT_SETTLE = Query(
    first_integer,
    sa.update(dispatch.link)
    .where(_link.id == bindparam("link_id"), _link.fence == bindparam("link_fence"))
    .values(settle_no=_link.settle_no + 1)
    .returning(_link.settle_no),
)
"""No row when the link was taken by another holder."""

LINK_FENCE = Query(
    first_integer,
    sa.select(_link.fence).where(_link.id == bindparam("link_id")).with_for_update(read=True),
)
"""Locked: who takes the link meanwhile waits, and then sees the slices that this claim leased."""


class LeasedSlice(NamedTuple):
    """A slice found leased by a link, with what its takeover needs."""

    id: int
    campaign: int
    account: int
    group: int
    pass_: int
    lo: int
    hi: int
    cur: int
    intent_hi: int


LEASED_BY = Query(
    LeasedSlice._make,
    sa.select(
        _slice.id,
        _slice.campaign_id,
        _slice.account_id,
        _slice.group_id,
        _slice["pass"],
        _slice.lo,
        _slice.hi,
        _slice.cur,
        _slice.intent_hi,
    ).where(_slice.link_id == bindparam("link_id"), _slice.state == LEASED),
)
