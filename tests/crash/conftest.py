"""A server that may die, with enough money for any test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.db.unit_of_work import run_once
from octavo.kit.clock import system_clock
from octavo.kit.money import money
from octavo.ledger import wallet
from tests.common.process import ServerProcess
from tests.crash.judge import CREDIT

ENTRY = "tests.crash.entry"
DIALS = {
    "OCTAVO_IN_DOUBT_AFTER_ALERT": "1",
    "OCTAVO_IN_DOUBT_AFTER_MARKETING": "1",
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0.02",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0.05",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0.4",
}


@pytest.fixture
def crash_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """Not started yet; `prepare` starts it for the first time."""
    server = ServerProcess(tmp_path / "data", DIALS, module=ENTRY)
    try:
        yield server
    finally:
        server.close()


def prepare(server: ServerProcess) -> None:
    """Starts a server for the first time and gives its account money."""
    server.start()
    top_up = CREDIT - money("1000")
    run_once(
        server.database,
        lambda c: wallet.top_up(c, account=1, ref="crash", amount=top_up, now=system_clock()),
    )
