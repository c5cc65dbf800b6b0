"""The price list that a new database starts with."""

import csv
from collections.abc import Iterator
from importlib import resources

from octavo.db.connection import Connection
from octavo.kit.money import money
from octavo.prices import repository
from octavo.prices.schemas import EVERYBODY, Price


def default_prices() -> Iterator[Price]:
    """The prices of the package's `default_prices.csv`: EUR per part, empty where not sold."""
    text = resources.files("octavo.prices").joinpath("default_prices.csv").read_text("ascii")
    for row in csv.DictReader(text.splitlines()):
        country = row.pop("country")
        for product, amount in row.items():
            if amount:
                yield Price(EVERYBODY, product, country, money(amount))


def seed(connection: Connection) -> None:
    """Writes the default price list."""
    connection.many(repository.SET_PRICE, default_prices())
