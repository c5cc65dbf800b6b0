"""A session on PostgreSQL: runs a unit of work in a transaction that happens once or not at all.

A transaction that the server ended for the sake of another one is run again; so is one whose
connection broke before its COMMIT was sent. When it breaks while the COMMIT is on its way, a mark
that the transaction carried tells afterwards whether it happened.
"""

import contextlib
import secrets
import time
from collections.abc import Callable
from random import Random
from typing import TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from octavo.db import postgresql
from octavo.db.postgresql import PostgresConnection, Raw
from octavo.db.unit_of_work import Unit
from octavo.kit.errors import StoreUnavailable

T = TypeVar("T")

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
