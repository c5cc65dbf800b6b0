"""Arguments that are more than text."""

import re

import click

from octavo.kit.money import Money, money

MOST = money("1000000000")


class Amount(click.ParamType[Money, str]):
    """An amount of money, exact to 8 decimals."""

    name = "amount"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Money:
        """Reads it."""
        try:
            amount = money(value.replace(",", "."))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 <= amount <= MOST:
            self.fail(f"{value} is not between 0 and 1000000000", param, ctx)
        return amount


class Country(click.ParamType[str, str]):
    """An ISO 3166-1 alpha-2 country."""

    name = "country"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Reads it, in any case."""
        if not re.fullmatch("[A-Za-z]{2}", value):
            self.fail(f"{value!r} is not a country of two letters, such as FR", param, ctx)
        return value.upper()
