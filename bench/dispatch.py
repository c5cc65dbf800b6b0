"""How fast accepted orders go out to a carrier that answers at once, the ledger kept throughout.

The yardstick is the ledger alone: the same claims, settles and receipts in a loop on one
connection, without driver, links or event loop.
"""

import itertools
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from _common import (
    ACCOUNT,
    BENCH,
    PATIENCE,
    DoesNotAddUpError,
    Figure,
    Usage,
    Yardstick,
    add_up,
    database_of,
    environment,
    fresh,
    options,
    prepared,
    report,
)

from octavo.db import sqlite
from octavo.db.codes import InDoubt, Purpose
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.unit_of_work import Checkpointer, Unit, run_once
from octavo.kit.clock import HOUR, MINUTE, system_clock
from octavo.kit.money import money
from octavo.kit.tickets import reference, ticket
from octavo.ledger import claim, links, receipts, settle
from octavo.ledger.claim import Grant, GrantedSlice
from octavo.ledger.orders import PlannedMessage, PlannedOrder, accept
from octavo.ledger.settle import Answer, Progress
from octavo.routes.schemas import RouteGroup
from octavo.routes.service import route_table

T = TypeVar("T")

ROUTE = 1
ORDERS_AT_ONCE = 20
CARRIER = {
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0",
}


class Case(NamedTuple):
    """So many orders of `size` recipients; whether the carrier reports deliveries."""

    name: str
    orders: int
    size: int
    reports: bool
    unit: str

    @property
    def messages(self) -> int:
        """Recipients of all orders."""
        return self.orders * self.size


class Run(NamedTuple):
    """What became of a case."""

    seconds: float
    used: Usage


def main() -> None:
    """Measures the cases."""
    asked = options(__doc__)
    large, small = (20, 1_000) if asked.quick else (200, 10_000)
    cases = [
        Case("dispatch of a large campaign", large, 500, reports=False, unit="messages/s"),
        Case("the same with receipts applied", large, 500, reports=True, unit="messages/s"),
        Case("dispatch of one-recipient orders", small, 1, reports=False, unit="orders/s"),
    ]
    with prepared(asked.folder) as home:
        figures = [measure(case, home) for case in cases]
    report(figures, as_json=asked.json)


def measure(case: Case, empty: Path) -> Figure:
    """One case: the ledger alone on a copy of the database, then the worker."""
    outcome = {"pending": 0, "delivered" if case.reports else "accepted": case.messages}
    with fresh(empty) as home:
        fill(database_of(home), case)
        alone = home / "alone.db"
        shutil.copyfile(database_of(home), alone)
        rate = case.messages / ledger_alone(alone, case)
        add_up(alone, messages=case.messages, **outcome)
        run = work(home, case)
        add_up(database_of(home), messages=case.messages, **outcome)
        sent_once(home, case.messages)
    name = "the same ledger calls without driver, links and event loop"
    return Figure(
        case.name,
        case.messages,
        run.seconds,
        case.unit,
        Yardstick(name, rate),
        run.used.cpu,
        run.used.peak_mib,
    )


# -- the orders --------------------------------------------------------------------------------


def fill(database: Path, case: Case) -> None:
    """Accepts the orders, due at once, and leaves all of it in the database's own file."""
    group = run_once(database, route_table).group("sms_premium", "FR")
    assert group is not None  # noqa: S101 - the route of a new database serves everything
    with closing(sqlite.connect(database)) as raw:
        planned = orders(case, group)
        while some := list(itertools.islice(planned, ORDERS_AT_ONCE)):
            in_transaction(raw, partial(accept_all, orders=some))
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def accept_all(connection: Connection, orders: Sequence[PlannedOrder]) -> None:
    """Several orders in one transaction."""
    for order in orders:
        accept(connection, order, system_clock())


def orders(case: Case, group: RouteGroup) -> Iterator[PlannedOrder]:
    """Marketing to fictitious numbers, without the sandbox's magic ones."""
    numbers = (f"+336{n:08d}" for n in itertools.count(10_000_000) if not 9900 <= n % 10_000 < 9950)
    price, now = money("0.045"), system_clock()
    for n in range(case.orders):
        yield PlannedOrder(
            account=ACCOUNT,
            ticket=ticket("sms", now, n),
            channel="sms",
            product=group.product,
            purpose=Purpose.WHOLESALE,
            sender="Company X",
            text="Your order is ready, come and see us. STOP at 30101",
            options="{}",
            send_at=now,
            in_doubt=InDoubt.NEVER_REPEAT,
            in_doubt_after=15 * MINUTE,
            validity=48 * HOUR,
            messages=[
                PlannedMessage(next(numbers), "FR", None, 1, price, group.id)
                for _ in range(case.size)
            ],
            slice_size={group.id: group.slice_size},
        )


