"""What the contacts domain takes and gives."""

from collections.abc import Sequence
from typing import NamedTuple

from octavo.kit.errors import OctavoError


class Entry(NamedTuple):
    """Somebody as written in a request; what is absent is ""."""

    phone_number: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    param1: str = ""
    param2: str = ""
    param3: str = ""
    param4: str = ""
    param5: str = ""


class NewContact(NamedTuple):
    """Somebody to be kept, and what is known besides ("" or None: nothing).

    `phone_number` is in E.164 and `country` that of the number; or the number is as close to it as
    what was written and `invalid` is 1. Without a number there is an e-mail address.
    """

    phone_number: str | None
    first_name: str | None = None
    last_name: str | None = None
    param1: str | None = None
    param2: str | None = None
    param3: str | None = None
    param4: str | None = None
    param5: str | None = None
    email: str | None = None
    country: str = ""
    invalid: int = 0


class Filing(NamedTuple):
    """Contacts to be kept, and on which lists and tags (contract 5.1).

    `un_list` and `un_tag` take them off all others; without `overwrite`, who is there already
    keeps all that is known of them; `leave_out_suppressed` leaves out who opted out.
    """

    people: Sequence[NewContact]
    lists: Sequence[str] = ()
    tags: Sequence[str] = ()
    un_list: bool = False
    un_tag: bool = False
    overwrite: bool = True
    leave_out_suppressed: bool = False


class Contact(NamedTuple):
    """Somebody who is kept."""

    id: int
    phone_number: str | None
    email: str | None
    country: str
    invalid: int
    first_name: str | None
    last_name: str | None
    param1: str | None
    param2: str | None
    param3: str | None
    param4: str | None
    param5: str | None
    created_at: int
    updated_at: int


class Counted(NamedTuple):
    """A list or a tag and how many are on it."""

    id: int
    name: str
    contacts: int
    created_at: int


class NoSuchContact(OctavoError):
    """The account has no contact with this number or e-mail address."""

    says = "There is no contact with this number or e-mail address"
