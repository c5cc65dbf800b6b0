"""A session on PostgreSQL: runs a unit of work in a transaction that happens once or not at all.

A transaction that the server ended for the sake of another one is run again; so is one whose
connection broke before its COMMIT was sent. When it breaks while the COMMIT is on its way, a mark
that the transaction carried tells afterwards whether it happened.
"""

import contextlib
import time
from collections.abc import Callable
from random import Random
from typing import TypeVar

import psycopg
from psycopg import errors
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus

from octavo.db.postgresql import PostgresConnection, Raw
from octavo.db.postgresql_lineage import Lineage
from octavo.db.postgresql_marks import Marks
from octavo.db.unit_of_work import Unit
from octavo.kit.errors import StoreInDoubt, StoreUnavailable

T = TypeVar("T")

MOST_TRIES = 8
LONGEST_PAUSE = 0.2
"""Seconds between two tries; the first is after a few milliseconds."""
SETTLE_SECONDS = 20.0
"""How long it is tried to learn what became of a COMMIT whose connection broke."""

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)


class _Again(Exception):
    """The transaction did not happen and may be run again."""


class _InTheAir(Exception):
    """The connection broke while the COMMIT was on its way, or the server did not wait for its
    standby.
    """


class Session:
    """One connection, made anew when it breaks; for one thread."""

    def __init__(self, url: str, chance: Random, lineage: Lineage | None = None) -> None:
        self._url = url
        self._chance = chance
        self._lineage = lineage or Lineage()
        self._timeline = 0
        self._raw: Raw | None = None
        self._past_is_settled = False
        self._marks = Marks()
        self._warned = ""

    def write(self, unit: Unit[T]) -> T:
        """Runs a unit in a transaction of its own and commits it.

        Raises what the unit raises (nothing of it is kept then), StoreUnavailable, or StoreInDoubt
        when it could not be learned whether it was committed.
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
            self._settle_the_past(raw)
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

    def _settle_the_past(self, raw: Raw) -> None:
        if not self._past_is_settled:
            self._warned = ""
            self._marks.settle_the_past(raw)
            if self._warned:
                raise _Again(self._warned)
            self._past_is_settled = True

    def _mark_and_commit(self, raw: Raw) -> None:
        self._warned = ""
        try:
            with raw.pipeline():
                self._marks.leave(raw)
                committed = raw.execute("COMMIT")
            if committed.statusmessage != "COMMIT":
                raise _Again(committed.statusmessage)
            if self._warned:
                raise _InTheAir(self._warned)
        except psycopg.Error as error:
            if _is_broken(raw):
                raise _InTheAir(str(error)) from error
            raise

    def _find_out(self, error: _InTheAir) -> None:
        """Returns when the transaction happened. Raises _Again when it did not and never will,
        StoreInDoubt when the server is away for too long to tell.
        """
        end = time.monotonic() + SETTLE_SECONDS
        trouble: Exception = error
        while time.monotonic() < end:
            self.close()
            self._warned = ""
            try:
                happened = self._marks.is_there(self._connected())
            except (psycopg.Error, StoreUnavailable) as again:
                trouble = again
            else:
                if not happened:
                    raise _Again(str(error))
                if not self._warned:
                    return
            time.sleep(LONGEST_PAUSE)
        self._marks.give_up()
        raise StoreInDoubt(f"it may have happened: {error}") from trouble

    def _connected(self) -> Raw:
        """The connection; a new one where it broke, or where its server has been replaced."""
        if self._raw is not None and self._timeline < self._lineage.timeline:
            self.close()
        if self._raw is None:
            try:
                self._raw, self._timeline = self._lineage.connect(self._url)
            except psycopg.Error as error:
                raise StoreUnavailable(str(error).strip()) from error
            self._past_is_settled = False
            self._raw.add_notice_handler(self._hear)
        return self._raw

    def _hear(self, notice: Diagnostic) -> None:
        """A server that is told to wait for its standby no longer commits with a warning."""
        if notice.severity_nonlocalized == "WARNING":
            self._warned = notice.message_primary or "the server warned"

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
