"""The machine of `test_ledger_machine` on PostgreSQL."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.common import postgres
from tests.common.ledger import Choice
from tests.property.test_ledger_machine import LedgerMachine


@pytest.fixture(autouse=True)
def _on_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.cluster()
    monkeypatch.setattr(Choice, "name", "postgresql")


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_histories() -> None:
    run(examples=10, steps=40)


@pytest.mark.slow
def test_longer_histories() -> None:
    run(examples=100, steps=100)
