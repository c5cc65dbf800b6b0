"""Entries and balances."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import money, people
from octavo.db.statement import Query, first_integer
from octavo.db.statements.orders import insert

_account = people.account.c
_pack = money.pack.c

INSERT_ENTRY = Query(
    first_integer,
    lambda d: (
        d.insert(money.entry)
        .values({c.name: bindparam(c.name) for c in money.entry.columns if c.name != "id"})
        .on_conflict_do_nothing(index_elements=["account_id", "kind", "ref"])
        .returning(money.entry.c.amount)
    ),
)
"""Gives a row when the entry is new."""

INSERT_ENTRIES = insert(money.entry, "id", at_once=True)
"""Of campaigns that are new themselves."""

CREDIT = Query(
    first_integer,
    sa.update(people.account)
    .where(_account.id == bindparam("account_id"))
    .values(available=_account.available + bindparam("amount"))
    .returning(_account.available),
)

AVAILABLE = Query(
    first_integer,
    sa.select(_account.available).where(_account.id == bindparam("account_id")),
)

INSERT_PACK = insert(money.pack, "spent")


class PackRow(NamedTuple):
    """A top-up."""

    id: str
    amount: int
    expires_at: int | None
    created_at: int


PACKS = Query(
    PackRow._make,
    sa.select(_pack.id, _pack.amount, _pack.expires_at, _pack.created_at).where(
        _pack.account_id == bindparam("account_id")
    ),
)
