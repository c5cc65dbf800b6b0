"""`octavo price ...`."""

from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, say, table
from octavo.cli.values import Amount, Country
from octavo.kit.money import Money, plain

if TYPE_CHECKING:
    from octavo.db.connection import Connection
    from octavo.prices.schemas import Price

_account = click.option("--account", help="By number or login; without it: for everybody.")


@click.group()
def price() -> None:
    """Prices of one part, by product and country; an account's own win."""


@price.command("list", epilog=example("octavo price list --product sms_premium --country FR"))
@_account
@click.option("--product", help="Only of this product.")
@click.option("--country", type=Country(), help="Only for this country.")
@as_json
@operator
def list_(
    octavo: Operator, account: str | None, product: str | None, country: str | None, as_json: bool
) -> None:
    """List the prices for everybody, or those that an account has of its own."""
    from octavo.prices.service import list_prices

    def unit(c: "Connection") -> "list[Price]":
        return list_prices(c, account=_number(c, account), product=product, country=country)

    heads = ("product", "country", "price")
    rows = [(p.product, p.country, plain(p.amount)) for p in octavo.read(unit)]
    if as_json:
        dump([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        table(heads, rows)


@price.command("set", epilog=example("octavo price set sms_premium FR 0.042 --account 1"))
@click.argument("product")
@click.argument("country", type=Country())
@click.argument("amount", type=Amount())
@_account
@as_json
@operator
def set_(
    octavo: Operator,
    *,
    product: str,
    country: str,
    amount: Money,
    account: str | None,
    as_json: bool,
) -> None:
    """Set a price, in the account's currency; felt by a running server in two seconds."""
    from octavo.prices.schemas import Price
    from octavo.prices.service import set_price

    _check(product)

    def unit(c: "Connection") -> int:
        number = _number(c, account)
        set_price(c, Price(number, product, country, amount))
        return number

    number = octavo.write(unit)
    if as_json:
        dump(_told(number, product, country, plain(amount)))
    else:
        say(f"{product} {country} costs {plain(amount)} for {account or 'everybody'}")


@price.command(epilog=example("octavo price unset sms_premium FR --account 1"))
@click.argument("product")
@click.argument("country", type=Country())
@_account
@as_json
@operator
def unset(octavo: Operator, product: str, country: str, account: str | None, as_json: bool) -> None:
    """Take a price away; without any, nothing is sent there."""
    from octavo.prices.service import unset_price

    def unit(c: "Connection") -> int:
        number = _number(c, account)
        unset_price(c, number, product, country)
        return number

    number = octavo.write(unit)
    if as_json:
        dump(_told(number, product, country, None))
    else:
        say(f"{product} {country} has no price of its own for {account or 'everybody'} any more")


def _told(account: int, product: str, country: str, price: str | None) -> dict[str, Json]:
    """A price as it is now; the account is null where it holds for everybody."""
    return {"account": account or None, "product": product, "country": country, "price": price}


def _check(product: str) -> None:
    from octavo.prices.schemas import Product

    if product not in set(Product):
        raise click.UsageError(f"there is no product {product!r}; there are {', '.join(Product)}")


def _number(connection: "Connection", account: str | None) -> int:
    from octavo.accounts.service import find
    from octavo.prices.schemas import EVERYBODY

    return find(connection, account).id if account else EVERYBODY
