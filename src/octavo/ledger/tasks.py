"""Durable background jobs, leased like links, and the promotion of slices that are due."""

from collections.abc import Callable, Mapping

from octavo.db.connection import Connection
from octavo.db.statements import tasks
from octavo.db.statements.tasks import Promoted, Task
from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant
from octavo.kit.errors import OctavoError
from octavo.ledger import campaigns, confirm, doubt, drafts
from octavo.ledger.fairness import Queue, VirtualTime, Waiting, retake_turns

LEASE = MINUTE

Step = Callable[[Connection, Task, Instant], Instant | None]
"""One step of a job; when the next is due, or None when the job is done."""


def _cancel(connection: Connection, task: Task, now: Instant) -> Instant | None:
    wait = campaigns.cancel_step(connection, int(task.key), now)
    return None if wait is None else Instant(now + wait)


def _in_doubt(connection: Connection, task: Task, now: Instant) -> Instant | None:
    return doubt.repeat(connection, int(task.key), now)


def _seal(connection: Connection, task: Task, now: Instant) -> Instant | None:
    done = campaigns.seal_canceled(connection, int(task.key), now)
    return None if done else Instant(now + SECOND // 100)


STEPS: Mapping[str, Step] = {
    campaigns.CANCEL: _cancel,
    campaigns.SEAL: _seal,
    confirm.START: confirm.run_start,
    doubt.TASK: _in_doubt,
    drafts.DISCARD: drafts.run_discard,
}


class StepFailed(OctavoError):
    """A step raised an error. Its transaction must be undone, then `postpone` called in another."""

    def __init__(self, task: Task, error: Exception) -> None:
        super().__init__(f"{task.kind} {task.key}: {error!r}")
        self.task = task


def step(connection: Connection, now: Instant, steps: Mapping[str, Step] | None = None) -> bool:
    """Runs one step of the job that is due first, in one transaction; False when none is due.

    `steps` are those of the ledger and of whoever else plans jobs; by default the ledger's.
    Raises StepFailed.
    """
    task = connection.one(tasks.LEASE_TASK, now=now, lease_until=now + LEASE)
    if task is None:
        return False
    try:
        due = (STEPS if steps is None else steps)[task.kind](connection, task, now)
    except Exception as error:
        raise StepFailed(task, error) from error
    if due is None:
        connection.run(tasks.END_TASK, task=task.id, by=task.fence)
    else:
        connection.run(
            tasks.POSTPONE_TASK, task=task.id, by=task.fence, run_at=due, error="", attempts=0
        )
    return True


def postpone(connection: Connection, failed: StepFailed, now: Instant) -> None:
    """A job whose step failed waits, twice as long each time, so that others have their turn."""
    task = failed.task
    connection.run(
        tasks.POSTPONE_TASK,
        task=task.id,
        by=task.fence - 1,
        run_at=now + min(SECOND << min(task.attempts, 12), HOUR),
        error=str(failed)[:500],
        attempts=task.attempts,
    )


def promote(connection: Connection, most: int, now: Instant) -> int:
    """Readies parked slices that are due and starts their campaigns; how many slices."""
    due = connection.all(tasks.DUE_PARKED, now=now, most=most)
    if due:
        turns = retake_turns(connection, [_waiting(d) for d in due])
        connection.many(tasks.SET_TURN, turns)
        connection.run(tasks.PROMOTE, slices=[d.id for d in due])
        connection.run(tasks.START_CAMPAIGNS, campaigns=sorted({d.campaign for d in due}))
    return len(due)


def _waiting(due: Promoted) -> Waiting:
    queue = Queue(due.account, due.group, due.priority)
    return Waiting(due.id, queue, due.parts, VirtualTime(due.vt), is_retry=due.pass_ > 0)
