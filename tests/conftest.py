"""Tests of the ledger run on each engine."""

from collections.abc import Iterator

import pytest

from tests.common.engines import ENGINES
from tests.common.ledger import Choice


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for a world of the ledger gets one on every engine."""
    if "world" in metafunc.fixturenames and "test_ledger_" in metafunc.module.__name__:
        metafunc.parametrize("engine", ENGINES, indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which this test's worlds are made."""
    Choice.name = getattr(request, "param", "sqlite")
    yield Choice.name
    Choice.name = "sqlite"
