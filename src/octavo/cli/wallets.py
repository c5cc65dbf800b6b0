"""`octavo wallet ...`."""

import sqlite3
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Cell, as_json, dump, example, moment, pairs, say, table
from octavo.cli.values import Amount
from octavo.kit.clock import from_datetime, system_clock
from octavo.kit.money import Money, plain

if TYPE_CHECKING:
    from octavo.accounts.schemas import Account, Balance
    from octavo.db.connection import Connection


@click.group()
def wallet() -> None:
    """The money of accounts."""


@wallet.command(epilog=example("octavo wallet show demo@octavo.localhost"))
@click.argument("account")
@as_json
@operator
def show(octavo: Operator, account: str, as_json: bool) -> None:
    """Show what an account may spend, what orders hold, and its packs."""
    from octavo.accounts import service

    def unit(c: "Connection") -> "tuple[Account, Balance]":
        found = service.find(c, account)
        return found, service.balance(c, found.id)

    owner, balance = octavo.read(unit)
    told: dict[str, Cell] = {
        "account": owner.id,
        "currency": owner.currency,
        "available": plain(balance.available),
        "held": plain(balance.held),
        "spent": plain(balance.spent),
    }
    packs = [(p.id, plain(p.credit), moment(p.expires_at)) for p in balance.packs]
    heads = ("pack", "credit", "expires")
    if as_json:
        dump({**told, "packs": [dict(zip(heads, pack, strict=True)) for pack in packs]})
    else:
        pairs(told)
        say("")
        table(heads, packs)


@wallet.command(epilog=example("octavo wallet top-up demo@octavo.localhost 50"))
@click.argument("account")
@click.argument("amount", type=Amount())
@click.option("--ref", help="Names the pack; the same one again does nothing.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="A day, at 00:00 UTC.")
@as_json
@operator
def top_up(
    octavo: Operator,
    *,
    account: str,
    amount: Money,
    ref: str | None,
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Add credit to an account."""
    from octavo.accounts import service
    from octavo.ledger import wallet as ledger

    if not amount:
        raise click.UsageError("a top-up is above zero")
    pack = ref or str(uuid.uuid4())
    expiry = from_datetime(expires.replace(tzinfo=UTC)) if expires else None
    now = system_clock()
    if expiry is not None and expiry <= now:
        raise click.UsageError("the pack would have expired already")

    def unit(c: "Connection") -> Money:
        found = service.find(c, account)
        return ledger.top_up(
            c, account=found.id, ref=pack, amount=amount, now=now, expires_at=expiry
        )

    try:
        told = {"pack": pack, "available": plain(octavo.write(unit))}
    except sqlite3.IntegrityError:
        raise click.ClickException(f"another pack is named {pack!r}: use another --ref") from None
    dump(told) if as_json else pairs(told)
