"""Statements on lists and tags: named sets of contacts."""

from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.contacts.schemas import Contact, Counted
from octavo.db.dialect import Dialect, Insert, checked
from octavo.db.schema import people
from octavo.db.statement import Command, Query, first_integer, first_text

_contact = people.contact.c
_removal = people.list_removal.c
_of_this_account = checked(_contact.account_id) == bindparam("account_id")


class _Tables(NamedTuple):
    """Where one kind of collection is kept."""

    named: sa.Table
    member: sa.Table
    country: sa.Table

    @property
    def key(self) -> str:
        """The column of `member` and `country` that holds the number of a collection."""
        return f"{self.named.name}_id"

    @property
    def named_so(self) -> list[sa.ColumnElement[bool]]:
        """The collection of an account that has a name."""
        columns = self.named.c
        return [
            columns.account_id == bindparam("account_id"),
            columns.name == bindparam("name"),
        ]


class Collection:
    """The statements on lists or on tags."""

    def __init__(self, named: sa.Table, member: sa.Table, country: sa.Table) -> None:
        tables = _Tables(named, member, country)
        number, of = named.c.id, member.c[tables.key]
        self.ensure = Query(first_integer, lambda d: _ensure(tables, d))
        """The number of a named one, made if it is not there."""
        self.create = Query(first_integer, lambda d: _create(tables, d))
        """The number of a new one; no row when the name is taken."""
        self.find = Query(first_integer, sa.select(number).where(*tables.named_so))
        """The number of a named one."""
        self.take_away = Query(
            first_integer, sa.delete(named).where(*tables.named_so).returning(number)
        )
        """Frees the name; gives the number that it had."""
        self.add = Command(lambda d: _add(tables, d))
        self.add_countries = Command(lambda d: _add_countries(tables, d))
        """To be run after `add`, of the same contacts."""
        self.leave = Command(
            lambda d: sa.delete(member).where(
                checked(of) == bindparam("collection"), d.among(member.c.contact_id, "contacts")
            )
        )
        self.leave_all = Command(
            lambda d: sa.delete(member).where(d.among(member.c.contact_id, "contacts"))
        )
        self.copy = Command(lambda d: _copy(tables, d), takes=("contact", "other"))
        """Puts a contact wherever another one is."""
        self.copy_countries = Command(lambda d: _copy_countries(tables, d))
        """To be run after `copy`."""
        self.counted = Query(Counted._make, _counted(tables))
        """All of an account."""
        self.names = Query(first_text, _names(tables))
        """The names of all that a contact is on."""
        self.page = Query(Contact._make, _page(tables))
        """As `repository.PAGE`, of who is on one."""


def _insert(tables: _Tables, dialect: Dialect) -> Insert:
    return dialect.insert(tables.named).values(
        account_id=bindparam("account_id"), name=bindparam("name"), created_at=bindparam("now")
    )


def _ensure(tables: _Tables, dialect: Dialect) -> sa.Executable:
    # Setting the name to itself makes RETURNING give the row that was there.
    return (
        _insert(tables, dialect)
        .on_conflict_do_update(
            index_elements=["account_id", "name"], set_={"name": bindparam("name")}
        )
        .returning(tables.named.c.id)
    )


def _create(tables: _Tables, dialect: Dialect) -> sa.Executable:
    return (
        _insert(tables, dialect)
        .on_conflict_do_nothing(index_elements=["account_id", "name"])
        .returning(tables.named.c.id)
    )


def _add(tables: _Tables, dialect: Dialect) -> sa.Executable:
    columns = [tables.key, "contact_id"]
    rows = sa.select(bindparam("collection", type_=sa.BigInteger()), _contact.id).where(
        _of_this_account, dialect.among(_contact.id, "contacts")
    )
    return (
        dialect.insert(tables.member)
        .from_select(columns, rows)
        .on_conflict_do_nothing(index_elements=columns)
    )


def _add_countries(tables: _Tables, dialect: Dialect) -> sa.Executable:
    columns = [tables.key, "country"]
    rows = (
        sa.select(bindparam("collection", type_=sa.BigInteger()), _contact.country)
        .distinct()
        .where(
            _of_this_account,
            dialect.among(_contact.id, "contacts"),
            _contact.country != "",
        )
    )
    return (
        dialect.insert(tables.country)
        .from_select(columns, rows)
        .on_conflict_do_nothing(index_elements=columns)
    )


