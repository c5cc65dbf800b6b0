"""The only place that begins and ends transactions.

A unit of work is a function of a `Connection`. On SQLite one thread runs all that write: what is
queued is run together and committed once, and nobody hears of a result before that commit.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from octavo.db import sqlite
from octavo.db.connection import Connection, SqliteConnection
from octavo.kit.errors import OctavoError, StoreUnavailable

T = TypeVar("T")
Unit = Callable[[Connection], T]

GROUP_SECONDS = 0.008
"""A group takes no further unit after this long, so that the writer is never held over 10 ms."""

CHECKPOINT_SECONDS = 0.5
WAL_CEILING = 256 << 20
"""Bytes of write-ahead log after which a checkpoint waits for readers and starts it anew."""


class Rank(IntEnum):
    """Which units go first when several wait."""

    ACCEPT = 0
    SETTLE = 1
    CLAIM = 2
    TASK = 3


class Store(Protocol):
    """Runs units of work."""

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """Runs a unit and returns its result after the commit that holds it.

        Raises what the unit raises (nothing of it is kept then), or StoreUnavailable.
        """

    async def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot."""

    async def close(self) -> None:
        """Waits for what is queued, then closes."""


class _Job(Generic[T]):
    __slots__ = ("error", "future", "result", "unit")

    def __init__(self, unit: Unit[T], future: "asyncio.Future[T]") -> None:
        self.unit = unit
        self.future = future
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self, connection: Connection) -> None:
        self.result = self.unit(connection)

    def finish(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]


class _LostTransaction(Exception):
    """SQLite ended the whole transaction by itself (a full disk): no member of it happened."""


class SqliteWriter(threading.Thread):
    """The one thread that writes."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="octavo-writer", daemon=True)
        self._raw = sqlite.connect(path)
        self._connection = SqliteConnection(self._raw)
        self._loop = loop
        self._lanes: list[deque[_Job[object]]] = [deque() for _ in Rank]
        self._wake = threading.Semaphore(0)
        self._door = threading.Lock()
        self._closing = False

    def put(self, rank: Rank, job: "_Job[T]") -> None:
        """Queues a unit. Raises StoreUnavailable once the writer is closing."""
        with self._door:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._lanes[rank].append(job)  # type: ignore[arg-type]
        self._wake.release()

    def close(self) -> None:
        """Ends the thread once the lanes are empty."""
        with self._door:
            self._closing = True
        self._wake.release()
        self.join()

    def run(self) -> None:
        """Groups, commits, answers; for ever."""
        while True:
            self._wake.acquire()
            while self._wake.acquire(blocking=False):
                pass
            while any(self._lanes):
                self._group()
            if self._closing and not any(self._lanes):
                self._raw.close()
                return

    def _group(self) -> None:
        done: list[_Job[object]] = []
        try:
            self._raw.execute("BEGIN IMMEDIATE")
            self._run_units(done)
            self._raw.execute("COMMIT")
        except (sqlite3.Error, _LostTransaction) as error:
            self._undo()
            if not done:
                # The transaction could not even begin: whoever waits hears it, or would for ever.
                done = [lane.popleft() for lane in self._lanes if lane]
            for job in done:
                job.error = StoreUnavailable(str(error))
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody listens any more
            self._loop.call_soon_threadsafe(_finish, done)

    def _run_units(self, done: list[_Job[object]]) -> None:
        """One of each lane first, so that nothing starves; then by rank until time is up."""
        end = time.monotonic() + GROUP_SECONDS
        for lane in self._lanes:
            if lane:
                self._run_one(lane.popleft(), done)
        for lane in self._lanes:
            while lane and time.monotonic() < end:
                self._run_one(lane.popleft(), done)

    def _run_one(self, job: _Job[object], done: list[_Job[object]]) -> None:
        done.append(job)
        self._raw.execute("SAVEPOINT unit")
        try:
            job.run(self._connection)
        except Exception as error:
            if not self._raw.in_transaction:
                raise _LostTransaction(str(error)) from error
            self._raw.execute("ROLLBACK TO unit")
            job.error = (
                StoreUnavailable(str(error))
                if isinstance(error, sqlite3.OperationalError)
                else error
            )
        self._raw.execute("RELEASE unit")

    def _undo(self) -> None:
        if self._raw.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._raw.execute("ROLLBACK")


def _finish(jobs: list[_Job[object]]) -> None:
    for job in jobs:
        job.finish()


class SqliteReaders:
    """A few threads with a read-only connection each."""

    def __init__(self, path: Path, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="octavo-reader")
        self._idle: queue.SimpleQueue[SqliteConnection] = queue.SimpleQueue()
        for _ in range(size):
            self._idle.put(SqliteConnection(sqlite.connect(path, readonly=True)))

    async def run(self, unit: Unit[T]) -> T:
        """Runs a unit on one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.read, unit)

    def read(self, unit: Unit[T]) -> T:
        """As `run`, on the thread of the caller."""
        connection = self._idle.get()
        try:
            connection.raw.execute("BEGIN")
            try:
                return unit(connection)
            finally:
                connection.raw.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Waits for the running reads, then closes."""
        self._pool.shutdown()
        while not self._idle.empty():
            self._idle.get().raw.close()


class Checkpointer(threading.Thread):
    """Moves the write-ahead log into the database beside the writer."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="octavo-checkpoint", daemon=True)
        self._path = path
        self._raw = sqlite.connect(path)
        self._raw.execute("PRAGMA busy_timeout=50")
        self._ending = threading.Event()

    def run(self) -> None:
        """Checkpoints twice a second."""
        while not self._ending.wait(CHECKPOINT_SECONDS):
            self.checkpoint()
        self._raw.close()

    def checkpoint(self) -> None:
        """Copies what no reader needs; past the ceiling, starts the log anew.

        That last step keeps the writer out, so little is left to copy when it begins, and it
        gives up soon if a long read stands in its way.
        """
        wal = self._path.with_name(self._path.name + "-wal")
        with contextlib.suppress(sqlite3.Error, OSError):
            self._raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if wal.stat().st_size > WAL_CEILING:
                self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Ends the thread."""
        self._ending.set()
        self.join()


class SqliteStore:
    """The embedded `Store`."""

    def __init__(self, path: Path, *, readers: int = 2) -> None:
        self._writer = SqliteWriter(path, asyncio.get_running_loop())
        self._readers = SqliteReaders(path, readers)
        self._checkpointer = Checkpointer(path)
        self._writer.start()
        self._checkpointer.start()

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """Runs a unit and returns its result after the commit that holds it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.put(rank, _Job(unit, future))
        return await future

    async def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot."""
        return await self._readers.run(unit)

    async def close(self) -> None:
        """Waits for what is queued, then closes."""
        loop = asyncio.get_running_loop()
        for close in (
            self._writer.close,
            self._readers.close,
            self._checkpointer.close,
        ):
            await loop.run_in_executor(None, close)


def run_once(path: Path, unit: Unit[T]) -> T:
    """Runs one unit in a transaction of its own, beside a running server or without one.

    Raises what the unit raises, or StoreUnavailable.
    """
    raw = sqlite.connect(path)
    try:
        raw.execute("BEGIN IMMEDIATE")
        try:
            result = unit(SqliteConnection(raw))
            raw.execute("COMMIT")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise
        return result
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(str(error)) from error
    finally:
        raw.close()


__all__ = ["OctavoError", "Rank", "SqliteStore", "Store", "Unit", "run_once"]
