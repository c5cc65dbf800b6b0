"""Virtual time, by which accounts share a route group fairly (design 4.9).

Self-clocked fair queueing (S. Golestani, INFOCOM 1994): each slice has a turn, which is the
virtual time at which it will have been sent if its account gets its share: that of the account's
last slice, or the time that the group has come to if that is later, plus the slice's parts by the
account's weight. The claim takes slices by turn, and the group comes to the turn of the last one
taken. So who was idle gains nothing by it, and of two accounts with work waiting neither is ever
ahead of its share by more than a slice. Alerts and marketing have times of their own.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, NewType

from octavo.db.connection import Connection
from octavo.db.statements import turns

VirtualTime = NewType("VirtualTime", float)
"""Parts by weight that an account, or a group as a whole, has been served."""

NO_TURN = VirtualTime(-1.0)
"""Of a slice that gets its turn when it is due."""


class Queue(NamedTuple):
    """Where an account waits for its turn. Sorts as rows must be locked."""

    account: int
    group: int
    priority: int


class Waiting(NamedTuple):
    """A slice that becomes ready; `parts` is its size, `turn` what it had until now."""

    id: int
    queue: Queue
    parts: int
    turn: VirtualTime
    is_retry: bool


def take_turns(
    connection: Connection, queue: Queue, weight: float, sizes: Sequence[int]
) -> list[VirtualTime]:
    """The turns of an account's next slices, which have so many parts each."""
    account, group, priority = queue
    served = list(accumulate(size / weight for size in sizes))
    last = connection.one(
        turns.MOVE_ACCOUNT, account_id=account, group_id=group, priority=priority, by=served[-1]
    )
    begin = (last or 0.0) - served[-1]
    return [VirtualTime(begin + by) for by in served]


def retake_turns(
    connection: Connection, waiting: Sequence[Waiting]
) -> list[tuple[VirtualTime, int]]:
    """New turns of the slices that have none, or that missed theirs while they were parked: a
    backlog kept back would else go before everybody else's. (turn, slice) of each.

    A retry goes at the turn that its message had.
    """
    missed: defaultdict[Queue, list[Waiting]] = defaultdict(list)
    reached: dict[tuple[int, int], float] = {}
    for slice_ in waiting:
        _, group, priority = slice_.queue
        if (group, priority) not in reached:
            reached[group, priority] = _reached(connection, group, priority)
        if not slice_.is_retry and (slice_.turn < max(reached[group, priority], 0.0)):
            missed[slice_.queue].append(slice_)
    retaken: list[tuple[VirtualTime, int]] = []
    for queue, slices in sorted(missed.items()):
        weight = connection.one(turns.WEIGHT, account_id=queue.account) or 1.0
        given = take_turns(connection, queue, weight, [s.parts for s in slices])
        retaken += zip(given, [s.id for s in slices], strict=True)
    return retaken


def give_turns_back(connection: Connection, queue: Queue, parts: int) -> None:
    """So many parts that had their turn will not be sent: the account's next slices go sooner."""
    account, group, priority = queue
    weight = connection.one(turns.WEIGHT, account_id=account) or 1.0
    connection.run(
        turns.TAKE_BACK,
        account_id=account,
        group_id=group,
        priority=priority,
        by=parts / weight,
    )


def serve(connection: Connection, group: int, priority: int, turn: VirtualTime) -> None:
    """A group has come to a turn."""
    connection.run(turns.MOVE_GROUP, group_id=group, priority=priority, vt=turn)


def _reached(connection: Connection, group: int, priority: int) -> float:
    return connection.one(turns.REACHED, group_id=group, priority=priority) or 0.0
