"""How fast one customer is called back while the ledger keeps how far it is.

The yardstick is the same client with the most calls in flight that an endpoint may have, without
ledger: from memory to the same customer.
"""

import asyncio
import itertools
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import uvloop
from _common import (
    PATIENCE,
    DoesNotAddUpError,
    Figure,
    Yardstick,
    add_up,
    free_port,
    options,
    report,
    server,
    usage,
)
from _site import ACCOUNT, BENCH, Site, fresh, prepared, writing

from octavo.accounts import service as accounts
from octavo.callbacks.client import Client
from octavo.callbacks.guard import LOOPBACK, Guard
from octavo.callbacks.pace import MOST
from octavo.db.codes import EventKind, InDoubt, Purpose
from octavo.db.connection import Connection
from octavo.kit.clock import HOUR, MINUTE, Instant, system_clock
from octavo.kit.money import money
from octavo.kit.tickets import ticket
from octavo.ledger.events import Item, Journal
from octavo.ledger.orders import PlannedMessage, PlannedOrder, accept

BODY = b'{"channel": "sms", "message_id": "sms_660de138a079c318901283", "number": "+33600000001"}'
LOOK_EVERY = 0.02


class Case(NamedTuple):
    """So many callbacks to a customer who answers after so many milliseconds."""

    name: str
    n: int
    milliseconds: float


def main() -> None:
    """Measures the cases."""
    asked = options(__doc__)
    slow, quick = (5_000, 5_000) if asked.quick else (60_000, 60_000)
    cases = [
        Case("callbacks to a customer who answers in 50 ms", slow, 50),
        Case("callbacks to a customer who answers at once", quick, 0),
    ]
    with prepared(asked.database, asked.folder) as empty:
        figures = [measure(case, empty) for case in cases]
    report(figures, as_json=asked.json)


def measure(case: Case, empty: Site) -> Figure:
    """One case: the client alone, then the server with as many events waiting."""
    with customer(case.milliseconds) as port:
        rate = case.n / uvloop.run(client_alone(port, case.n))
    with fresh(empty) as site, customer(case.milliseconds) as port:
        with writing(site) as run:
            run(partial(listen, url=f"http://127.0.0.1:{port}/callbacks"))
            for first in range(0, case.n, 500):
                run(partial(happen, first=first))
        with server(site) as serving:
            while not came(port)[0]:
                time.sleep(LOOK_EVERY)
            begun, before = time.perf_counter(), usage(serving.pid)
            deadline = begun + PATIENCE + case.n / 100
            while came(port)[1] < case.n and time.perf_counter() < deadline:
                time.sleep(LOOK_EVERY)
            seconds, after = time.perf_counter() - begun, usage(serving.pid)
        if came(port) != (case.n, case.n):
            raise DoesNotAddUpError(f"{came(port)} (calls, ids) came of {case.n}")
        add_up(site, messages=case.n, pending=case.n)
    stick = Yardstick(f"the same client, {MOST} calls in flight, without ledger", rate)
    cpu = after.cpu - before.cpu
    return Figure(
        case.name, empty.engine, case.n, seconds, "callbacks/s", stick, cpu, after.peak_mib
    )


@contextmanager
def customer(milliseconds: float) -> Iterator[int]:
    """A customer in a process of its own; the port."""
    port = free_port()
    script = str(BENCH / "_receiver.py")
    process = subprocess.Popen([sys.executable, script, str(port), str(milliseconds)])
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                came(port)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_EVERY)
        yield port
    finally:
        process.kill()
        process.wait()


def came(port: int) -> tuple[int, int]:
    """The calls that a customer got, and the different ones among them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        calls, ids = answer.read().split()
    return int(calls), int(ids)


async def client_alone(port: int, n: int) -> float:
    """Seconds for `n` calls."""
    numbers = itertools.count()
    url = f"http://127.0.0.1:{port}/callbacks"
    async with Client(Guard(LOOPBACK), most=MOST) as client:

        async def call() -> None:
            while (number := next(numbers)) < n:
                await client.post(url, BODY, f"msg_{number}", 0)

        begun = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(MOST)))
        return time.perf_counter() - begun


def listen(connection: Connection, url: str) -> None:
    """The account sets its address."""
    accounts.put_parameters(connection, ACCOUNT, {"callback_url_for_sms_deliveries": url})


def happen(connection: Connection, first: int) -> None:
    """An order that is not sent yet, and receipts all the same: 500 delivered."""
    now = system_clock()
    messages = [
        PlannedMessage(f"+336{first + i:08d}", "FR", None, 1, money("0.04"), 1) for i in range(500)
    ]
    order = PlannedOrder(
        account=ACCOUNT,
        ticket=ticket("sms", now, first),
        channel="sms",
        product="sms_premium",
        purpose=Purpose.ALERT,
        sender="Bench",
        text="Bonjour",
        options="{}",
        send_at=Instant(now + HOUR),
        in_doubt=InDoubt.NEVER_REPEAT,
        in_doubt_after=MINUTE,
        validity=HOUR,
        messages=messages,
        slice_size={1: 500},
    )
    campaign = accept(connection, order, now).campaign
    journal = Journal()
    for seq in range(1, 501):
        journal.tell(ACCOUNT, campaign, EventKind.DELIVERED, Item(seq, "", now))
    journal.write(connection, now)


if __name__ == "__main__":
    main()