def in_transaction(raw: sqlite3.Connection, unit: Unit[T]) -> T:
    """Runs a unit and commits it, on disk."""
    raw.execute("BEGIN IMMEDIATE")
    result = unit(SqliteConnection(raw))
    raw.execute("COMMIT")
    return result


# -- the worker --------------------------------------------------------------------------------


def work(home: Path, case: Case) -> Run:
    """Lets a server dispatch everything."""
    done = subprocess.run(
        [sys.executable, str(BENCH / "_worker.py"), "delivered" if case.reports else "accepted"],
        env=environment(home, **CARRIER, OCTAVO_SANDBOX_REPORTS=str(case.reports).lower()),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=10 * PATIENCE,
        check=True,
    )
    seconds, cpu, peak_mib = json.loads(done.stdout)
    return Run(seconds, Usage(cpu, peak_mib))


def sent_once(home: Path, messages: int) -> None:
    """The outbox, the judge of what went out, has a line for each message.

    Raises DoesNotAddUpError.
    """
    with (home / "sandbox" / "outbox.jsonl").open("rb") as outbox:
        lines = sum(1 for _ in outbox)
    if lines != messages:
        raise DoesNotAddUpError(f"outbox: expected {messages} lines, found {lines}")


# -- the yardstick -----------------------------------------------------------------------------


def ledger_alone(database: Path, case: Case) -> float:
    """Seconds for all claims, settles and receipts of a case, each its own durable commit."""
    checkpointer = Checkpointer(database)
    checkpointer.start()
    try:
        with closing(sqlite.connect(database)) as raw:
            begun = time.perf_counter()
            dispatch(raw, reports=case.reports)
            return time.perf_counter() - begun
    finally:
        checkpointer.close()


def dispatch(raw: sqlite3.Connection, *, reports: bool) -> None:
    """Claims, settles and reports until nothing is due."""
    link = in_transaction(
        raw,
        lambda c: links.take(c, route=ROUTE, no=0, worker="bench", now=system_clock()),
    )
    assert link is not None  # noqa: S101 - nobody else works on this copy
    ids = (f"{n:x}" for n in itertools.count(1))
    while (grant := in_transaction(raw, partial(take, link=link))).slices:
        answers = [answer for s in grant.slices for answer in accepted(s, ids)]
        told = [progress(s) for s in grant.slices]
        now = system_clock()
        in_transaction(
            raw, partial(settle.settle, link=link, answers=answers, progress=told, now=now)
        )
        if reports:
            said = [delivery(answer) for answer in answers]
            in_transaction(raw, partial(receipts.take, route=ROUTE, receipts=said, now=now))


def take(connection: Connection, link: links.Link) -> Grant:
    """All that one claim gives, with its intent."""
    return claim.claim(connection, link, credit=claim.MOST_MESSAGES, now=system_clock())


def accepted(s: GrantedSlice, ids: Iterator[str]) -> Iterator[Answer]:
    """The carrier takes every message of a slice."""
    for row in s.rows:
        yield Answer(
            slice=s.id,
            campaign=row.campaign,
            account=row.account,
            seq=row.seq,
            pass_=s.pass_,
            address=row.address,
            price=row.price,
            attempts=row.attempts,
            ids=(next(ids),),
        )


def progress(s: GrantedSlice) -> Progress:
    """All of a grant is answered."""
    return Progress(
        slice=s.id,
        campaign=s.campaign,
        account=s.account,
        pass_=s.pass_,
        lo=s.lo,
        hi=s.hi,
        purpose=s.rows[0].purpose,
        sent_hi=s.grant_hi,
        intent_hi=s.grant_hi,
        old_intent_hi=s.intent_hi,
        grant_hi=s.grant_hi,
        outstanding=0,
        after=0,
    )


def delivery(answer: Answer) -> receipts.Receipt:
    """What the carrier reports of a message that it took."""
    return receipts.Receipt(
        ref=answer.ids[0],
        state=receipts.DELIVERED,
        at=system_clock(),
        code="000",
        address=answer.address,
        sender="Company X",
        reference=reference(answer.campaign, answer.seq),
    )


if __name__ == "__main__":
    main()
