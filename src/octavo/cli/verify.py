"""`octavo verify`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import as_json, dump, example, say

if TYPE_CHECKING:
    from octavo.db.connection import Connection
    from octavo.db.database import Reader
    from octavo.db.statement import Query
    from octavo.ledger.verify import Breach

    Check = Callable[[Connection, int], list[Breach]]


@click.command(epilog=example("octavo verify", "octavo verify --json"))
@as_json
@operator
def verify(octavo: Operator, as_json: bool) -> None:
    """Prove that all campaigns and wallets add up; exit code 1 if one does not."""
    campaigns, accounts, breaches = _verify(octavo, quiet=as_json)
    if as_json:
        dump(
            {
                "campaigns": campaigns,
                "accounts": accounts,
                "breaches": [breach._asdict() for breach in breaches],
            }
        )
    else:
        for b in breaches:
            say(f"{b.where}: {b.what}: expected {b.expected}, found {b.found}")
        result = f"{_counted(len(breaches), 'sum')} wrong" if breaches else "everything adds up"
        checked = f"{_counted(campaigns, 'campaign')} and {_counted(accounts, 'account')}"
        say(f"checked {checked}: {result}")
    if breaches:
        raise click.exceptions.Exit(1)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def _verify(octavo: Operator, *, quiet: bool) -> "tuple[int, int, list[Breach]]":
    from octavo.cli import repository
    from octavo.db.statements import verifying
    from octavo.ledger import verify as ledger

    breaches: list[Breach] = []
    with octavo.reading() as reader:
        total = reader.run(lambda c: c.one(repository.CAMPAIGN_COUNT) or 0)
        with _progress(total, quiet=quiet) as step:
            campaigns = _walk(reader, verifying.NEXT_CAMPAIGN, ledger.campaign, breaches, step)
        accounts = _walk(reader, verifying.NEXT_ACCOUNT, ledger.account, breaches, lambda: None)
    return campaigns, accounts, breaches


def _walk(
    reader: "Reader",
    following: "Query[int]",
    check: "Check",
    breaches: "list[Breach]",
    step: Callable[[], None],
) -> int:
    """Checks one after the other, each on a snapshot of its own; how many."""

    def unit(connection: "Connection", after: int) -> "tuple[int, list[Breach]] | None":
        number = connection.one(following, after=after)
        return None if number is None else (number, check(connection, number))

    after, checked = 0, 0
    while (found := reader.run(partial(unit, after=after))) is not None:
        after, told = found
        breaches += told
        checked += 1
        step()
    return checked


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's error output; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=total, label="verifying", file=sys.stderr) as bar:
        yield lambda: bar.update(1)
