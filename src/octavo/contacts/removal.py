"""Lists that are gone: their members are taken off in steps, by a durable job.

The name of a list is free as soon as it is emptied or deleted: its row goes, and what is left of it
are memberships under a number that no other list ever gets. A million of them takes seconds, and
no step holds the writer of SQLite for long.
"""

from collections.abc import Mapping

from octavo.contacts import collections, repository
from octavo.contacts.saving import erase
from octavo.db.connection import Connection
from octavo.db.statements.tasks import PLAN_TASK, Task
from octavo.kit.clock import Instant
from octavo.ledger.tasks import Step

TASK = "list-removal"

MEMBERS_A_STEP = 500
CONTACTS_A_STEP = 200
"""So many take a few milliseconds of the writer."""

_PRIORITY = 1


def begin(
    connection: Connection, account: int, list_id: int, now: Instant, *, with_contacts: bool
) -> None:
    """Takes everybody off a list whose row is gone, deleting them `with_contacts`.

    A short list is empty when this returns; the rest of a long one is a job.
    """
    if _remove(connection, account, list_id, with_contacts=with_contacts):
        return
    connection.run(
        collections.NOTE_REMOVAL,
        account_id=account,
        list_id=list_id,
        with_contacts=int(with_contacts),
    )
    connection.run(
        PLAN_TASK, kind=TASK, key=str(list_id), args=str(account), run_at=now, priority=_PRIORITY
    )


def step(connection: Connection, task: Task, now: Instant) -> Instant | None:
    """Takes some more off; None when nobody is left."""
    account, list_id = int(task.args), int(task.key)
    with_contacts = connection.one(collections.REMOVAL, account_id=account, list_id=list_id)
    if with_contacts is None:
        return None
    if not _remove(connection, account, list_id, with_contacts=bool(with_contacts)):
        return now
    connection.run(collections.END_REMOVAL, account_id=account, list_id=list_id)
    return None


STEPS: Mapping[str, Step] = {TASK: step}


def _remove(connection: Connection, account: int, list_id: int, *, with_contacts: bool) -> bool:
    """One step; True when it was the last one."""
    most = CONTACTS_A_STEP if with_contacts else MEMBERS_A_STEP
    members = connection.all(collections.FIRST_MEMBERS, list_id=list_id, most=most)
    if members and with_contacts:
        # Locked first: what a request at this moment puts them on is seen, and goes with them.
        locked = connection.all(repository.LOCK, account_id=account, ids=members)
        erase(connection, account, locked)
    if members:
        connection.run(collections.LEAVE_UP_TO, list_id=list_id, last=members[-1])
    if len(members) == most:
        return False
    connection.run(collections.FORGET_COUNTRIES, list_id=list_id)
    return True
