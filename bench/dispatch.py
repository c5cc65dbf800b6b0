"""How fast accepted orders go out to a carrier that answers at once, the ledger kept throughout.

The yardstick is the ledger alone: the same claims, settles and receipts in a loop on one
connection, without driver, links or event loop.
"""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from _common import (
    PATIENCE,
    DoesNotAddUpError,
    Figure,
    Usage,
    Yardstick,
    add_up,
    environment,
    options,
    report,
)
from _site import ACCOUNT, BENCH, Run, Site, fresh, prepared, writing

from octavo.db.codes import InDoubt, Purpose
from octavo.db.connection import Connection
from octavo.kit.clock import HOUR, MINUTE, system_clock
from octavo.kit.money import money
from octavo.kit.tickets import reference, ticket
from octavo.ledger import claim, links, receipts, settle
from octavo.ledger.claim import Grant, GrantedSlice
from octavo.ledger.orders import PlannedMessage, PlannedOrder, accept
from octavo.ledger.settle import Answer, Progress
from octavo.routes.schemas import RouteGroup
from octavo.routes.service import route_table

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


class Worked(NamedTuple):
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
    with prepared(asked.database, asked.folder) as empty:
        figures = [measure(case, empty) for case in cases]
    report(figures, as_json=asked.json)


def measure(case: Case, empty: Site) -> Figure:
    """One case: the ledger alone on a copy of the database, then the worker."""
    outcome = {"pending": 0, "delivered" if case.reports else "accepted": case.messages}
    with fresh(empty) as site:
        fill(site, case)
        rate = case.messages / ledger_alone(site, case)
        add_up(site, messages=case.messages, **outcome)
    with fresh(empty) as site:
        fill(site, case)
        run = work(site, case)
        add_up(site, messages=case.messages, **outcome)
        sent_once(site, case.messages)
    name = "the same ledger calls without driver, links and event loop"
    return Figure(
        case.name,
        empty.engine,
        case.messages,
        run.seconds,
        case.unit,
        Yardstick(name, rate),
        run.used.cpu,
        run.used.peak_mib,
    )


# -- the orders --------------------------------------------------------------------------------


def fill(site: Site, case: Case) -> None:
    """Accepts the orders, due at once."""
    with writing(site) as run:
        group = run(route_table).group("sms_premium", "FR")
        assert group is not None  # noqa: S101 - the route of a new database serves everything
        planned = orders(case, group)
        while some := list(itertools.islice(planned, ORDERS_AT_ONCE)):
            run(partial(accept_all, orders=some))


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


# -- the worker --------------------------------------------------------------------------------


def work(site: Site, case: Case) -> Worked:
    """Lets a server dispatch everything."""
    done = subprocess.run(
        [sys.executable, str(BENCH / "_worker.py"), "delivered" if case.reports else "accepted"],
        env=environment(site, **CARRIER, OCTAVO_SANDBOX_REPORTS=str(case.reports).lower()),
        cwd=site.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=10 * PATIENCE,
        check=True,
    )
    seconds, cpu, peak_mib = json.loads(done.stdout)
    return Worked(seconds, Usage(cpu, peak_mib))


def sent_once(site: Site, messages: int) -> None:
    """The outbox, the judge of what went out, has a line for each message.

    Raises DoesNotAddUpError.
    """
    with (site.home / "sandbox" / "outbox.jsonl").open("rb") as outbox:
        lines = sum(1 for _ in outbox)
    if lines != messages:
        raise DoesNotAddUpError(f"outbox: expected {messages} lines, found {lines}")


# -- the yardstick -----------------------------------------------------------------------------


def ledger_alone(site: Site, case: Case) -> float:
    """Seconds for all claims, settles and receipts of a case, each its own durable commit."""
    with writing(site) as run:
        begun = time.perf_counter()
        dispatch(run, reports=case.reports)
        return time.perf_counter() - begun


def dispatch(run: Run, *, reports: bool) -> None:
    """Claims, settles and reports until nothing is due."""
    link = run(lambda c: links.take(c, route=ROUTE, no=0, worker="bench", now=system_clock()))
    assert link is not None  # noqa: S101 - nobody else works on this copy
    ids = (f"{n:x}" for n in itertools.count(1))
    while (grant := run(partial(take, link=link))).slices:
        answers = [answer for s in grant.slices for answer in accepted(s, ids)]
        told = [progress(s) for s in grant.slices]
        now = system_clock()
        run(partial(settle.settle, link=link, answers=answers, progress=told, now=now))
        if reports:
            said = [delivery(answer) for answer in answers]
            run(partial(receipts.take, route=ROUTE, receipts=said, now=now))


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
