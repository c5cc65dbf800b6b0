"""Contacts, lists and tags of accounts: functions inside somebody's unit of work."""

from collections.abc import Iterator, Sequence

from octavo.contacts import removal, repository
from octavo.contacts.collections import LISTS, TAGS, Collection
from octavo.contacts.reading import Addresses
from octavo.contacts.saving import erase, save
from octavo.contacts.schemas import Filing, NewContact
from octavo.db.codes import Scope
from octavo.db.connection import Connection
from octavo.db.statements.orders import SUPPRESSED_AMONG
from octavo.kit.clock import Instant
from octavo.kit.errors import Refusal

LONGEST_LIST_NAME = 30
LONGEST_TAG_NAME = 20
"""Contract 13."""

AT_ONCE = 400
"""Contacts and memberships that one unit of work keeps, so that it holds the writer for a few
milliseconds."""

LEAST_AT_ONCE = 10

LIST_EXISTS = 302
NO_SUCH_LIST = 303


def file(connection: Connection, account: int, filing: Filing, now: Instant) -> int:
    """Keeps contacts and puts them on lists and tags, which are made if need be (contract 5.1);
    how many contacts.

    Longer names are cut, to 30 characters for a list and 20 for a tag.
    """
    lists = [
        _ensure(connection, LISTS, account, name, now)
        for name in _names(filing.lists, LONGEST_LIST_NAME)
    ]
    tags = [
        _ensure(connection, TAGS, account, name, now)
        for name in _names(filing.tags, LONGEST_TAG_NAME)
    ]
    people = filing.people
    if filing.leave_out_suppressed:
        people = _unsuppressed(connection, account, people)
    contacts = save(connection, account, people, now, overwrite=filing.overwrite)
    if filing.un_list:
        connection.run(LISTS.leave_all, contacts=contacts)
    if filing.un_tag:
        connection.run(TAGS.leave_all, contacts=contacts)
    _add(connection, LISTS, account, lists, contacts)
    _add(connection, TAGS, account, tags, contacts)
    return len(contacts)


def portions(filing: Filing) -> Iterator[Filing]:
    """A filing in parts for units of work of their own; one that is done twice changes nothing.

    Each contact is a row on each of the lists and tags too: the more of them, the smaller a part.
    """
    places = len(filing.lists) + len(filing.tags)
    size = max(AT_ONCE // (1 + places), LEAST_AT_ONCE)
    for start in range(0, len(filing.people), size):
        yield filing._replace(people=filing.people[start : start + size])


def delete(
    connection: Connection, account: int, addresses: Addresses, list_name: str | None = None
) -> int:
    """Deletes contacts, or with `list_name` only takes them off that list; how many were meant and
    found (contract 5.2). An e-mail address means who has no number.

    Raises Refusal (303).
    """
    number = None if list_name is None else find_list(connection, account, list_name)
    numbers = sorted(set(addresses.numbers))
    found = connection.all(repository.LOCK_BY_NUMBER, account_id=account, numbers=numbers)
    if addresses.emails:
        emails = sorted(set(addresses.emails))
        known = connection.all(repository.KNOWN_BY_EMAIL, account_id=account, emails=emails)
        found += [one.id for one in known]
    if number is None:
        return erase(connection, account, found)
    return connection.run(LISTS.leave, collection=number, contacts=found)


def create_list(connection: Connection, account: int, name: str, now: Instant) -> None:
    """Makes an empty list (contract 5.3). Raises Refusal (302)."""
    name = list_name_of(name)
    if connection.one(LISTS.create, account_id=account, name=name, now=now) is None:
        raise Refusal(LIST_EXISTS, name=name)


def empty_list(
    connection: Connection, account: int, name: str, now: Instant, *, delete_contacts: bool
) -> None:
    """Takes everybody off a list, deleting them too if so asked (contract 5.4).

    The list is empty at once; contacts of a long one go within a while. Raises Refusal (303).
    """
    name = list_name_of(name)
    gone = _take_away(connection, account, name)
    connection.one(LISTS.ensure, account_id=account, name=name, now=now)
    removal.begin(connection, account, gone, now, with_contacts=delete_contacts)


def delete_list(connection: Connection, account: int, name: str, now: Instant) -> None:
    """Deletes a list; its contacts stay with the account (contract 5.5). Raises Refusal (303)."""
    gone = _take_away(connection, account, list_name_of(name))
    removal.begin(connection, account, gone, now, with_contacts=False)


def find_list(connection: Connection, account: int, name: str) -> int:
    """The number of a list. Raises Refusal (303)."""
    name = list_name_of(name)
    number = connection.one(LISTS.find, account_id=account, name=name)
    if number is None:
        raise Refusal(NO_SUCH_LIST, name=name)
    return number


def find_tag(connection: Connection, account: int, name: str) -> int:
    """The number of a tag. Raises Refusal (303)."""
    name = tag_name_of(name)
    number = connection.one(TAGS.find, account_id=account, name=name)
    if number is None:
        raise Refusal(NO_SUCH_LIST, name=name)
    return number


def list_name_of(written: str) -> str:
    """A list's name as it is kept: without blanks around it, of 30 characters at most."""
    return _name(written, LONGEST_LIST_NAME)


def tag_name_of(written: str) -> str:
    """A tag's name as it is kept: without blanks around it, of 20 characters at most."""
    return _name(written, LONGEST_TAG_NAME)


def _take_away(connection: Connection, account: int, name: str) -> int:
    """Frees a list's name; the number that it had. Raises Refusal (303)."""
    while True:
        gone = connection.one(LISTS.take_away, account_id=account, name=name)
        if gone is not None:
            return gone
        # Somebody else took that row away at this moment; there may be a new one by now.
        find_list(connection, account, name)


def _ensure(
    connection: Connection, collection: Collection, account: int, name: str, now: Instant
) -> int:
    number = connection.one(collection.ensure, account_id=account, name=name, now=now)
    assert number is not None  # noqa: S101 - an upsert with RETURNING gives a row
    return number


def _add(
    connection: Connection,
    collection: Collection,
    account: int,
    numbers: Sequence[int],
    contacts: Sequence[int],
) -> None:
    for number in numbers:
        given = {"collection": number, "account_id": account}
        connection.run(collection.add, **given, contacts=contacts)
        connection.run(collection.add_countries, **given, contacts=contacts)


def _unsuppressed(
    connection: Connection, account: int, people: Sequence[NewContact]
) -> list[NewContact]:
    stopped = set(
        connection.all(
            SUPPRESSED_AMONG,
            account_id=account,
            least_scope=Scope.MARKETING,
            addresses=[a for person in people for a in _addresses(person)],
        )
    )
    return [person for person in people if stopped.isdisjoint(_addresses(person))]


def _addresses(person: NewContact) -> list[str]:
    return [address for address in (person.phone_number, person.email) if address]


def _names(written: Sequence[str], longest: int) -> list[str]:
    """Each once, and in one order everywhere: no two requests wait for each other."""
    return sorted({name for one in written if (name := _name(one, longest))})


def _name(written: str, longest: int) -> str:
    return written.strip()[:longest].rstrip()
