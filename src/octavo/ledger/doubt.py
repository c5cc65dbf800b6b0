"""Messages whose answer was lost (P3): unknown, bounded, settled by receipt or by policy."""

from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import CampaignState, EventKind, InDoubt, MessageState
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, passes, tasks
from octavo.kit.clock import Instant
from octavo.kit.tickets import reference
from octavo.ledger.events import Journal
from octavo.ledger.passes import MOST_ATTEMPTS, add_work, follow_up
from octavo.ledger.tally import Tally

TASK = "in_doubt"
CHUNK = 200
"""Messages that one step of the policy repeats."""


class Lost(NamedTuple):
    """A message that may or may not have reached the carrier."""

    seq: int
    address: str


def lose(
    connection: Connection,
    *,
    route: int,
    campaign: int,
    pass_: int,
    lost: Sequence[Lost],
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> None:
    """Marks pending messages of a pass `unknown`; under `repeat`, plans what becomes of them."""
    policy = connection.one(passes.POLICY, campaign=campaign)
    if policy is None or not lost:
        return
    unknown = int(MessageState.UNKNOWN)
    connection.many(
        dispatching.END_MESSAGE,
        [(unknown, "", 1, route, now, campaign, seq, pass_) for seq, _ in lost],
    )
    connection.many(
        dispatching.INSERT_IN_DOUBT,
        [
            (route, address, campaign, seq, pass_, reference(campaign, seq), policy.sender, now)
            for seq, address in lost
        ],
    )
    tally.move(campaign, MessageState.PENDING, MessageState.UNKNOWN, len(lost))
    for seq, _ in lost:
        journal.tell(policy.account, campaign, EventKind.UNKNOWN, seq, "", now)
    if policy.in_doubt == InDoubt.REPEAT:
        planned = connection.run(
            tasks.PLAN_TASK,
            kind=TASK,
            key=str(campaign),
            args="{}",
            run_at=now + policy.in_doubt_after,
            priority=0,
        )
        add_work(connection, campaign, planned, now)


def repeat(connection: Connection, campaign: int, now: Instant) -> Instant | None:
    """One step of `repeat`: what is old enough goes into a further pass.

    Returns when the next step is due, or None when nothing is left to repeat.
    """
    policy = connection.one(passes.POLICY, campaign=campaign)
    if policy is None:
        return None
    if policy.state == CampaignState.CANCELING:
        add_work(connection, campaign, -1, now)
        return None
    old = connection.all(
        passes.OLD_DOUBTS,
        campaign=campaign,
        before=now - policy.in_doubt_after,
        attempts=MOST_ATTEMPTS,
        most=CHUNK,
    )
    connection.many(passes.REPEAT_MESSAGE, [(d.pass_ + 1, now, campaign, d.seq) for d in old])
    connection.many(passes.FORGET_DOUBT, [(campaign, d.seq) for d in old])
    tally = Tally()
    tally.move(campaign, MessageState.UNKNOWN, MessageState.PENDING, len(old))
    tally.write(connection, "", now)
    opened = 0
    for slice_id, pass_ in {(d.slice, d.pass_) for d in old}:
        opened += follow_up(connection, slice_id=slice_id, pass_=pass_ + 1, run_at=now)
    since = connection.one(passes.NEXT_DOUBT_AT, campaign=campaign, attempts=MOST_ATTEMPTS)
    add_work(connection, campaign, opened - (0 if since else 1), now)
    return Instant(max(since + policy.in_doubt_after, now)) if since else None
