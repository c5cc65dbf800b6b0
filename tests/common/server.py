"""A real server for tests: uvicorn on a socket of its own, in a thread of this process."""

import asyncio
import contextlib
import itertools
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from octavo.accounts.schemas import NewAccount
from octavo.api.server import loop_factory
from octavo.app import processes
from octavo.db import sqlite
from octavo.db.codes import CampaignState, Scope
from octavo.db.connection import Connection
from octavo.db.unit_of_work import run_once
from octavo.kit.clock import system_clock
from octavo.kit.money import money
from octavo.ledger import verify
from octavo.prices.schemas import Price
from octavo.prices.service import set_price
from octavo.settings import Settings
from tests.common import database

PEPPER = "a-pepper-that-only-tests-use"
PREFIX = "/v1/public"
_WRITTEN = ("campaign", "slice", "account_turn", "request_key", "contact", "list", "parameter")
WAIT = 20
"""Seconds after which something that should happen at once has not happened."""


def settings(data_dir: Path, **changed: object) -> Settings:
    """Settings of a test's server: a sandbox that answers at once, whatever the shell says."""
    quick: dict[str, Any] = {
        "data_dir": data_dir,
        "listen": "127.0.0.1:0",
        "database_url": "",
        "pepper": SecretStr(PEPPER),
        "sandbox_answer_latency": 0.0,
        "sandbox_receipt_delay_min": 0.0,
        "sandbox_receipt_delay_max": 0.02,
    }
    return Settings(**(quick | changed))


class Server:
    """A server at work, seen from outside; and its database, to look into."""

    def __init__(self, url: str, database_file: Path) -> None:
        self.url = url
        self.database = database_file
        self.client = httpx2.Client(base_url=url, timeout=WAIT)
        self._looking = sqlite.connect(database_file)
        self._spare: dict[str, list[Customer]] = {}
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Ends the connections to it."""
        self.client.close()
        self._looking.close()

    def customer(self, credit: str = "100") -> "Customer":
        """An account with this credit that nobody has used yet."""
        spare = self._spare.setdefault(credit, [])
        if not spare:
            # One commit for many accounts: most of the time goes to the disk.
            with database.connection(self.database) as c:
                for number in itertools.islice(self._numbers, 20):
                    made = database.make_account(
                        c,
                        login=f"customer{number}@example.org",
                        key=f"key-of-customer-{number}",
                        credit=credit,
                        now=system_clock(),
                    )
                    spare.append(Customer(self, made))
        return spare.pop()

    def rows(self, sql: str, *values: int | str) -> list[tuple[Any, ...]]:
        """What a statement of the test's own gives."""
        return self._looking.execute(sql, values).fetchall()

    def raw(self, *pieces: bytes) -> bytes:
        """Everything that the server answers to these bytes until it ends the connection, which
        the request has to ask for.
        """
        with socket.create_connection(self._address(), WAIT) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.sendall(piece)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    def hang_up(self, request: bytes) -> None:
        """Sends these bytes and ends the connection without reading an answer."""
        with socket.create_connection(self._address(), WAIT) as connection:
            connection.sendall(request)
            time.sleep(0.05)

    def logged_requests(self, account: int) -> list[tuple[Any, ...]]:
        """What the request log says of an account's last request, once it says something."""
        log = self.database.with_name("requests.db")
        sql = "SELECT method, path, status, code, repaired FROM request WHERE account = ?"
        with contextlib.closing(sqlite3.connect(log)) as raw:
            wait_until(lambda: bool(raw.execute(sql, (account,)).fetchall()))
            return raw.execute(sql, (account,)).fetchall()

    def settled(self, ticket: str) -> None:
        """Waits until a campaign is finished and each of its messages has its receipt."""
        wait_until(
            lambda: (
                self.rows(
                    "SELECT c.state, n.pending + n.accepted + n.unknown FROM campaign c"
                    " JOIN campaign_count n ON n.campaign_id = c.id WHERE c.ticket = ?",
                    ticket,
                )
                == [(CampaignState.FINISHED, 0)]
            )
        )

    def breaches(self) -> list[verify.Breach]:
        """All that does not add up, over the whole database (P2, P4)."""
        campaigns = [number for (number,) in self.rows("SELECT id FROM campaign")]
        accounts = [number for (number,) in self.rows("SELECT id FROM account")]
        return run_once(
            self.database,
            lambda c: [
                *(breach for number in campaigns for breach in verify.campaign(c, number)),
                *(breach for number in accounts for breach in verify.account(c, number)),
            ],
        )


class More(TypedDict, total=False):
    """What a request may carry."""

    headers: dict[str, str]
    content: bytes | Iterable[bytes]
    data: dict[str, str]
    json: object


