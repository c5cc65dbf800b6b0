"""Units of work on PostgreSQL: each is one transaction, run by a few threads (design 5).

A transaction that the server ended for the sake of another one is run again; so is one whose
connection broke before its COMMIT was sent. When it breaks while the COMMIT is on its way, a mark
that the transaction carried tells afterwards whether it happened.
"""

import asyncio
import contextlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from octavo.db import postgresql
from octavo.db.connection import Connection
from octavo.db.postgresql import PostgresConnection, Raw
from octavo.db.unit_of_work import Rank, Unit
from octavo.kit.errors import StoreUnavailable

T = TypeVar("T")

WRITERS = 6
"""At least one for each rank: thread n looks at the lane of rank n first, so that none starves."""
READERS = 2

GROUP_SECONDS = 0.02
MOST_IN_GROUP = 32
"""Accepts in one transaction, and how long it may take further ones."""

MOST_TRIES = 8
LONGEST_PAUSE = 0.2
"""Seconds between two tries; the first is after a few milliseconds."""
SETTLE_SECONDS = 20.0
"""How long it is tried to learn what became of a COMMIT whose connection broke."""

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_MARK = "INSERT INTO commit_mark (session, n) VALUES (%s, %s)"
_FORGET_MARKS = "DELETE FROM commit_mark WHERE session = %s AND n < %s"
FORGET_EVERY = 256
SESSION_SECONDS = 3_600
"""A session takes a new name this often, so that the marks of dead ones can be told by age."""

_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)


class _Again(Exception):
    """The transaction did not happen and may be run again."""


class _InTheAir(Exception):
    """The connection broke while the COMMIT was on its way."""


class Session:
    """One connection, made anew when it breaks; for one thread."""

    def __init__(self, url: str, chance: Random) -> None:
        self._url = url
        self._chance = chance
        self._raw: Raw | None = None
        self._name = 0
        self._named_at = 0.0
        self._n = 0

    def write(self, unit: Unit[T]) -> T:
        """Runs a unit in a transaction of its own and commits it.

        Raises what the unit raises (nothing of it is kept then), or StoreUnavailable.
        """
        return self._persist(lambda: self._write(unit))

    def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot. Raises as `write`."""
        return self._persist(lambda: self._read(unit))

    def close(self) -> None:
        """Ends the connection."""
        raw, self._raw = self._raw, None
        if raw is not None:
            with contextlib.suppress(psycopg.Error):
                raw.close()

    def _persist(self, attempt: Callable[[], T]) -> T:
        for tried in range(1, MOST_TRIES + 1):
            try:
                return attempt()
            except _Again as again:
                if tried == MOST_TRIES:
                    raise StoreUnavailable(str(again)) from again
            time.sleep(self._chance.random() * min(0.005 * 2**tried, LONGEST_PAUSE))
        raise AssertionError

    def _read(self, unit: Unit[T]) -> T:
        raw = self._connected()
        try:
            raw.execute(_READ)
            return unit(PostgresConnection(raw))
        except Exception as error:
            raise self._undone(error) from error
        finally:
            self._roll_back()

    def _write(self, unit: Unit[T]) -> T:
        raw = self._connected()
        connection = PostgresConnection(raw)
        try:
            raw.execute(_WRITE)
            result = unit(connection)
            if connection.wrote:
                self._mark_and_commit(raw)
            else:
                raw.execute("COMMIT")
        except _InTheAir as error:
            self._find_out(error)
            return result
        except Exception as error:
            raise self._undone(error) from error
        finally:
            self._roll_back()
        return result

    def _mark_and_commit(self, raw: Raw) -> None:
        name, n = self._next_mark()
        try:
            with raw.pipeline():
                raw.execute(_MARK, (name, n))
                if n % FORGET_EVERY == 0:
                    raw.execute(_FORGET_MARKS, (name, n))
                committed = raw.execute("COMMIT")
            if committed.statusmessage != "COMMIT":
                raise _Again(committed.statusmessage)
        except psycopg.Error as error:
            if _is_broken(raw):
                raise _InTheAir(str(error)) from error
            raise

    def _next_mark(self) -> tuple[int, int]:
        now = time.time()
        if not self._name or now - self._named_at > SESSION_SECONDS:
            self._name = int(now) << 30 | secrets.randbits(30)
            self._named_at = now
            self._n = 0
        self._n += 1
        return self._name, self._n

    def _find_out(self, error: _InTheAir) -> None:
        """Returns when the transaction happened. Raises _Again when it did not and never will,
        StoreUnavailable when the server is away for too long to tell.

        The mark is written by us: where it is there already, the transaction happened; while the
        old server process still works at it we wait for it; where it is not, ours stands in the
        way of it from now on.
        """
        mark = self._name, self._n
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            self.close()
            try:
                self._connected().execute(_MARK, mark)
            except errors.UniqueViolation:
                return
            except (psycopg.Error, StoreUnavailable) as trouble:
                if time.monotonic() > end:
                    self._name = 0
                    raise StoreUnavailable(f"it may have happened: {error}") from trouble
                time.sleep(LONGEST_PAUSE)
            else:
                raise _Again(str(error))

    def _connected(self) -> Raw:
        if self._raw is None:
            try:
                self._raw = postgresql.connect(self._url)
            except psycopg.Error as error:
                raise StoreUnavailable(str(error).strip()) from error
        return self._raw

    def _roll_back(self) -> None:
        """Leaves the connection ready for the next transaction, or none."""
        raw = self._raw
        if raw is None:
            return
        try:
            if raw.info.transaction_status is not TransactionStatus.IDLE:
                raw.execute("ROLLBACK")
        except psycopg.Error:
            self.close()
        if _is_broken(raw):
            self.close()

    def _undone(self, error: Exception) -> Exception:
        """What to raise for an error of a unit or of the server; nothing was committed."""
        cause = _of_the_server(error)
        if isinstance(error, _Again) or cause is None:
            return error
        if isinstance(cause, _AGAIN):
            return _Again(str(cause).strip())
        if isinstance(cause, errors.ReadOnlySqlTransaction | errors.AdminShutdown):
            self.close()  # a primary that became a standby, or one that is being stopped
            return _Again(str(cause).strip())
        if self._raw is None or _is_broken(self._raw):
            self.close()
            return _Again(str(cause).strip())
        if isinstance(cause, psycopg.OperationalError):
            return StoreUnavailable(str(cause).strip())
        return error


def _is_broken(raw: Raw) -> bool:
    return raw.closed or raw.info.transaction_status is TransactionStatus.UNKNOWN


def _of_the_server(error: BaseException | None) -> psycopg.Error | None:
    """The server's error that an error was raised from, if one was."""
    while error is not None and not isinstance(error, psycopg.Error):
        error = error.__cause__
    return error


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

    def take(self, first: int) -> tuple[int, _Job[object]] | None:
        """The next unit and its lane: of lane `first` if one waits there, else by rank; None at
        the end.
        """
        with self._door:
            while True:
                for n in (first, *range(len(self._lanes))):
                    if self._lanes[n]:
                        return n, self._lanes[n].popleft()
                if self._closing:
                    return None
                self._door.wait()

    def more(self, lane: int) -> _Job[object] | None:
        """Another unit of this lane, if one waits."""
        with self._door:
            return self._lanes[lane].popleft() if self._lanes[lane] else None

    def close(self) -> None:
        """What is queued is still done."""
        with self._door:
            self._closing = True
            self._door.notify_all()


