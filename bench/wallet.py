"""How fast one account sends over 64 connections while its balance is kept exact.

Then it asks for more than it can pay, over all connections: what is too much must be refused, and
nothing be left.
The orders are for later (`send_at`), so that the worker has nothing to send meanwhile.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import uvloop
from _common import (
    DoesNotAddUpError,
    Figure,
    Usage,
    Yardstick,
    add_up,
    options,
    report,
    server,
    usage,
)
from _http import CREATED, request, send_all
from _site import ACCOUNT, KEY, LOGIN, Site, fresh, prepared
from accept import PRODUCT, WARM_UP, orders

from octavo.accounts.keys import load_peppers
from octavo.accounts.service import create_account
from octavo.db.connection import Connection
from octavo.kit.clock import system_clock
from octavo.kit.money import Money, money
from octavo.ledger import wallet
from octavo.prices.schemas import Price
from octavo.prices.service import set_price
from octavo.settings import Settings

CONNECTIONS = 64
BROKE = b"HTTP/1.1 400"


class Case(NamedTuple):
    """Accounts pay for `measured` orders and `more`; then as many again are asked for."""

    measured: int
    more: int = 0

    @property
    def affordable(self) -> int:
        """With those that fill the caches."""
        return WARM_UP + self.measured + self.more


class Run(NamedTuple):
    """What a server did."""

    seconds: float
    used: Usage


def main() -> None:
    """Measures one account, against as many accounts as there are connections."""
    asked = options(__doc__)
    n = 1_500 if asked.quick else 10_000
    case = Case(n, 100)
    with prepared(asked.database, asked.folder) as empty:
        apart = measure_apart(n, empty)
        run = measure(case, empty)
    name = "the same of 64 accounts, each with its own balance, none refused"
    figure = Figure(
        "orders of one account over 64 connections",
        empty.engine,
        n,
        run.seconds,
        "orders/s",
        Yardstick(name, n / apart.seconds),
        run.used.cpu,
        run.used.peak_mib,
    )
    report([figure], as_json=asked.json)


def measure(case: Case, empty: Site) -> Run:
    """One account that spends all that it has. Raises DoesNotAddUpError."""
    with fresh(empty) as site:
        paid = case.affordable
        price = site.database.write(lambda c: price_for(c, paid))
        bodies = [request(body) for body in itertools.islice(orders(1), 2_000)]
        run = drive(site, bodies, case)
        add_up(site, messages=paid, pending=paid)
        with site.database.reading() as reader:
            left = reader.run(lambda c: wallet.available(c, ACCOUNT))
        if not 0 <= left < price:
            raise DoesNotAddUpError(f"{left} is left of orders at {price}")
    return run


def measure_apart(n: int, empty: Site) -> Run:
    """As many accounts as connections."""
    with fresh(empty) as site:
        logins = [LOGIN, *(f"bench-{no}@example.org" for no in range(1, CONNECTIONS))]
        site.database.write(lambda c: make_accounts(c, site, logins[1:]))
        senders = itertools.cycle(logins)
        bodies = [
            request(body, next(senders)) for body in itertools.islice(orders(1), CONNECTIONS * 30)
        ]
        run = drive(site, bodies, Case(n))
        add_up(site, messages=n + WARM_UP, pending=n + WARM_UP)
    return run


def price_for(connection: Connection, affordable: int) -> Money:
    """Makes an order cost so much that the account can pay for exactly that many."""
    price = Money(wallet.available(connection, ACCOUNT) // affordable)
    set_price(connection, Price(ACCOUNT, PRODUCT, "FR", price))
    return price


def make_accounts(connection: Connection, site: Site, logins: Sequence[str]) -> None:
    """Accounts with credit for everything."""
    settings = Settings(data_dir=site.home, database_url=site.url)
    peppers = load_peppers(settings.pepper_file, None)
    now = system_clock()
    for login in logins:
        made = create_account(connection, peppers, name=login, login=login, key=KEY, now=now)
        wallet.top_up(
            connection, account=made.account.id, ref=login, amount=money("100000"), now=now
        )


def drive(site: Site, bodies: Sequence[bytes], case: Case) -> Run:
    """Sends to a server of the site, after a few requests that fill its caches."""
    both = CREATED, BROKE

    async def run(port: int, pid: int) -> Run:
        await send_all(port, bodies, WARM_UP, 1)
        before = usage(pid)
        seconds = await send_all(port, bodies, case.measured, CONNECTIONS)
        after = usage(pid)
        if case.more:
            await send_all(port, bodies, 2 * case.more, CONNECTIONS, fine=both)
        return Run(seconds, Usage(after.cpu - before.cpu, after.peak_mib))

    with server(site) as running:
        return uvloop.run(run(running.port, running.pid))


if __name__ == "__main__":
    main()
