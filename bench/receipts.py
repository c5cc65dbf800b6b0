"""How fast delivery reports become the ledger's truth: kept, matched, counted, charged, told.

The yardstick writes the same rows and nothing else: each report inserted and its message updated,
in as many commits, on one connection.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from functools import partial

import sqlalchemy as sa
import uvloop
from _common import Figure, Usage, Yardstick, add_up, options, report, usage
from _ledger import ROUTE, Case, delivery, fill, sent
from _site import Site, fresh, prepared, writing
from sqlalchemy import bindparam

from octavo.db.codes import MessageState
from octavo.db.connection import Connection
from octavo.db.schema import dispatch
from octavo.db.statement import Command
from octavo.db.statements import traffic
from octavo.drivers.protocol import Report, ReportState
from octavo.kit.clock import system_clock
from octavo.ledger.settle import Answer
from octavo.worker.reports import take_reports

AT_ONCE = 500
"""Reports in one commit."""
BROUGHT = 4
"""Batches that wait for their commit together: so many links bring them."""

_message = dispatch.message.c
DELIVER = Command(
    sa.update(dispatch.message)
    .where(_message.campaign_id == bindparam("campaign"), _message.seq == bindparam("seq"))
    .values(state=bindparam("state"), at=bindparam("now")),
    takes=("state", "now", "campaign", "seq"),
    at_once=True,
)


def main() -> None:
    """Measures both cases."""
    asked = options(__doc__)
    large, small = (40, 5_000) if asked.quick else (400, 50_000)
    cases = [
        Case("receipts of large campaigns", large, 500, reports=True, unit="receipts/s"),
        Case("receipts of one-recipient orders", small, 1, reports=True, unit="receipts/s"),
    ]
    with prepared(asked.database, asked.folder) as empty:
        figures = [measure(case, empty) for case in cases]
    report(figures, as_json=asked.json)


def measure(case: Case, empty: Site) -> Figure:
    """One case: the rows alone on a copy of the database, then the ledger."""
    with fresh(empty) as site:
        alone = case.messages / rows_alone(site, work(site, case))
    with fresh(empty) as site:
        batches = [list(map(told, answers)) for answers in work(site, case)]
        seconds, used = uvloop.run(bring(site, batches))
        add_up(site, messages=case.messages, accepted=0, delivered=case.messages)
    stick = Yardstick("inserting each report and updating its message, nothing else", alone)
    return Figure(
        case.name,
        empty.engine,
        case.messages,
        seconds,
        case.unit,
        stick,
        used.cpu,
        used.peak_mib,
    )


def work(site: Site, case: Case) -> list[Sequence[Answer]]:
    """Accepts and sends a case; the answers, as many together as the reports will come."""
    fill(site, case)
    with writing(site) as run:
        answers = itertools.chain.from_iterable(sent(run))
        return list(iter(lambda: list(itertools.islice(answers, AT_ONCE)), []))


def told(answer: Answer) -> Report:
    """What the carrier reports of a message, as a driver brings it."""
    said = delivery(answer)
    state = ReportState.DELIVERED
    return Report(said.ref, state, said.at, said.address, said.sender, said.reference, said.code)


async def bring(site: Site, batches: Sequence[Sequence[Report]]) -> tuple[float, Usage]:
    """Brings every report as links do; seconds until the last is on disk, and what it took."""
    store = site.database.store()
    waiting = iter(batches)

    async def link() -> None:
        for batch in waiting:
            await take_reports(store, ROUTE, batch, system_clock())

    before, begun = usage(), time.perf_counter()
    await asyncio.gather(*(link() for _ in range(BROUGHT)))
    seconds, after = time.perf_counter() - begun, usage()
    await store.close()
    return seconds, Usage(after.cpu - before.cpu, after.peak_mib)


def rows_alone(site: Site, batches: Sequence[Sequence[Answer]]) -> float:
    """Seconds for the rows that cannot be saved."""
    numbers = itertools.count(1)
    with writing(site) as run:
        begun = time.perf_counter()
        for answers in batches:
            run(partial(write, answers=answers, numbers=numbers))
        return time.perf_counter() - begun


def write(connection: Connection, answers: Sequence[Answer], numbers: Iterator[int]) -> None:
    """A row for each report, and its message delivered."""
    now = system_clock()
    delivered = int(MessageState.DELIVERED)
    rows = []
    for answer, number in zip(answers, numbers, strict=False):
        said = delivery(answer)
        rows.append((
            number, ROUTE, said.ref, said.state, said.code, said.address, said.sender,
            said.reference, said.at, now, 1, answer.campaign, answer.seq, now, 0,
        ))  # fmt: skip
    connection.many(traffic.INSERT_RECEIPT, rows)
    connection.many(DELIVER, [(delivered, now, a.campaign, a.seq) for a in answers])


if __name__ == "__main__":
    main()
