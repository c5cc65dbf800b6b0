"""Durable background jobs, leased like links, and the promotion of slices that are due."""

from collections.abc import Callable, Mapping

from octavo.db.connection import Connection
from octavo.db.statements import tasks
from octavo.db.statements.tasks import Task
from octavo.kit.clock import MINUTE, SECOND, Instant
from octavo.ledger import campaigns, doubt

LEASE = MINUTE

Step = Callable[[Connection, Task, Instant], Instant | None]
"""One step of a job; when the next is due, or None when the job is done."""


def _cancel(connection: Connection, task: Task, now: Instant) -> Instant | None:
    done = campaigns.cancel_step(connection, int(task.key), now)
    return None if done else Instant(now + SECOND // 100)


def _in_doubt(connection: Connection, task: Task, now: Instant) -> Instant | None:
    return doubt.repeat(connection, int(task.key), now)


STEPS: Mapping[str, Step] = {campaigns.CANCEL: _cancel, doubt.TASK: _in_doubt}


def step(connection: Connection, now: Instant) -> bool:
    """Runs one step of the job that is due first, in one transaction; False when none is due."""
    task = connection.one(tasks.LEASE_TASK, now=now, lease_until=now + LEASE)
    if task is None:
        return False
    due = STEPS[task.kind](connection, task, now)
    if due is None:
        connection.run(tasks.END_TASK, task=task.id, by=task.fence)
    else:
        connection.run(
            tasks.POSTPONE_TASK, task=task.id, by=task.fence, run_at=due, error="", attempts=0
        )
    return True


def promote(connection: Connection, most: int, now: Instant) -> int:
    """Readies parked slices that are due and starts their campaigns; how many slices."""
    due = connection.all(tasks.DUE_PARKED, now=now, most=most)
    if due:
        connection.run(tasks.PROMOTE, slices=[d.id for d in due])
        connection.run(tasks.START_CAMPAIGNS, campaigns=sorted({d.campaign for d in due}))
    return len(due)
