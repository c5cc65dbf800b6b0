"""Prices by account, product and country."""

import re
from collections.abc import Mapping

from octavo.db.connection import Connection
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.kit.fresh import Fresh
from octavo.kit.money import Money
from octavo.prices import repository
from octavo.prices.schemas import EVERYBODY, BadPrice, NoSuchPrice, Price


class Prices:
    """The prices that orders are planned with; a change made elsewhere is felt in two seconds."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._fresh: Fresh[tuple[int, str], Mapping[str, Money]] = Fresh(self._read, clock)

    async def of(self, account: int, product: str) -> Mapping[str, Money]:
        """The price of one part of a product by country (ISO 3166-1 alpha-2)."""
        return await self._fresh.get((account, product))

    def forget(self) -> None:
        """To be called when this process has changed a price."""
        self._fresh.forget()

    async def _read(self, key: tuple[int, str]) -> Mapping[str, Money]:
        def unit(connection: Connection) -> Mapping[str, Money]:
            return prices_of(connection, *key)

        return await self._store.read(unit)


def prices_of(connection: Connection, account: int, product: str) -> Mapping[str, Money]:
    """The price of one part by country: the account's own, else that for everybody."""
    return dict(connection.all(repository.PRICES_OF, account_id=account, product=product))


def list_prices(
    connection: Connection,
    *,
    account: int = EVERYBODY,
    product: str | None = None,
    country: str | None = None,
) -> list[Price]:
    """The prices set for an account itself, by product and country."""
    return connection.all(
        repository.PRICES,
        account_id=account,
        any_product=int(product is None),
        product=product or "",
        any_country=int(country is None),
        country=country or "",
    )


def set_price(connection: Connection, price: Price) -> None:
    """Sets or changes a price. Raises BadPrice."""
    if price.amount < 0 or not re.fullmatch("[A-Z]{2}", price.country):
        raise BadPrice(price.country)
    connection.many(repository.SET_PRICE, [price])


def unset_price(connection: Connection, account: int, product: str, country: str) -> None:
    """Takes a price away: then the one for everybody holds, if any. Raises NoSuchPrice."""
    gone = connection.run(
        repository.UNSET_PRICE, account_id=account, product=product, country=country
    )
    if not gone:
        raise NoSuchPrice(f"{product} {country}")
