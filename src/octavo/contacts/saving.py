"""Contacts are kept: each once, by number, or by e-mail address when there is no number."""

from collections.abc import Sequence

from octavo.contacts import collections, repository
from octavo.contacts.collections import LISTS, TAGS
from octavo.contacts.schemas import NewContact
from octavo.db.connection import Connection
from octavo.kit.clock import Instant

_BOTH = (LISTS, TAGS)


def save(
    connection: Connection,
    account: int,
    people: Sequence[NewContact],
    now: Instant,
    *,
    overwrite: bool = True,
) -> list[int]:
    """Keeps contacts of an account; their numbers of row, each once.

    What is given replaces what is known, what is not given stays; without `overwrite` who is known
    stays as they are. Their rows are there until the end of the transaction.
    """
    # In one order everywhere: otherwise two requests would wait for each other on PostgreSQL.
    numbered = sorted((p for p in people if p.phone_number), key=_number)
    mailed = sorted((p for p in people if not p.phone_number and p.email), key=_email)
    saved: list[int] = []
    if numbered:
        saved += _save_numbered(connection, account, numbered, now, overwrite=overwrite)
    if mailed:
        saved += _save_mailed(connection, account, mailed, now, overwrite=overwrite)
    saved = list(dict.fromkeys(saved))
    _rescue(connection, account, saved)
    return saved


def erase(connection: Connection, account: int, contacts: Sequence[int]) -> int:
    """Deletes contacts of an account and their places on lists and tags; how many.

    Their rows must be locked.
    """
    for collection in _BOTH:
        connection.run(collection.leave_all, contacts=contacts)
    return connection.run(repository.ERASE, account_id=account, contacts=contacts)


def _save_numbered(
    connection: Connection,
    account: int,
    people: Sequence[NewContact],
    now: Instant,
    *,
    overwrite: bool,
) -> list[int]:
    command = repository.UPSERT if overwrite else repository.KEEP
    connection.many(command, [(account, *person, now, now) for person in people])
    numbers = [_number(person) for person in people]
    saved = connection.all(repository.OF_NUMBERS, account_id=account, numbers=numbers)
    if overwrite:
        by_number = {one.phone_number: one.id for one in saved}
        # Of several with one address, the first inherits.
        heirs = {p.email: by_number[_number(p)] for p in reversed(people) if p.email}
        if heirs:
            _merge(connection, account, heirs)
    return [one.id for one in saved]


def _merge(connection: Connection, account: int, heirs: dict[str, int]) -> None:
    """Who was known by an e-mail address alone has a number now: two contacts become one."""
    emails = list(heirs)
    known = connection.all(repository.KNOWN_BY_EMAIL, account_id=account, emails=emails)
    if not known:
        return
    pairs = [(heirs[one.email], one.id) for one in known]
    connection.many(repository.INHERIT, pairs)
    for collection in _BOTH:
        connection.many(collection.copy, pairs)
        connection.run(collection.copy_countries, contacts=[heir for heir, _ in pairs])
    erase(connection, account, [one.id for one in known])


def _save_mailed(
    connection: Connection,
    account: int,
    people: Sequence[NewContact],
    now: Instant,
    *,
    overwrite: bool,
) -> list[int]:
    emails = [_email(person) for person in people]
    known: dict[str, int] = {}
    for one in connection.all(repository.OF_EMAILS, account_id=account, emails=emails):
        if not one.numbered or one.email not in known:
            known[one.email] = one.id
    if overwrite:
        told = [(known[_email(p)], account, *p, now, now) for p in people if _email(p) in known]
        connection.many(repository.FILL, told)
    new = [(account, *person, now, now) for person in people if _email(person) not in known]
    if new:
        command = repository.UPSERT_BY_EMAIL if overwrite else repository.KEEP_BY_EMAIL
        connection.many(command, new)
        made = connection.all(repository.KNOWN_BY_EMAIL, account_id=account, emails=emails)
        known |= {one.email: one.id for one in made}
    return list(known.values())


def _rescue(connection: Connection, account: int, contacts: Sequence[int]) -> None:
    """Who is named anew is no longer among those that were to be deleted with their list."""
    for gone in connection.all(collections.DOOMING, account_id=account):
        connection.run(LISTS.leave, collection=gone, contacts=contacts)


def _number(person: NewContact) -> str:
    return person.phone_number or ""


def _email(person: NewContact) -> str:
    return person.email or ""
