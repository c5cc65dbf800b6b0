"""One clock for all processes of a database: that of the database (P8).

It is asked every few seconds; in between it goes on with this machine's steady clock. Leases,
bookings and due times of several machines can then be compared, whatever their own clocks say.
"""

import asyncio
import time

import structlog

from octavo.db.connection import Connection
from octavo.db.statements import crew
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Instant
from octavo.kit.errors import StoreUnavailable

ASK_EVERY = 5.0
SAMPLES = 3
"""Of so many questions, the one that was answered fastest is believed."""


log = structlog.get_logger()


class DatabaseClock:
    """Tells the database's time. To be asked for the first time after `set`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ahead = 0

    def __call__(self) -> Instant:
        """The database's time, to about half of a round trip."""
        return Instant(_steady() + self._ahead)

    async def set(self) -> None:
        """Asks the database. Raises StoreUnavailable."""
        self._ahead = min([await self._ask() for _ in range(SAMPLES)])[1]

    async def run(self) -> None:
        """Asks again and again; until it is cancelled."""
        while True:
            await asyncio.sleep(ASK_EVERY)
            try:
                await self.set()
            except StoreUnavailable as error:
                log.warning("clock not set", error=str(error))

    async def _ask(self) -> tuple[int, int]:
        """How long an answer took, and how far the database is ahead of the steady clock."""
        return await self._store.read(_ask)


def _ask(connection: Connection) -> tuple[int, int]:
    connection.one(crew.DATABASE_NOW)
    begun = _steady()
    there = connection.one(crew.DATABASE_NOW)
    ended = _steady()
    assert there is not None  # noqa: S101 - a clock always tells
    return ended - begun, there - (begun + ended) // 2


def _steady() -> int:
    """Microseconds of a clock that nobody sets and that goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000
