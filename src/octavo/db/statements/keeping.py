"""Pausing, canceling, sealing and looking at campaigns."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import CampaignState, MessageState, SliceState
from octavo.db.dialect import const
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_integer
from octavo.kit.clock import FOREVER, NEVER

_campaign = dispatch.campaign.c
_message = dispatch.message.c
_slice = dispatch.slice_.c

_OPEN = [const(SliceState.PARKED), const(SliceState.READY)]


class Standing(NamedTuple):
    """Where a campaign of an account stands."""

    id: int
    state: int
    send_at: int


STANDING = Query(
    Standing._make,
    sa.select(_campaign.id, _campaign.state, _campaign.send_at)
    .where(_campaign.ticket == bindparam("ticket"), _campaign.account_id == bindparam("account_id"))
    .with_for_update(),
)
"""Locked, so that of several who change it each sees what the one before has done."""

LOCK = Query(
    first_integer,
    sa.select(_campaign.id).where(_campaign.id == bindparam("campaign")).with_for_update(),
)
"""Nobody else changes the campaign before this transaction ends. What was joined to a row that had
to be waited for would be from before the wait: look after this, by a statement of its own.
"""

SET_STATE = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"), _campaign.state == bindparam("before"))
    .values(state=bindparam("state"))
)

PARK_SLICES = Command(
    sa.update(dispatch.slice_)
    .where(
        _slice.campaign_id == bindparam("campaign"),
        _slice.state.in_(_OPEN),
        _slice.run_at < const(FOREVER),
    )
    .values(state=const(SliceState.PARKED), run_at=_slice.run_at + const(FOREVER))
)
"""Beyond every due time, by which their own is not lost."""

UNPARK_SLICES = Command(
    sa.update(dispatch.slice_)
    .where(
        _slice.campaign_id == bindparam("campaign"),
        _slice.state == const(SliceState.PARKED),
        _slice.run_at >= const(FOREVER),
        _slice.run_at < const(NEVER),
    )
    .values(run_at=_slice.run_at - const(FOREVER))
)


class OpenSlice(NamedTuple):
    """A slice that nobody holds."""

    id: int
    pass_: int
    lo: int
    hi: int
    cur: int
    group: int
    priority: int
    parts: int
    vt: float


OPEN_SLICES = Query(
    OpenSlice._make,
    sa.select(
        _slice.id,
        _slice["pass"],
        _slice.lo,
        _slice.hi,
        _slice.cur,
        _slice.group_id,
        _slice.priority,
        _slice.parts,
        _slice.vt,
    )
    .where(_slice.campaign_id == bindparam("campaign"), _slice.state.in_(_OPEN))
    .order_by(_slice.id)
    .limit(bindparam("most"))
    .with_for_update(),
)
"""Locked: no claim leases them meanwhile."""

PENDING_IN = Query(
    first_integer,
    sa.select(_message.seq)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq >= bindparam("lo"),
        _message.seq <= bindparam("hi"),
        _message["pass"] == bindparam("pass_"),
        _message.state == const(MessageState.PENDING),
    )
    .order_by(_message.seq),
)

ACCOUNT_OF = Query(
    first_integer, sa.select(_campaign.account_id).where(_campaign.id == bindparam("campaign"))
)

UNCLOSED_SLICES = Query(
    first_integer,
    sa.select(sa.func.count()).where(
        _slice.campaign_id == bindparam("campaign"), _slice.state != const(SliceState.CLOSED)
    ),
)


PENDING_COUNT = Query(
    first_integer,
    sa.select(dispatch.campaign_count.c.pending).where(
        dispatch.campaign_count.c.campaign_id == bindparam("campaign")
    ),
)


class Unsealed(NamedTuple):
    """An ended campaign past its validity; `cursor` is how far its sealing has come."""

    id: int
    account: int
    cursor: int


UNSEALED = Query(
    Unsealed._make,
    sa.select(_campaign.id, _campaign.account_id, _campaign.cursor)
    .where(
        _campaign.state == const(CampaignState.FINISHED),
        _campaign.finished_at <= bindparam("before"),
        _campaign.finished_at + _campaign.validity <= bindparam("before"),
    )
    .order_by(_campaign.finished_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True),
)

TO_SEAL = Query(
    Unsealed._make,
    sa.select(_campaign.id, _campaign.account_id, _campaign.cursor).where(
        _campaign.id == bindparam("campaign")
    ),
)

SILENT = Query(
    first_integer,
    sa.select(_message.seq)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq > bindparam("after"),
        _message.state.in_([const(MessageState.ACCEPTED), const(MessageState.UNKNOWN)]),
    )
    .order_by(_message.seq)
    .limit(bindparam("most")),
)
"""Messages, accepted or in doubt, that no receipt ever spoke of."""

MOVE_CURSOR = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"))
    .values(cursor=bindparam("cursor"))
)

SET_SEALED_AT = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"))
    .values(sealed_at=bindparam("now"))
)

_key = dispatch.request_key.c


class OldRequest(NamedTuple):
    """A request_id that may be used again."""

    account: int
    request_id: str


OLD_REQUESTS = Query(
    OldRequest._make,
    sa.select(_key.account_id, _key.request_id)
    .where(_key.at < bindparam("before"))
    .order_by(_key.at)
    .limit(bindparam("most")),
)

FORGET_REQUEST = Command(
    sa.delete(dispatch.request_key).where(
        _key.account_id == bindparam("account"),
        _key.request_id == bindparam("request_id"),
        _key.at < bindparam("before"),
    ),
    takes=("account", "request_id", "before"),
)
