"""Tests of the ledger run on each engine."""

from collections.abc import Iterator

import pytest

from tests.common.engines import ENGINES
from tests.common.ledger import Choice


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for a world of the ledger or of contacts gets one on every engine."""
    both = ("test_ledger_", "test_contacts_")
    if "world" in metafunc.fixturenames and any(b in metafunc.module.__name__ for b in both):
        metafunc.parametrize("engine", ENGINES, indirect=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine on which this test's worlds are made."""
    Choice.name = getattr(request, "param", "sqlite")
    yield Choice.name
    Choice.name = "sqlite"