class _Reader(threading.Thread):
    """A thread with a session of its own that reads."""

    def __init__(self, name: str, lanes: _Lanes, session: Session) -> None:
        super().__init__(name=name, daemon=True)
        self._lanes = lanes
        self._session = session

    def run(self) -> None:
        """Until the lanes are closed and empty."""
        while (taken := self._lanes.take(0)) is not None:
            taken[1].run(self._session.read)
        self._session.close()


class _Writer(threading.Thread):
    """A thread with a session of its own that writes; it looks at lane `first` first."""

    def __init__(self, name: str, lanes: _Lanes, session: Session, first: int) -> None:
        super().__init__(name=name, daemon=True)
        self._lanes = lanes
        self._session = session
        self._first = first

    def run(self) -> None:
        """Until the lanes are closed and empty."""
        while (taken := self._lanes.take(self._first)) is not None:
            lane, job = taken
            if lane == Rank.ACCEPT:
                self._group(job)
            else:
                job.run(self._session.write)
        self._session.close()

    def _group(self, first: _Job[object]) -> None:
        """Runs the accepts that wait in one transaction: orders of one account would else wait
        for each other's commits. When one of them fails, each is run by itself.
        """
        jobs = [first]

        def unit(connection: Connection) -> list[object]:
            results = [job.unit(connection) for job in jobs]
            end = time.monotonic() + GROUP_SECONDS
            while len(jobs) < MOST_IN_GROUP and time.monotonic() < end:
                job = self._lanes.more(Rank.ACCEPT)
                if job is None:
                    break
                jobs.append(job)
                results.append(job.unit(connection))
            return results

        try:
            results = self._session.write(unit)
        except Exception as error:  # noqa: BLE001 - it is raised where the units came from
            self._fail(jobs, error)
            return
        for job, job.result in zip(jobs, results, strict=True):
            job.answer()

    def _fail(self, jobs: list[_Job[object]], error: Exception) -> None:
        if len(jobs) > 1 and not isinstance(error, StoreUnavailable):
            for job in jobs:
                job.run(self._session.write)
            return
        for job in jobs:
            job.error = error
            job.answer()


class PostgresStore:
    """The `Store` on PostgreSQL; any number of processes may have one."""

    def __init__(
        self, url: str, chance: Random, *, writers: int = WRITERS, readers: int = READERS
    ) -> None:
        self._writes, self._reads = _Lanes(len(Rank)), _Lanes(1)
        self._hands: list[threading.Thread] = [
            _Writer(f"octavo-writer-{n}", self._writes, Session(url, chance), n % len(Rank))
            for n in range(writers)
        ]
        self._hands += [
            _Reader(f"octavo-reader-{n}", self._reads, Session(url, chance)) for n in range(readers)
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
