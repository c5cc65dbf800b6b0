"""Hints between processes: told after a commit, heard at once, and not missed when lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from random import Random

import psycopg
import pytest

from octavo.db import postgresql_hints
from octavo.db.postgresql_hints import CHANNEL, PostgresHints
from tests.common import postgres

pytestmark = pytest.mark.asyncio

PATIENCE = 20.0


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(postgresql_hints, "AGAIN_AFTER", 0.05)
    with postgres.cluster().emptied() as url:
        yield url


class Ears:
    """Counts what is heard."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self) -> None:
        self.heard += 1


@asynccontextmanager
async def carried(url: str, heard: Callable[[], None] | None) -> AsyncIterator[PostgresHints]:
    hints = PostgresHints(url, Random(1))
    task = asyncio.create_task(hints.carry(heard))
    yield hints
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def eventually(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110 - the server is looked at too
            await asyncio.sleep(0.01)


def end_connections(url: str, which: str) -> int:
    """Ends those whose last statement was such; how many."""
    with psycopg.connect(url, autocommit=True) as raw:
        found = raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query = %s AND datname = current_database()",
            (f"{which} {CHANNEL}",),
        )
        return len(found.fetchall())


async def test_what_one_process_tells_another_hears(url: str) -> None:
    ears = Ears()
    async with carried(url, ears), carried(url, None) as teller:
        await eventually(lambda: ears.heard == 1)  # it listens

        teller.tell()

        await eventually(lambda: ears.heard == 2)


async def test_what_is_told_within_a_while_goes_as_one(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_hints, "TELL_EVERY", 1_000.0)
    ears = Ears()
    async with carried(url, ears), carried(url, None) as teller:
        await eventually(lambda: ears.heard == 1)
        teller.tell()
        await eventually(lambda: ears.heard == 2)

        teller.tell()
        await asyncio.sleep(0.3)

        assert ears.heard == 2


async def test_a_listener_that_the_server_ends_comes_back(url: str) -> None:
    ears = Ears()
    async with carried(url, ears), carried(url, None) as teller:
        await eventually(lambda: ears.heard == 1)

        assert end_connections(url, "LISTEN") == 1
        await eventually(lambda: ears.heard == 2)  # it listens again, and looks
        teller.tell()

        await eventually(lambda: ears.heard == 3)


async def test_a_teller_that_the_server_ends_comes_back(url: str) -> None:
    ears = Ears()
    async with carried(url, ears), carried(url, None) as teller:
        await eventually(lambda: ears.heard == 1)
        teller.tell()
        await eventually(lambda: ears.heard == 2)

        assert end_connections(url, "NOTIFY") == 1

        def told_and_heard() -> bool:
            teller.tell()
            return ears.heard == 3

        await eventually(told_and_heard)


async def test_a_server_that_is_away_troubles_nobody() -> None:
    async with carried("postgresql:///x?host=/nowhere", Ears()) as hints:
        hints.tell()
        await asyncio.sleep(0.05)
