"""`octavo account ...`."""

import sys
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Cell, as_json, dump, example, moment, pairs, say, table

if TYPE_CHECKING:
    from octavo.accounts.schemas import ApiKey
    from octavo.db.connection import Connection


@click.group()
def account() -> None:
    """Accounts and their api keys."""


@account.command("list", epilog=example("octavo account list"))
@as_json
@operator
def list_(octavo: Operator, as_json: bool) -> None:
    """List the accounts."""
    from octavo.accounts.service import list_accounts, list_keys
    from octavo.kit.money import Money, plain

    found, keys = octavo.read(lambda c: (list_accounts(c), list_keys(c)))
    rows = [
        (a.id, a.name, _logins(keys, a.id), plain(Money(a.available)), a.currency) for a in found
    ]
    if as_json:
        names = ("id", "name", "logins", "available", "currency")
        dump([dict(zip(names, row, strict=True)) for row in rows])
    else:
        table(
            ("id", "name", "logins", "available", ""),
            [(i, name, ", ".join(logins), money, unit) for i, name, logins, money, unit in rows],
        )


@account.command(epilog=example('octavo account create "My shop" --login shop@example.org'))
@click.argument("name")
@click.option("--login", required=True, help="The api-login, such as an e-mail address.")
@click.option("--key", help="A key to keep, of 12 to 128 characters; - reads it from the input.")
@click.option("--time-zone", default="Europe/Paris", show_default=True, help="For local times.")
@as_json
@operator
def create(
    octavo: Operator, *, name: str, login: str, key: str | None, time_zone: str, as_json: bool
) -> None:
    """Make an account with an api key, shown this once."""
    from octavo.accounts.service import create_account
    from octavo.kit.clock import system_clock

    peppers, given = octavo.peppers, _given(key)
    made = octavo.write(
        lambda c: create_account(
            c,
            peppers,
            name=name,
            login=login,
            key=given,
            time_zone=time_zone,
            now=system_clock(),
        )
    )
    told: dict[str, Cell] = {
        "id": made.account.id,
        "name": name,
        "api-login": made.login,
        "api-key": made.key,
    }
    dump(told) if as_json else pairs(told)


@account.command(epilog=example("octavo account show demo@octavo.localhost"))
@click.argument("account")
@as_json
@operator
def show(octavo: Operator, account: str, as_json: bool) -> None:
    """Show an account, given by number or login."""
    from octavo.accounts import service
    from octavo.kit.money import plain

    def unit(c: "Connection") -> dict[str, str | int | list[str] | dict[str, str]]:
        found = service.find(c, account)
        balance = service.balance(c, found.id)
        return {
            **found._asdict(),
            "logins": _logins(service.list_keys(c, found.id), found.id),
            "available": plain(balance.available),
            "held": plain(balance.held),
            "parameters": service.parameters(c, found.id),
        }

    told = octavo.read(unit)
    if as_json:
        dump(told)
    else:
        pairs({name: _flat(value) for name, value in told.items()})


@account.group()
def key() -> None:
    """Api keys."""


@key.command(epilog=example("octavo account key add --login demo@octavo.localhost"))
@click.option("--login", required=True, help="The api-login that the key is used with.")
@click.option("--account", help="The account, by number or login; needed for a new login.")
@click.option("--value", help="A key to keep, of 12 to 128 characters; - reads it from the input.")
@click.option("--label", default="", help="What the key is for.")
@as_json
@operator
def add(
    octavo: Operator,
    *,
    login: str,
    account: str | None,
    value: str | None,
    label: str,
    as_json: bool,
) -> None:
    """Add an api key to a login, shown this once; older keys go on working."""
    from octavo.accounts import service
    from octavo.kit.clock import system_clock

    peppers, given = octavo.peppers, _given(value)

    def unit(c: "Connection") -> str:
        owner = service.find(c, account or login)
        return service.add_key(
            c,
            peppers,
            account=owner.id,
            login=login,
            now=system_clock(),
            value=given,
            label=label,
        )

    told = {"api-login": login, "api-key": octavo.write(unit)}
    dump(told) if as_json else pairs(told)


@key.command("list", epilog=example("octavo account key list --account 1"))
@click.option("--account", help="Only of this account, by number or login.")
@as_json
@operator
def list_keys(octavo: Operator, account: str | None, as_json: bool) -> None:
    """List api keys; what they are is kept nowhere."""
    from octavo.accounts import service

    peppers = octavo.peppers

    def unit(c: "Connection") -> "list[ApiKey]":
        return service.list_keys(c, service.find(c, account).id if account else None)

    heads = ("id", "account", "login", "label", "created", "state")
    rows = []
    for k in octavo.read(unit):
        state = "active" if k.pepper in peppers else "pepper missing"
        if k.revoked_at:
            state = "revoked"
        rows.append((k.id, k.account, k.login, k.label, moment(k.created_at), state))
    if as_json:
        dump([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        table(heads, rows)


@key.command(epilog=example("octavo account key revoke 3"))
@click.argument("key_id", type=int)
@as_json
@operator
def revoke(octavo: Operator, key_id: int, as_json: bool) -> None:
    """Revoke an api key, by its number in `key list`."""
    from octavo.accounts.service import revoke_key
    from octavo.kit.clock import system_clock

    octavo.write(lambda c: revoke_key(c, key_id, system_clock()))
    if as_json:
        dump({"id": key_id, "state": "revoked"})
    else:
        say(f"key {key_id} was revoked")


def _given(value: str | None) -> str | None:
    return sys.stdin.readline() if value == "-" else value


def _logins(keys: "list[ApiKey]", account: int) -> list[str]:
    return sorted({k.login for k in keys if k.account == account and not k.revoked_at})


def _flat(value: str | int | list[str] | dict[str, str]) -> str | int:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items())
    return value
