"""Messages whose answer was lost (P3): unknown, bounded, settled by receipt or by policy."""

from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import CampaignState, InDoubt, MessageState
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, passes, tasks
from octavo.kit.clock import SECOND, Instant
from octavo.kit.tickets import reference
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.passes import MOST_ATTEMPTS, add_work, follow_up

TASK = "in_doubt"
_GOING_ON = (CampaignState.SENDING, CampaignState.PAUSED)
BLOCKED_FOR = SECOND
"""Microseconds until a message is looked at again whose slice is still under way."""
CHUNK = 200
"""Messages that one step of the policy repeats."""


class Lost(NamedTuple):
    """A message that may or may not have reached the carrier."""

    seq: int
    address: str


def lose(batch: Batch, of: Messages, route: int, lost: Sequence[Lost]) -> None:
    """Marks pending messages `unknown`; under `repeat`, plans what becomes of them.

    Raises LedgerDisagrees when one of them is not pending in this pass.
    """
    policy = batch.connection.one(passes.POLICY, campaign=of.campaign)
    if policy is None or not lost:
        return
    batch.end(of, MessageState.UNKNOWN, [(seq, "") for seq, _ in lost], route=route, cost=1)
    batch.connection.many(
        dispatching.INSERT_IN_DOUBT,
        [
            (
                route,
                address,
                of.campaign,
                seq,
                of.pass_,
                reference(of.campaign, seq),
                policy.sender,
                batch.now,
            )
            for seq, address in lost
        ],
    )
    if policy.in_doubt == InDoubt.REPEAT and policy.state in _GOING_ON:
        planned = batch.connection.run(
            tasks.PLAN_TASK,
            kind=TASK,
            key=str(of.campaign),
            args="{}",
            run_at=batch.now + policy.in_doubt_after,
            priority=0,
        )
        add_work(batch.connection, {of.campaign: planned}, batch.now)


def repeat(connection: Connection, campaign: int, now: Instant) -> Instant | None:
    """One step of `repeat`: what is old enough goes into a further pass.

    Returns when the next step is due, or None when nothing is left to repeat.
    """
    policy = connection.one(passes.POLICY_KEPT, campaign=campaign)
    if policy is None:
        return None
    if policy.state not in _GOING_ON:
        add_work(connection, {campaign: -1}, now)
        return None
    old = _old(connection, campaign, now - policy.in_doubt_after)
    opened = _repeat(connection, campaign, old, now)
    connection.many(passes.FORGET_DOUBT, [(campaign, d.seq) for d in old])
    batch = Batch(connection, now)
    batch.tally.move(campaign, MessageState.UNKNOWN, MessageState.PENDING, len(old))
    batch.write()
    since = connection.one(passes.NEXT_DOUBT_AT, campaign=campaign, attempts=MOST_ATTEMPTS)
    add_work(connection, {campaign: opened - (0 if since else 1)}, now)
    if not since:
        return None
    soonest = now if len(old) == CHUNK else now + BLOCKED_FOR
    return Instant(max(since + policy.in_doubt_after, soonest))


def _old(connection: Connection, campaign: int, before: int) -> list[passes.OldDoubt]:
    """What may be repeated, with its open slice kept from links meanwhile."""
    found = connection.all(
        passes.OLD_DOUBTS,
        campaign=campaign,
        before=before,
        attempts=MOST_ATTEMPTS,
        most=CHUNK,
    )
    opened = {d.open_slice for d in found if d.open_slice is not None}
    free = set(connection.all(passes.FREE_AMONG, slices=sorted(opened))) if opened else set()
    return [d for d in found if d.open_slice is None or d.open_slice in free]


def _repeat(
    connection: Connection, campaign: int, old: Sequence[passes.OldDoubt], now: Instant
) -> int:
    """Messages go into the open slice of their range or into one that is opened; how many were.

    A range has one open slice at a time, so those lost in different passes meet in one.
    """
    further = {d.lo: d.open_pass or 0 for d in old}
    slices: dict[int, int] = {}
    for d in old:
        if d.open_pass is None:
            further[d.lo] = max(further[d.lo], d.pass_ + 1)
            slices[d.lo] = d.slice
    connection.many(passes.REPEAT_MESSAGE, [(further[d.lo], now, campaign, d.seq) for d in old])
    return sum(
        follow_up(connection, slice_id=slice_id, pass_=further[lo], run_at=now)
        for lo, slice_id in slices.items()
    )
