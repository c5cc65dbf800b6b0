"""A PostgreSQL database as a place (`db.database.Database`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import errors

from octavo.db import postgresql
from octavo.db.database import Reader, Standing
from octavo.db.hints import Hints
from octavo.db.postgresql_hints import PostgresHints
from octavo.db.postgresql_lineage import Lineage
from octavo.db.postgresql_session import Session
from octavo.db.postgresql_store import PostgresStore
from octavo.db.unit_of_work import Store, Unit
from octavo.kit.errors import StoreUnavailable

T = TypeVar("T")

MIGRATION_LOCK = 0x4F637461766F
"""The advisory lock that one migration at a time holds."""

MIGRATION_LOCK_TIMEOUT = "60s"

_VERSION = "SELECT version_num FROM alembic_version"
_LEAST = "SELECT value FROM setting WHERE name = 'min_version'"


class PostgresDatabase:
    """A database that any number of processes share."""

    embedded = False

    def __init__(self, url: str, lineage: Path | None = None) -> None:
        """`lineage`: where it is kept which servers were replaced (`Lineage`)."""
        self.url = url
        self._lineage = Lineage(lineage)
        self._chance = SystemRandom()

    def __str__(self) -> str:
        return postgresql.where(self.url)

    def standing(self) -> Standing:
        """Which schema it has. Raises StoreUnavailable."""
        try:
            with self._lineage.connect(self.url).raw as raw:
                return _standing(raw)
        except errors.UndefinedTable:
            return Standing(None, None)
        except psycopg.Error as error:
            raise StoreUnavailable(str(error).strip()) from error

    @contextmanager
    def upgrading(self) -> Iterator[sa.Connection]:
        """A connection in one transaction that keeps other migrations out; committed at the end.

        Who comes second waits, then finds nothing left to do. Raises StoreUnavailable.
        """
        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(postgresql.complete(self.url)),
            poolclass=sa.NullPool,
        )
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATION_LOCK_TIMEOUT}'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
                yield connection
        except sa.exc.OperationalError as error:
            raise StoreUnavailable(str(error.orig).strip()) from error
        finally:
            engine.dispose()

    def store(self) -> Store:
        """Opens it for one server process among others."""
        return PostgresStore(self.url, self._chance, self._lineage)

    def hints(self) -> Hints:
        """Tells every process of it, by NOTIFY."""
        return PostgresHints(self.url, self._chance)

    def write(self, unit: Unit[T]) -> T:
        """Runs one unit and commits it."""
        session = Session(self.url, self._chance, self._lineage)
        try:
            return session.write(unit)
        finally:
            session.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Runs units that only read."""
        session = Session(self.url, self._chance, self._lineage)
        try:
            yield _Reader(session)
        finally:
            session.close()


class _Reader:
    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, unit: Unit[T]) -> T:
        return self._session.read(unit)


def _standing(raw: postgresql.Raw) -> Standing:
    version = raw.execute(_VERSION).fetchone()
    least = raw.execute(_LEAST).fetchone()
    return Standing(
        str(version[0]) if version else None,
        str(least[0]) if least else None,
    )
