"""Contacts and lists (contract 5.1 to 5.5)."""

from collections.abc import Callable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from octavo.api.answers import nothing
from octavo.api.context import Services, authenticated, payload_of, read
from octavo.api.errors.codes import FieldCode
from octavo.api.lenient import contact_fields as fields
from octavo.api.lenient.contactkinds import Email
from octavo.api.lenient.reader import Reading
from octavo.api.lenient.recipients import RecipientInput
from octavo.contacts import service as contacts
from octavo.contacts.reading import People, read_addresses, read_people
from octavo.contacts.schemas import Entry, Filing, NewContact
from octavo.db.connection import Connection
from octavo.db.unit_of_work import Rank
from octavo.kit.errors import FieldProblem, Refusal

MOST_CREATED = 500
MOST_DELETED = 200
"""Contract 5.1 (a proposal) and 13."""

NO_CONTACTS = 110
NO_VALID_NUMBER = 117
TOO_MANY = 305

_MAX_NAMED = 3


async def create(request: Request, services: Services) -> Response:
    """`POST /contact/create`."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.CONTACT_CREATE, payload)
    given = reading[fields.CONTACTS]
    _check_number_of(given, MOST_CREATED)
    found = read_people(map(_entry, given), services.numbers)
    if not found.people:
        _refuse_all(found)
    now = services.clock()
    for filing in contacts.portions(_filing(reading, found.people)):
        file = partial(contacts.file, account=account.id, filing=filing, now=now)
        await services.store.write(Rank.ACCEPT, file)
    lost = (fields.CONTACTS.name,) if found.unusable else ()
    return nothing(201, repaired=tuple(dict.fromkeys((*reading.repaired, *lost))))


async def delete(request: Request, services: Services) -> Response:
    """`DELETE /contact/delete`; who is not there is gone already."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.CONTACT_DELETE, payload)
    given = reading[fields.PHONE_NUMBERS]
    _check_number_of(given, MOST_DELETED)
    addresses = read_addresses(given, services.numbers)
    list_name = reading[fields.OFF_LIST]
    await services.store.write(
        Rank.ACCEPT, lambda c: contacts.delete(c, account.id, addresses, list_name)
    )
    return nothing(204, repaired=reading.repaired)


async def create_list(request: Request, services: Services) -> Response:
    """`POST /contact-list/create`."""
    now = services.clock()
    return await _on_list(
        request, services, 201, lambda c, account, name: contacts.create_list(c, account, name, now)
    )


async def delete_list(request: Request, services: Services) -> Response:
    """`DELETE /contact-list/delete`."""
    now = services.clock()
    return await _on_list(
        request, services, 204, lambda c, account, name: contacts.delete_list(c, account, name, now)
    )


async def empty_list(request: Request, services: Services) -> Response:
    """`POST /contact-list/empty`."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.LIST_EMPTY, payload)
    name = _list_name(reading)
    with_contacts = reading[fields.DELETE_CONTACTS]
    now = services.clock()
    await services.store.write(
        Rank.ACCEPT,
        lambda c: contacts.empty_list(c, account.id, name, now, delete_contacts=with_contacts),
    )
    return nothing(200, repaired=reading.repaired)


async def _on_list(
    request: Request,
    services: Services,
    status: int,
    change: Callable[[Connection, int, str], None],
) -> Response:
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.LIST_NAMED, payload)
    name = _list_name(reading)
    await services.store.write(Rank.ACCEPT, lambda c: change(c, account.id, name))
    return nothing(status, repaired=reading.repaired)


def _list_name(reading: Reading) -> str:
    name = reading[fields.WHICH_LIST]
    if name is None:
        raise Refusal(400, fields={"list_name": FieldProblem(FieldCode.MISSING)})
    return name


def _check_number_of(given: Sequence[object], most: int) -> None:
    if not given:
        raise Refusal(NO_CONTACTS)
    if len(given) > most:
        raise Refusal(TOO_MANY, limit=most)


def _refuse_all(found: People) -> None:
    named = [written for written in found.unusable if written][:_MAX_NAMED]
    if not named:
        raise Refusal(NO_VALID_NUMBER)
    raise Refusal(NO_VALID_NUMBER, numbers=", ".join(named))


def _entry(given: RecipientInput) -> Entry:
    email = Email.plain(given.email) or ""
    return Entry(given.phone_number, email, *given[2:9])


def _filing(reading: Reading, people: Sequence[NewContact]) -> Filing:
    lists = (reading[fields.PUT_ON_LIST], *reading[fields.PUT_ON_LISTS])
    tags = (reading[fields.TAG_NAME], *reading[fields.TAG_NAMES])
    return Filing(
        people,
        lists=list(filter(None, lists)),
        tags=list(filter(None, tags)),
        un_list=reading[fields.UN_LIST],
        un_tag=reading[fields.UN_TAG],
        overwrite=not reading[fields.DO_NOT_OVERWRITE],
        leave_out_suppressed=reading[fields.LEAVE_OUT_BLACKLISTED],
    )