class Customer:
    """An account and the requests it makes."""

    def __init__(self, server: Server, made: NewAccount) -> None:
        self.server = server
        self.account = made.account.id
        self.login = made.login
        self.key = made.key
        self.credentials = {"api-login": made.login, "api-key": made.key}

    def request(self, method: str, path: str, **more: Unpack[More]) -> httpx2.Response:
        """A request with this account's credentials; `path` goes under the contract's prefix."""
        return self.server.client.request(
            method,
            PREFIX + path,
            headers=self.credentials | more.get("headers", {}),
            content=more.get("content"),
            data=more.get("data"),
            json=more.get("json"),
        )

    def get(self, path: str, **more: Unpack[More]) -> httpx2.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Unpack[More]) -> httpx2.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Unpack[More]) -> httpx2.Response:
        return self.request("DELETE", path, **more)

    def patch(self, path: str, **more: Unpack[More]) -> httpx2.Response:
        return self.request("PATCH", path, **more)

    def send(self, **body: object) -> httpx2.Response:
        """A direct send of an alert to one person, changed by `body`."""
        return self.post("/sms-campaign/send", json=order(**body))

    def price(self, amount: str, *, product: str = "sms_premium", country: str = "FR") -> None:
        """A price for this account alone; to be set before its first order."""
        with database.connection(self.server.database) as c:
            set_price(c, Price(self.account, product, country, money(amount)))

    def opt_out(self, *numbers: str, scope: Scope = Scope.MARKETING) -> None:
        """Suppresses numbers."""
        with database.connection(self.server.database) as c:
            c.raw.executemany(
                "INSERT INTO suppression (account_id, address, scope, reason, at)"
                " VALUES (?, ?, ?, 'stop', 0)",
                [(self.account, number, scope) for number in numbers],
            )

    def balance(self) -> Decimal:
        """What the API says is there."""
        answer = exact(self.get("/wallet/check-balance"))
        assert answer["unit"] == "euros"
        return Decimal(answer["amount"])

    def holdings(self) -> tuple[Any, ...]:
        """All that orders leave behind with this account: unchanged when nothing was done."""
        counted = (f"(SELECT count(*) FROM {table} WHERE account_id = a.id)" for table in _WRITTEN)  # noqa: S608 - the names are ours
        return self.server.rows(
            f"SELECT available, {', '.join(counted)} FROM account a WHERE id = ?",  # noqa: S608 - as above
            self.account,
        )[0]

    def campaign(self, ticket: str) -> dict[str, Any]:
        """The row of a campaign."""
        names = [
            name for (name,) in self.server.rows("SELECT name FROM pragma_table_info('campaign')")
        ]
        row = self.server.rows(
            "SELECT * FROM campaign WHERE ticket = ? AND account_id = ?", ticket, self.account
        )[0]
        return dict(zip(names, row, strict=True))

    def messages(self, ticket: str) -> list[tuple[Any, ...]]:
        """(address, state, reason, parts) of a campaign's messages, in order."""
        return self.server.rows(
            "SELECT m.address, m.state, m.reason, m.parts FROM message m"
            " JOIN campaign c ON c.id = m.campaign_id"
            " WHERE c.ticket = ? AND c.account_id = ? ORDER BY m.seq",
            ticket,
            self.account,
        )


def order(**changed: object) -> dict[str, object]:
    """The body of a send that is fine; None takes a field out."""
    body = {"text": "Hello", "recipients": [{"phone_number": "+33600000001"}], "purpose": "alert"}
    return {name: value for name, value in (body | changed).items() if value is not None}


def exact(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object of an answer, numbers with a point as decimals."""
    value = json.loads(response.content, parse_float=Decimal)
    assert isinstance(value, dict)
    return value


def wait_until(happened: Callable[[], bool]) -> None:
    """Looks again and again; fails when it never happens."""
    end = time.monotonic() + WAIT
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def serving(
    used: Settings, prepare: Callable[[Connection], None] | None = None
) -> Iterator[Server]:
    """A server on a free port, with the default prices and routes and no account; `prepare` may
    change its database before it starts.
    """
    file = database.seeded(used.data_dir)
    if prepare is not None:
        with database.connection(file) as c:
            prepare(c)
    up: Future[_Up] = Future()
    thread = threading.Thread(target=_run, args=(used, up))
    thread.start()
    loop, ending, url = up.result(WAIT)
    server = Server(url, file)
    try:
        yield server
    finally:
        server.close()
        loop.call_soon_threadsafe(ending.set)
        thread.join(WAIT)
        assert not thread.is_alive()


class _Up(NamedTuple):
    """A server that takes requests until `ending` is set on its loop."""

    loop: asyncio.AbstractEventLoop
    ending: asyncio.Event
    url: str


def _run(used: Settings, up: Future[_Up]) -> None:
    async def main() -> None:
        async with processes.serving(used) as url:
            ending = asyncio.Event()
            up.set_result(_Up(asyncio.get_running_loop(), ending, url))
            await ending.wait()

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(main())
    except BaseException as error:
        if up.done():
            raise
        up.set_exception(error)