def _copy(tables: _Tables, dialect: Dialect) -> sa.Executable:
    columns = [tables.key, "contact_id"]
    of, member = tables.member.c[tables.key], tables.member.c
    rows = (
        sa.select(of, bindparam("contact", type_=sa.BigInteger()))
        # What is being removed is not copied: its members would be counted from the first again.
        .join(tables.named, tables.named.c.id == of)
        .where(member.contact_id == bindparam("other"))
    )
    return (
        dialect.insert(tables.member)
        .from_select(columns, rows)
        .on_conflict_do_nothing(index_elements=columns)
    )


def _copy_countries(tables: _Tables, dialect: Dialect) -> sa.Executable:
    columns = [tables.key, "country"]
    member = tables.member.c
    rows = (
        sa.select(member[tables.key], _contact.country)
        .distinct()
        .join(people.contact, _contact.id == member.contact_id)
        .where(dialect.among(member.contact_id, "contacts"), _contact.country != "")
    )
    return (
        dialect.insert(tables.country)
        .from_select(columns, rows)
        .on_conflict_do_nothing(index_elements=columns)
    )


def _counted(tables: _Tables) -> sa.Executable:
    named = tables.named.c
    on_it = (
        sa.select(sa.func.count())
        .select_from(tables.member)
        .where(tables.member.c[tables.key] == named.id)
        .scalar_subquery()
    )
    return (
        sa.select(named.id, named.name, on_it, named.created_at)
        .where(named.account_id == bindparam("account_id"))
        .order_by(named.name)
    )


def _names(tables: _Tables) -> sa.Executable:
    named, member = tables.named.c, tables.member.c
    return (
        sa.select(named.name)
        .join(tables.member, member[tables.key] == named.id)
        .where(
            named.account_id == bindparam("account_id"),
            member.contact_id == bindparam("contact"),
        )
        .order_by(named.name)
    )


def _page(tables: _Tables) -> sa.Executable:
    member = tables.member.c
    return (
        sa.select(*(_contact[name] for name in Contact._fields))
        .join(tables.member, member.contact_id == _contact.id)
        .where(
            member[tables.key] == bindparam("collection"),
            member.contact_id > bindparam("after"),
            _of_this_account,
            _contact.invalid >= bindparam("invalid"),
        )
        .order_by(member.contact_id)
        .limit(bindparam("most"))
    )


LISTS: Final = Collection(people.list_, people.list_member, people.list_country)
TAGS: Final = Collection(people.tag, people.tag_member, people.tag_country)

_member = people.list_member.c

FIRST_MEMBERS = Query(
    first_integer,
    sa.select(_member.contact_id)
    .where(_member.list_id == bindparam("list_id"))
    .order_by(_member.contact_id)
    .limit(bindparam("most")),
)

MEMBERS_AMONG = Query(
    first_integer,
    lambda d: sa.select(_member.contact_id).where(
        checked(_member.list_id) == bindparam("list_id"),
        d.among(_member.contact_id, "contacts"),
    ),
)

LEAVE_UP_TO = Command(
    sa.delete(people.list_member).where(
        _member.list_id == bindparam("list_id"), _member.contact_id <= bindparam("last")
    )
)
"""Takes contacts off a list up to one of them, by number of row."""

FORGET_COUNTRIES = Command(
    sa.delete(people.list_country).where(people.list_country.c.list_id == bindparam("list_id"))
)

NOTE_REMOVAL = Command(
    sa.insert(people.list_removal).values(
        {name: bindparam(name) for name in ("account_id", "list_id", "with_contacts")}
    )
)

_removal_of = (
    _removal.account_id == bindparam("account_id"),
    _removal.list_id == bindparam("list_id"),
)

REMOVAL = Query(first_integer, sa.select(_removal.with_contacts).where(*_removal_of))
"""Whether the members of a list that is gone go too; no row when nothing is left to do."""

END_REMOVAL = Command(sa.delete(people.list_removal).where(*_removal_of))

DOOMING = Query(
    first_integer,
    sa.select(_removal.list_id).where(
        _removal.account_id == bindparam("account_id"), _removal.with_contacts == 1
    ),
)
"""The lists of an account whose members are being deleted."""
