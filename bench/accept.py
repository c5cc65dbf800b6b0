"""How fast orders are accepted: over HTTP, by a server of its own, on disk before each 201.

The orders are for later (`send_at`), so that the worker has nothing to send meanwhile.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import uvloop
from _common import Figure, Server, Usage, Yardstick, add_up, options, report, server, usage
from _http import body_of, request, send_all
from _site import ACCOUNT, BENCH, Site, fresh, prepared

from octavo.api.lenient import fields
from octavo.api.lenient.body import parse_body
from octavo.api.octopush.sms import order_of
from octavo.campaigns.planning import Planner
from octavo.kit.clock import system_clock
from octavo.numbers import FRENCH_AREAS, NumberReader
from octavo.prices.service import prices_of
from octavo.routes.service import route_table
from octavo.text.parts import STANDARD

WARM_UP = 20
PRODUCT = "sms_premium"
DISTINCT = 20_000
"""Recipients in the bodies that are sent in turn."""


class Case(NamedTuple):
    """`size` recipients a request, so many requests over so many connections."""

    size: int
    requests: int
    connections: int


class Run(NamedTuple):
    """What a server did with the requests of a case."""

    seconds: float
    used: Usage


def main() -> None:
    """Measures both cases."""
    asked = options(__doc__)
    quick = asked.quick
    with prepared(asked.database, asked.folder) as empty:
        figures = [
            measure_500(Case(500, 100 if quick else 500, 8), empty, 0.5 if quick else 3.0),
            measure_1(Case(1, 1_500 if quick else 10_000, 64), empty),
        ]
    report(figures, as_json=asked.json)


def measure_500(case: Case, empty: Site, seconds: float) -> Figure:
    """Orders of 500 recipients, against `seconds` of reading and planning alone."""
    bodies = [request(body) for body in itertools.islice(orders(case.size), DISTINCT // 500)]
    with fresh(empty) as site:
        parser = parse_rate(site, bodies, case.size, seconds)
        with server(site) as running:
            run = drive(running, bodies, case)
        add_up(site, **accepted(case))
    return figure(
        ("accept, direct send of 500 recipients", empty.engine, "recipients/s"),
        case,
        run,
        Yardstick("the parser alone (reader and planner)", parser),
    )


def measure_1(case: Case, empty: Site) -> Figure:
    """Orders of one recipient, against the same server without its store."""
    bodies = [request(body) for body in itertools.islice(orders(case.size), 2_000)]
    with fresh(empty) as site:
        with server(site, str(BENCH / "_storeless.py")) as running:
            bare = drive(running, bodies, case)
        add_up(site, messages=0)
        with server(site) as running:
            run = drive(running, bodies, case)
        add_up(site, **accepted(case))
    return figure(
        ("accept, 1 recipient per request", empty.engine, "requests/s"),
        case,
        run,
        Yardstick("the same handler without the store", case.requests / bare.seconds),
    )


def accepted(case: Case) -> dict[str, int]:
    """What the database must hold afterwards."""
    messages = (case.requests + WARM_UP) * case.size
    return {"messages": messages, "pending": messages}


def figure(what: tuple[str, str, str], case: Case, run: Run, yardstick: Yardstick) -> Figure:
    """The figure of a run, in recipients; `what` is its name, engine and unit."""
    name, engine, unit = what
    n = case.requests * case.size
    return Figure(name, engine, n, run.seconds, unit, yardstick, run.used.cpu, run.used.peak_mib)


def orders(size: int) -> Iterator[Mapping[str, object]]:
    """Bodies as the documentation shows them, to be sent in two days."""
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
    numbers = (f"+336{n:08d}" for n in itertools.count(10_000_000) if not 9900 <= n % 10_000 < 9950)
    while True:
        yield {
            "text": "Your order is ready, come and see us. STOP at 30101",
            "recipients": [{"phone_number": next(numbers)} for _ in range(size)],
            "sender": "Company X",
            "send_at": later,
            "type": PRODUCT,
            "purpose": "wholesale",
        }


def drive(running: Server, bodies: Sequence[bytes], case: Case) -> Run:
    """Sends a case to a server, after a few requests that fill its caches."""

    async def run() -> Run:
        await send_all(running.port, bodies, WARM_UP, 1)
        before = usage(running.pid)
        seconds = await send_all(running.port, bodies, case.requests, case.connections)
        after = usage(running.pid)
        return Run(seconds, Usage(after.cpu - before.cpu, after.peak_mib))

    return uvloop.run(run())


def parse_rate(site: Site, requests: Sequence[bytes], size: int, seconds: float) -> float:
    """Recipients per second of everything that happens to a body before the store."""
    plan = planning(site)
    bodies = [body_of(one) for one in requests]
    for body in bodies[:5]:
        plan(body)
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for body in bodies:
            plan(body)
        done += len(bodies)
    return done * size / (time.perf_counter() - begun)


def planning(site: Site) -> Callable[[bytes], None]:
    """Reads and plans a body, as a request does."""
    with site.database.reading() as reader:
        prices = reader.run(lambda c: prices_of(c, ACCOUNT, PRODUCT))
        routes = reader.run(route_table)
    planner = Planner(NumberReader(), STANDARD, FRENCH_AREAS)

    def plan(body: bytes) -> None:
        reading = fields.SMS_SEND.read(parse_body(body), system_clock())
        planner.plan(order_of(reading), prices, routes)

    return plan


if __name__ == "__main__":
    main()
