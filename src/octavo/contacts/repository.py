"""Statements on contacts, lists and tags."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.contacts.schemas import NewContact
from octavo.db.dialect import Dialect, Insert
from octavo.db.schema import people
from octavo.db.statement import Command, Query, first_integer

_contact = people.contact.c
_FILLED: Final = NewContact._fields[1:]


def _upsert_contact(dialect: Dialect) -> Insert:
    statement = dialect.insert(people.contact).values(
        account_id=bindparam("account_id"),
        phone_number=bindparam("phone_number"),
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
        **{name: sa.func.nullif(bindparam(name), sa.literal_column("''")) for name in _FILLED},
    )
    new = statement.excluded
    filled = {name: sa.func.coalesce(new[name], _contact[name]) for name in _FILLED}
    return statement.on_conflict_do_update(
        index_elements=["account_id", "phone_number"],
        set_={**filled, "updated_at": new.updated_at},
    )


UPSERT_CONTACT = Command(
    _upsert_contact, takes=("account_id", *NewContact._fields, "created_at", "updated_at")
)
"""A value that is given replaces one; an empty one leaves what is there."""


class Collection:
    """The statements on lists or on tags: named sets of contacts."""

    def __init__(self, named: sa.Table, member: sa.Table) -> None:
        key = f"{named.name}_id"
        self.ensure: Query[int] = Query(
            first_integer,
            lambda d: (
                d.insert(named)
                .values(
                    account_id=bindparam("account_id"),
                    name=bindparam("name"),
                    created_at=bindparam("now"),
                )
                # Setting the name to itself makes RETURNING give the row that was there.
                .on_conflict_do_update(
                    index_elements=["account_id", "name"], set_={"name": bindparam("name")}
                )
                .returning(named.c.id)
            ),
        )
        self.add = Command(
            lambda d: (
                d.insert(member)
                .from_select(
                    [key, "contact_id"],
                    sa.select(bindparam("collection", type_=sa.BigInteger()), _contact.id).where(
                        _contact.account_id == bindparam("account_id"),
                        d.among(_contact.phone_number, "numbers"),
                    ),
                )
                .on_conflict_do_nothing(index_elements=[key, "contact_id"])
            )
        )


LISTS = Collection(people.list_, people.list_member)
TAGS = Collection(people.tag, people.tag_member)
