"""Lists and tags made from people: functions inside somebody's unit of work."""

from collections.abc import Sequence

from octavo.contacts import repository
from octavo.contacts.repository import Collection
from octavo.contacts.schemas import NewContact
from octavo.db.connection import Connection
from octavo.kit.clock import Instant

LONGEST_LIST_NAME = 30
LONGEST_TAG_NAME = 20
"""Contract 13."""


def ensure_list(
    connection: Connection, account: int, name: str, people: Sequence[NewContact], now: Instant
) -> int:
    """Puts people on a list of the account, made if it is not there; the list's number.

    A longer name is cut to 30 characters. A person that the account knows by number keeps what
    `people` leaves empty.
    """
    name = name[:LONGEST_LIST_NAME]
    return _ensure(connection, repository.LISTS, account=account, name=name, people=people, now=now)


def ensure_tag(
    connection: Connection, account: int, name: str, people: Sequence[NewContact], now: Instant
) -> int:
    """As `ensure_list`, for a tag, whose name is cut to 20 characters."""
    name = name[:LONGEST_TAG_NAME]
    return _ensure(connection, repository.TAGS, account=account, name=name, people=people, now=now)


def _ensure(
    connection: Connection,
    collection: Collection,
    *,
    account: int,
    name: str,
    people: Sequence[NewContact],
    now: Instant,
) -> int:
    number = connection.one(collection.ensure, account_id=account, name=name, now=now)
    assert number is not None  # noqa: S101 - an upsert with RETURNING gives a row
    connection.many(repository.UPSERT_CONTACT, [(account, *person, now, now) for person in people])
    connection.run(
        collection.add,
        collection=number,
        account_id=account,
        numbers=[person.phone_number for person in people],
    )
    return number
