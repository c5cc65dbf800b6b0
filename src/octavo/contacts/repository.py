"""Statements on contacts; those on lists and tags are in `contacts.collections`."""

from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.contacts.schemas import Contact, NewContact
from octavo.db.dialect import Dialect, Insert, checked
from octavo.db.schema import people
from octavo.db.statement import Command, Query, first_integer

_contact = people.contact.c
_OF_THE_NUMBER: Final = ("phone_number", "country", "invalid")
_FILLED: Final = tuple(f for f in NewContact._fields if f not in _OF_THE_NUMBER)
_TAKES: Final = ("account_id", *NewContact._fields, "created_at", "updated_at")


def _insert(dialect: Dialect) -> Insert:
    filled = {name: sa.func.nullif(bindparam(name), sa.literal_column("''")) for name in _FILLED}
    return dialect.insert(people.contact).values(
        account_id=bindparam("account_id"),
        phone_number=bindparam("phone_number"),
        country=bindparam("country"),
        invalid=bindparam("invalid"),
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
        **filled,
    )


def _upsert(dialect: Dialect) -> Insert:
    statement = _insert(dialect)
    new = statement.excluded
    filled = {name: sa.func.coalesce(new[name], _contact[name]) for name in _FILLED}
    return statement.on_conflict_do_update(
        index_elements=["account_id", "phone_number"],
        set_={
            **filled,
            "country": new.country,
            "invalid": new.invalid,
            "updated_at": new.updated_at,
        },
    )


UPSERT = Command(_upsert, takes=_TAKES)
"""By number. A value that is given replaces one; an empty one leaves what is there."""

# Setting a column to itself locks the row, so that it is still there for what follows.
_AS_IT_IS: Final = {"updated_at": _contact.updated_at}

KEEP = Command(
    lambda d: _insert(d).on_conflict_do_update(
        index_elements=["account_id", "phone_number"], set_=_AS_IT_IS
    ),
    takes=_TAKES,
)
"""By number; who is there stays as they are."""


def _by_email(dialect: Dialect, *, overwrite: bool) -> Insert:
    statement = _insert(dialect)
    new = statement.excluded
    filled = {name: sa.func.coalesce(new[name], _contact[name]) for name in _FILLED}
    return statement.on_conflict_do_update(
        index_elements=["account_id", "email"],
        index_where=_contact.phone_number.is_(None),
        set_={**filled, "updated_at": new.updated_at} if overwrite else _AS_IT_IS,
    )


UPSERT_BY_EMAIL = Command(lambda d: _by_email(d, overwrite=True), takes=_TAKES)
KEEP_BY_EMAIL = Command(lambda d: _by_email(d, overwrite=False), takes=_TAKES)
"""As `UPSERT` and `KEEP`, for who has no number."""

FILL = Command(
    sa.update(people.contact)
    .where(_contact.id == bindparam("contact"), _contact.account_id == bindparam("account_id"))
    .values(
        updated_at=bindparam("updated_at"),
        **{
            name: sa.func.coalesce(
                sa.func.nullif(bindparam(name), sa.literal_column("''")), _contact[name]
            )
            for name in _FILLED
        },
    ),
    takes=("contact", *_TAKES),
)
"""What is given replaces what is there, of one contact."""

_other = people.contact.alias("other")

INHERIT = Command(
    sa.update(people.contact)
    .where(_contact.id == bindparam("contact"))
    .values(
        {
            name: sa.func.coalesce(
                _contact[name],
                sa.select(_other.c[name])
                .where(
                    _other.c.id == bindparam("other"), _other.c.account_id == _contact.account_id
                )
                .scalar_subquery(),
            )
            for name in _FILLED
        }
    ),
    takes=("contact", "other"),
)
"""What one contact lacks is taken from another one of the account."""


class Numbered(NamedTuple):
    """A contact and its number."""

    id: int
    phone_number: str


class Mailed(NamedTuple):
    """A contact and its e-mail address."""

    id: int
    email: str


_of_account = _contact.account_id == bindparam("account_id")
_of_this_account = checked(_contact.account_id) == bindparam("account_id")
"""Of rows that are found by their keys."""


def _of_numbers(dialect: Dialect) -> sa.Executable:
    found = dialect.picked(people.contact, _contact.phone_number, "numbers", _of_account)
    row = found.table.c
    return sa.select(row.id, row.phone_number).select_from(found.source).where(found.where)


OF_NUMBERS = Query(Numbered._make, _of_numbers)


def _of_emails(dialect: Dialect) -> sa.Executable:
    found = dialect.picked(people.contact, _contact.email, "emails", _of_account)
    row = found.table.c
    without_number = sa.case((row.phone_number.is_(None), row.id))
    # Grouped by the bare column, SQLite would go through all addresses of the account.
    email = sa.func.coalesce(row.email, sa.literal_column("''"))
    first = sa.func.coalesce(sa.func.min(without_number), sa.func.min(row.id))
    return sa.select(first, email).select_from(found.source).where(found.where).group_by(email)


OF_EMAILS = Query(Mailed._make, _of_emails)
"""Whom an address means: who has it and no number, else who had it first."""


def _known_by_email(dialect: Dialect) -> sa.Executable:
    found = dialect.picked(
        people.contact,
        _contact.email,
        "emails",
        _of_account,
        # Not IS NULL: of contacts without a number there may be millions.
        sa.case((_contact.phone_number.is_(None), 0), else_=1) == 0,
        lock=True,
    )
    row = found.table.c
    return sa.select(row.id, row.email).select_from(found.source).where(found.where)


KNOWN_BY_EMAIL = Query(Mailed._make, _known_by_email)
"""Who has one of the addresses and no number; on PostgreSQL the rows are ours until the end."""


def _lock_by_number(dialect: Dialect) -> sa.Executable:
    found = dialect.picked(people.contact, _contact.phone_number, "numbers", _of_account, lock=True)
    return sa.select(found.table.c.id).select_from(found.source).where(found.where)


LOCK_BY_NUMBER = Query(first_integer, _lock_by_number)
"""Contacts, ours until the end; numbers are given in the order in which they are upserted, so that
nobody waits for somebody who waits for them.
"""

LOCK = Query(
    first_integer,
    lambda d: (
        sa.select(_contact.id)
        .where(_of_this_account, d.among(_contact.id, "ids"))
        .order_by(_contact.phone_number, _contact.id)
        .with_for_update()
    ),
)
"""As `LOCK_BY_NUMBER`, by number of row."""

ERASE = Command(
    lambda d: sa.delete(people.contact).where(_of_this_account, d.among(_contact.id, "contacts"))
)
"""Without their places on lists and tags, which go first."""

_told = sa.select(*(_contact[name] for name in Contact._fields))

FIND = Query(
    Contact._make,
    _told.where(_of_account, _contact.phone_number == bindparam("phone_number")),
)
FIND_BY_EMAIL = Query(
    Contact._make,
    _told.where(_of_account, _contact.email == bindparam("email")).order_by(_contact.id).limit(1),
)
PAGE = Query(
    Contact._make,
    _told.where(
        _of_this_account, _contact.id > bindparam("after"), _contact.invalid >= bindparam("invalid")
    )
    .order_by(_contact.id)
    .limit(bindparam("most")),
)
"""Contacts by number of row; those with a number that cannot be sent to only with `invalid` 1."""
