"""Units of work on PostgreSQL, run by a few threads with a session each (design 5)."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

from octavo.db.postgresql_lineage import Lineage
from octavo.db.postgresql_session import Session
from octavo.db.unit_of_work import Rank, Unit
from octavo.kit.errors import StoreUnavailable

T = TypeVar("T")

WRITERS = 6
"""At least one for each rank: thread n looks at the lane of rank n first, so that none starves."""
READERS = 2


class _Job(Generic[T]):
    __slots__ = ("error", "future", "loop", "result", "unit")

    def __init__(self, unit: Unit[T], future: "asyncio.Future[T]") -> None:
        self.unit = unit
        self.future = future
        self.loop = future.get_loop()
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self, how: Callable[[Unit[T]], T]) -> None:
        try:
            self.result = how(self.unit)
        except Exception as error:  # noqa: BLE001 - it is raised where the unit came from
            self.error = error
        self.answer()

    def answer(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody listens any more
            self.loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


class _Lanes:
    """Units that wait, by rank, and the threads' way to them."""

    def __init__(self, lanes: int) -> None:
        self._lanes: list[deque[_Job[object]]] = [deque() for _ in range(lanes)]
        self._door = threading.Condition()
        self._closing = False

    def put(self, lane: int, job: _Job[T]) -> None:
        """Queues a unit. Raises StoreUnavailable when the store is closed."""
        with self._door:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._lanes[lane].append(job)  # type: ignore[arg-type]
            self._door.notify()

    def take(self, first: int) -> _Job[object] | None:
        """The next unit: of lane `first` if one waits there, else by rank; None at the end."""
        with self._door:
            while True:
                for lane in (self._lanes[first], *self._lanes):
                    if lane:
                        return lane.popleft()
                if self._closing:
                    return None
                self._door.wait()

    def close(self) -> None:
        """What is queued is still done."""
        with self._door:
            self._closing = True
            self._door.notify_all()


class _Hand(threading.Thread):
    """A thread with a session of its own."""

    def __init__(
        self, name: str, lanes: _Lanes, first: int, session: Session, *, reads: bool
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._lanes = lanes
        self._first = first
        self._session = session
        self._how = session.read if reads else session.write

    def run(self) -> None:
        """Until the lanes are closed and empty."""
        while (job := self._lanes.take(self._first)) is not None:
            job.run(self._how)
        self._session.close()


class PostgresStore:
    """The `Store` on PostgreSQL; any number of processes may have one."""

    def __init__(
        self,
        url: str,
        chance: Random,
        lineage: Lineage | None = None,
        *,
        writers: int = WRITERS,
        readers: int = READERS,
    ) -> None:
        lineage = lineage or Lineage()
        self._writes, self._reads = _Lanes(len(Rank)), _Lanes(1)
        self._hands = [
            _Hand(
                f"octavo-writer-{n}",
                self._writes,
                n % len(Rank),
                Session(url, chance, lineage),
                reads=False,
            )
            for n in range(writers)
        ]
        self._hands += [
            _Hand(f"octavo-reader-{n}", self._reads, 0, Session(url, chance, lineage), reads=True)
            for n in range(readers)
        ]
        for hand in self._hands:
            hand.start()

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """Runs a unit and returns its result after the commit that holds it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writes.put(rank, _Job(unit, future))
        return await future

    async def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._reads.put(0, _Job(unit, future))
        return await future

    async def close(self) -> None:
        """Waits for what is queued, then closes."""
        self._writes.close()
        self._reads.close()
        loop = asyncio.get_running_loop()
        for hand in self._hands:
            await loop.run_in_executor(None, hand.join)
