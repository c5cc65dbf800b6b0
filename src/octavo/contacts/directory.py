"""Looking contacts, lists and tags up: functions inside somebody's unit of work."""

from octavo.contacts import repository
from octavo.contacts.collections import LISTS, TAGS
from octavo.contacts.reading import email_of, number_of
from octavo.contacts.schemas import Contact, Counted, NoSuchContact
from octavo.contacts.service import find_list, find_tag
from octavo.db.connection import Connection
from octavo.numbers import NumberReader


def find(connection: Connection, account: int, written: str, numbers: NumberReader) -> Contact:
    """The contact with a number, or with an e-mail address. Raises NoSuchContact."""
    email = email_of(written)
    if email:
        found = connection.one(repository.FIND_BY_EMAIL, account_id=account, email=email)
    else:
        number = number_of(written, numbers).phone_number
        found = connection.one(repository.FIND, account_id=account, phone_number=number)
    if found is None:
        raise NoSuchContact(written)
    return found


def lists(connection: Connection, account: int) -> list[Counted]:
    """The lists of an account, by name."""
    return connection.all(LISTS.counted, account_id=account)


def tags(connection: Connection, account: int) -> list[Counted]:
    """The tags of an account, by name."""
    return connection.all(TAGS.counted, account_id=account)


def lists_of(connection: Connection, account: int, contact: int) -> list[str]:
    """The names of the lists that a contact is on."""
    return connection.all(LISTS.names, account_id=account, contact=contact)


def tags_of(connection: Connection, account: int, contact: int) -> list[str]:
    """The names of the tags that a contact has."""
    return connection.all(TAGS.names, account_id=account, contact=contact)


def page(
    connection: Connection,
    account: int,
    *,
    list_name: str | None = None,
    tag_name: str | None = None,
    invalid: bool = False,
    after: int = 0,
    most: int = 20,
) -> list[Contact]:
    """Contacts of an account, of a list or of a tag, after one by its number of row; `invalid`:
    only those whose number cannot be sent to. Raises Refusal (303).
    """
    given = {"account_id": account, "invalid": int(invalid), "after": after, "most": most}
    if list_name is not None:
        number = find_list(connection, account, list_name)
        return connection.all(LISTS.page, collection=number, **given)
    if tag_name is not None:
        number = find_tag(connection, account, tag_name)
        return connection.all(TAGS.page, collection=number, **given)
    return connection.all(repository.PAGE, **given)
