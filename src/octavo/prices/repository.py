"""Statements on prices."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.dialect import const
from octavo.db.schema import money
from octavo.db.statement import Command, Query, Value
from octavo.kit.money import Money
from octavo.prices.schemas import EVERYBODY, Price

_price = money.price.c
_COLUMNS = ("account_id", "product", "country", "amount")


def _a_price(row: Sequence[Value]) -> Price:
    account, product, country, amount = row
    return Price(int(account or 0), str(product), str(country), Money(int(amount or 0)))


PRICES_OF = Query(
    lambda row: (str(row[0]), Money(int(row[1] or 0))),
    sa.select(_price.country, _price.amount)
    .where(
        _price.product == bindparam("product"),
        sa.or_(_price.account_id == const(EVERYBODY), _price.account_id == bindparam("account_id")),
    )
    .order_by(_price.account_id),
)
"""Country and amount, an account's own prices after those for everybody."""

PRICES = Query(
    _a_price,
    sa.select(_price.account_id, _price.product, _price.country, _price.amount)
    .where(
        _price.account_id == bindparam("account_id"),
        sa.or_(bindparam("any_product") == 1, _price.product == bindparam("product")),
        sa.or_(bindparam("any_country") == 1, _price.country == bindparam("country")),
    )
    .order_by(_price.product, _price.country),
)

SET_PRICE = Command(
    lambda d: (
        (statement := d.insert(money.price))
        .values({name: bindparam(name) for name in _COLUMNS})
        .on_conflict_do_update(
            index_elements=["account_id", "product", "country"],
            set_={"amount": statement.excluded.amount},
        )
    ),
    takes=_COLUMNS,
)

UNSET_PRICE = Command(
    sa.delete(money.price).where(
        _price.account_id == bindparam("account_id"),
        _price.product == bindparam("product"),
        _price.country == bindparam("country"),
    )
)
"""What holds then is the price for everybody, if there is one."""
