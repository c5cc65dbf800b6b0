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
    _bury(connection, account, people)
    # In one order everywhere: otherwise two requests would wait for each other on PostgreSQL.
    numbered = sorted((p for p in people if p.phone_number), key=_number)
    mailed = sorted((p for p in people if not p.phone_number and p.email), key=_email)
    saved: list[int] = []
    if numbered:
        saved += _save_numbered(connection, account, numbered, now, overwrite=overwrite)
    if mailed:
        saved += _save_mailed(connection, account, mailed, now, overwrite=overwrite)
    return list(dict.fromkeys(saved))


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
    numbers = list(dict.fromkeys(map(_number, people)))
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
    emails = sorted(heirs)
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
    emails = list(dict.fromkeys(map(_email, people)))
    known = _known_by_email(connection, account, emails)
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


def _known_by_email(connection: Connection, account: int, emails: Sequence[str]) -> dict[str, int]:
    found = connection.all(repository.OF_EMAILS, account_id=account, emails=emails)
    if not found:
        return {}
    ids = [one.id for one in found]
    # Who was deleted at this moment is not there any more, and is made anew.
    there = set(connection.all(repository.LOCK, account_id=account, ids=ids))
    return {one.email: one.id for one in found if one.id in there}


def _bury(connection: Connection, account: int, people: Sequence[NewContact]) -> None:
    """Who is still to be deleted with a list that is gone, and is named anew: the old one goes now,
    as if that had been done when it was asked, so that the new one is not taken for it.
    """
    dooming = connection.all(collections.DOOMING, account_id=account)
    if not dooming:
        return
    numbers = list({_number(person) for person in people if person.phone_number})
    emails = list({_email(person) for person in people if person.email})
    ids = [
        *(
            one.id
            for one in connection.all(repository.OF_NUMBERS, account_id=account, numbers=numbers)
        ),
        *(
            one.id
            for one in connection.all(repository.OF_EMAILS, account_id=account, emails=emails)
        ),
    ]
    locked = connection.all(repository.LOCK, account_id=account, ids=ids)
    for gone in dooming:
        doomed = connection.all(collections.MEMBERS_AMONG, list_id=gone, contacts=locked)
        erase(connection, account, doomed)


def _number(person: NewContact) -> str:
    return person.phone_number or ""


def _email(person: NewContact) -> str:
    return person.email or ""
