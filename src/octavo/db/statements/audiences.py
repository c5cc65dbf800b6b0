"""Who is on a list or has a tag, by contact, a page at a time."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import people
from octavo.db.statement import Query, first_integer, first_text

_contact = people.contact.c


class Members:
    """The statements on lists or on tags."""

    def __init__(self, named: sa.Table, member: sa.Table, country: sa.Table) -> None:
        key = f"{named.name}_id"
        mine = member.c[key] == bindparam("collection")
        self.name: Query[str] = Query(
            first_text,
            sa.select(named.c.name).where(
                named.c.id == bindparam("collection"),
                named.c.account_id == bindparam("account_id"),
            ),
        )
        """No row when it is gone; its members may still be there."""
        self.after: Query[int] = Query(
            first_integer,
            sa.select(member.c.contact_id)
            .where(mine, member.c.contact_id > bindparam("after"))
            .order_by(member.c.contact_id)
            .limit(bindparam("most")),
        )
        self.among: Query[int] = Query(
            first_integer,
            lambda d: sa.select(member.c.contact_id).where(
                mine, d.among(member.c.contact_id, "contacts")
            ),
        )
        self.countries: Query[str] = Query(
            first_text,
            lambda d: sa.select(country.c.country).where(
                country.c[key] == bindparam("collection"),
                d.among(country.c.country, "countries"),
            ),
        )
        """Those of some countries that somebody may be of; nobody is of the others."""
        self.of_country: Query[int] = Query(
            first_integer,
            lambda d: (
                sa.select(member.c.contact_id)
                .join(people.contact, _contact.id == member.c.contact_id)
                .where(
                    mine,
                    member.c.contact_id > bindparam("after"),
                    d.among(_contact.country, "countries"),
                    _contact.invalid == 0,
                )
                .order_by(member.c.contact_id)
                .limit(bindparam("most"))
            ),
        )


LISTS = Members(people.list_, people.list_member, people.list_country)
TAGS = Members(people.tag, people.tag_member, people.tag_country)
