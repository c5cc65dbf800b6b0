"""From what a request says of people to contacts: pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from octavo.contacts.schemas import Entry, NewContact
from octavo.numbers import Number, NumberReader, Unreadable, as_written
from octavo.text.personalise import MAX_VALUE

MAX_EMAIL = 320

_TOLD = Entry._fields[2:]


class People(NamedTuple):
    """Who can be kept, and what was written of those who cannot."""

    people: list[NewContact]
    unusable: list[str]


class Addresses(NamedTuple):
    """Whom a request means: numbers as contacts have them, and e-mail addresses."""

    numbers: list[str]
    emails: list[str]


def read_people(entries: Iterable[Entry], numbers: NumberReader) -> People:
    """A number that cannot be sent to is kept and marked; who has neither a number nor an e-mail
    address is nobody.
    """
    read = People([], [])
    for entry in entries:
        person = _read(entry, numbers)
        if person is None:
            read.unusable.append(entry.phone_number or entry.email)
        else:
            read.people.append(person)
    return read


def recipient(number: Number, told: Mapping[str, str]) -> NewContact:
    """A contact that is somebody written to, with what the request tells of them."""
    return _filled(NewContact(number.e164, country=number.country), told)


def read_addresses(written: Iterable[str], numbers: NumberReader) -> Addresses:
    """What is neither a number nor an e-mail address means nobody."""
    read = Addresses([], [])
    for one in written:
        number = number_of(one, numbers).phone_number
        if email := email_of(one):
            read.emails.append(email)
        elif number:
            read.numbers.append(number)
    return read


def number_of(written: str, numbers: NumberReader) -> NewContact:
    """A contact that has only a number: None when nothing is left of what was written."""
    if not written:
        return NewContact(None)
    number = numbers.read(written)
    if isinstance(number, Unreadable):
        return NewContact(as_written(written) or None, invalid=1)
    return NewContact(number.e164, country=number.country)


def email_of(written: str) -> str | None:
    """An e-mail address as it tells people apart: in small letters."""
    email = written.strip().lower()
    return email if "@" in email.strip("@") and len(email) <= MAX_EMAIL else None


def _read(entry: Entry, numbers: NumberReader) -> NewContact | None:
    person = number_of(entry.phone_number, numbers)
    email = email_of(entry.email) or email_of(entry.phone_number)
    if person.phone_number is None or (person.invalid and "@" in entry.phone_number):
        if email is None:
            return None
        person = NewContact(None)
    told = dict(zip(_TOLD, entry[2:], strict=True))
    return _filled(person._replace(email=email), told)


def _filled(person: NewContact, told: Mapping[str, str]) -> NewContact:
    values = (told.get(name, "")[:MAX_VALUE] for name in _TOLD)
    return NewContact._make(
        (person.phone_number, *values, person.email, person.country, person.invalid)
    )
