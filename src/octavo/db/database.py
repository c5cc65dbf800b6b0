"""A database as a place: what it holds, how its units of work are run, on either engine."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

from octavo.db import sqlite
from octavo.db.hints import Hints, NoHints
from octavo.db.unit_of_work import SqliteReaders, SqliteStore, Store, Unit, run_once
from octavo.kit.errors import OctavoError

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")


class NotADatabase(OctavoError):
    """This file is no database, or it is damaged."""

    says = "This file is no database, or it is damaged"


class EmbeddedDatabase(OctavoError):
    """SQLite serves one process, `octavo up`; several need PostgreSQL (OCTAVO_DATABASE_URL)."""

    says = "SQLite serves one process, octavo up; several need a PostgreSQL OCTAVO_DATABASE_URL"


class Standing(NamedTuple):
    """The last migration of a database and the least one to know; None where there is none."""

    version: str | None
    min_version: str | None


class Database(Protocol):
    """One database of either engine. `str()` of it names it for people, without a password."""

    @property
    def embedded(self) -> bool:
        """Whether one server process has it for itself, so that leases of others are dead ones."""

    def standing(self) -> Standing:
        """Which schema it has. Raises NotADatabase, StoreUnavailable."""

    def upgrading(self) -> "AbstractContextManager[sa.Connection]":
        """A connection in one transaction that keeps other migrations out; committed at the end."""

    def store(self) -> Store:
        """Opens it for a server, on the running loop."""

    def hints(self) -> Hints:
        """What tells other processes of it that there is work, on the running loop."""

    def write(self, unit: Unit[T]) -> T:
        """Runs one unit and commits it, beside running servers or without one.

        Raises what the unit raises, or StoreUnavailable.
        """

    def reading(self) -> "AbstractContextManager[Reader]":
        """Runs units that only read, each on a snapshot of its own."""


class Reader(Protocol):
    """Reads on snapshots."""

    def run(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot."""


def database_at(url: str, lineage: Path | None = None) -> Database:
    """The database that a URL names: `sqlite:///path` or `postgresql://...`.

    `lineage`: where it is kept which PostgreSQL servers were replaced by their standby.
    """
    if url.startswith(POSTGRESQL_SCHEMES):
        # Its driver takes a tenth of a second to import.
        from octavo.db.postgresql_database import PostgresDatabase  # noqa: PLC0415

        return PostgresDatabase(url, lineage)
    return SqliteDatabase(Path(unquote(url.removeprefix("sqlite:///"))))


class SqliteDatabase:
    """A file of this machine."""

    embedded = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def __fspath__(self) -> str:
        return str(self.path)

    def standing(self) -> Standing:
        """Which schema it has. Raises NotADatabase."""
        if not self.path.exists():
            return Standing(None, None)
        try:
            with contextlib.closing(sqlite.connect(self.path, readonly=True)) as raw:
                return _standing(raw)
        except sqlite3.DatabaseError as error:
            raise NotADatabase(f"{self.path}: {error}") from None

    @contextmanager
    def upgrading(self) -> "Iterator[sa.Connection]":
        """A connection in one transaction that keeps other migrations out; committed at the end.

        Python's driver would begin none for CREATE TABLE; ours is in autocommit mode and is told.
        """
        import sqlalchemy as sa  # noqa: PLC0415 - only migrations need an engine

        self.path.parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            "sqlite://", creator=lambda: sqlite.connect(self.path), poolclass=sa.NullPool
        )
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def store(self) -> Store:
        """Opens it for the one server process."""
        return SqliteStore(self.path)

    def hints(self) -> Hints:
        """There are no other processes."""
        return NoHints()

    def write(self, unit: Unit[T]) -> T:
        """Runs one unit and commits it."""
        return run_once(self.path, unit)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Runs units that only read."""
        readers = SqliteReaders(self.path, 1)
        try:
            yield _SqliteReader(readers)
        finally:
            readers.close()


class _SqliteReader:
    def __init__(self, readers: SqliteReaders) -> None:
        self._readers = readers

    def run(self, unit: Unit[T]) -> T:
        return self._readers.read(unit)


def _standing(raw: sqlite3.Connection) -> Standing:
    tables = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    if tables.fetchone() is None:
        return Standing(None, None)
    version = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    least = raw.execute("SELECT value FROM setting WHERE name = 'min_version'").fetchone()
    return Standing(version[0] if version else None, least[0] if least else None)
