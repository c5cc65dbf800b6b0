"""A server that may die, with enough money for any test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from octavo.accounts.first import CREDIT as FIRST_CREDIT
from octavo.cli.setup import first_start
from octavo.kit.clock import system_clock
from octavo.kit.money import Money
from octavo.ledger import wallet
from octavo.settings import Settings
from tests.common.process import KEY, LOGIN, ServerProcess
from tests.crash.judge import CREDIT

DIALS = {
    "OCTAVO_IN_DOUBT_AFTER_ALERT": "1",
    "OCTAVO_IN_DOUBT_AFTER_MARKETING": "1",
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0.02",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0.05",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0.4",
}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory after a first start, with money; to be copied."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    settings = Settings(data_dir=data_dir, first_login=LOGIN, first_key=SecretStr(KEY))
    first_start(settings)
    top_up = Money(CREDIT - FIRST_CREDIT)
    settings.database.write(
        lambda c: wallet.top_up(c, account=1, ref="crash", amount=top_up, now=system_clock())
    )
    return data_dir


@pytest.fixture
def crash_server(prepared: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that has not been started yet."""
    shutil.copytree(prepared, tmp_path / "data")
    server = ServerProcess(tmp_path / "data", DIALS, module="tests.crash.entry")
    try:
        yield server
    finally:
        server.close()
