"""Durable background jobs and the promotion of due slices."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import CampaignState, SliceState, TaskState
from octavo.db.dialect import const
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query

_campaign = dispatch.campaign.c
_slice = dispatch.slice_.c
_task = dispatch.task.c

PLAN_TASK = Command(
    lambda d: (
        d.insert(dispatch.task)
        .values({name: bindparam(name) for name in ("kind", "key", "args", "run_at", "priority")})
        .on_conflict_do_nothing(index_elements=["kind", "key"])
    )
)
"""Touches one row when the task is new."""


class Task(NamedTuple):
    """A job that is ours until its lease ends."""

    id: int
    kind: str
    key: str
    args: str
    fence: int
    attempts: int


_best = (
    sa.select(_task.id)
    .where(
        _task.state < const(TaskState.FAILED),
        _task.run_at <= bindparam("now"),
        sa.or_(_task.state == const(TaskState.WAITING), _task.lease_until < bindparam("now")),
    )
    .order_by(_task.run_at, _task.priority, _task.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)

LEASE_TASK = Query(
    Task._make,
    sa.update(dispatch.task)
    .where(_task.id == _best)
    .values(
        state=const(TaskState.LEASED),
        fence=_task.fence + 1,
        lease_until=bindparam("lease_until"),
        attempts=_task.attempts + 1,
    )
    .returning(_task.id, _task.kind, _task.key, _task.args, _task.fence, _task.attempts),
)

END_TASK = Command(
    sa.delete(dispatch.task).where(_task.id == bindparam("task"), _task.fence == bindparam("by"))
)

POSTPONE_TASK = Command(
    sa.update(dispatch.task)
    .where(_task.id == bindparam("task"), _task.fence == bindparam("by"))
    .values(
        state=const(TaskState.WAITING),
        run_at=bindparam("run_at"),
        error=bindparam("error"),
        attempts=bindparam("attempts"),
    )
)


class Promoted(NamedTuple):
    """A parked slice that is due."""

    id: int
    campaign: int
    account: int
    group: int
    priority: int
    parts: int
    vt: float
    pass_: int


DUE_PARKED = Query(
    Promoted._make,
    sa.select(
        _slice.id,
        _slice.campaign_id,
        _slice.account_id,
        _slice.group_id,
        _slice.priority,
        _slice.parts,
        _slice.vt,
        _slice["pass"],
    )
    .where(_slice.state == const(SliceState.PARKED), _slice.run_at <= bindparam("now"))
    .order_by(_slice.run_at, _slice.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True),
)

PROMOTE = Command(
    lambda d: (
        sa.update(dispatch.slice_)
        .where(
            d.among(_slice.id, "slices"),
            _slice.state == const(SliceState.PARKED),
        )
        .values(state=const(SliceState.READY))
    )
)

SET_TURN = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"))
    .values(vt=bindparam("vt", type_=sa.Double())),
    takes=("vt", "slice_id"),
    at_once=True,
)

START_CAMPAIGNS = Command(
    lambda d: (
        sa.update(dispatch.campaign)
        .where(
            d.among(_campaign.id, "campaigns"),
            _campaign.state == const(CampaignState.SCHEDULED),
        )
        .values(state=const(CampaignState.SENDING))
    )
)
