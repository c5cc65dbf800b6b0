"""How fast accepted orders go out to a carrier that answers at once, the ledger kept throughout.

The yardstick is the ledger alone: the same claims, settles and receipts in a loop on one
connection, without driver, links or event loop.
"""

import json
import subprocess
import sys
import time
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
from _ledger import Case, dispatch, fill
from _site import BENCH, Site, fresh, prepared, writing

CARRIER = {
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0",
}


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


def ledger_alone(site: Site, case: Case) -> float:
    """Seconds for all claims, settles and receipts of a case, each its own durable commit."""
    with writing(site) as run:
        begun = time.perf_counter()
        dispatch(run, reports=case.reports)
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
