"""One database for a test of the ledger, on either engine: statements, and units by hand."""

import sqlite3
from contextlib import ExitStack
from functools import cache
from typing import Protocol

import sqlalchemy as sa

from octavo.db import postgresql
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.postgresql import PostgresConnection
from octavo.db.schema import metadata
from octavo.db.statement import Value
from tests.common import postgres

Rows = list[tuple[Value, ...]]


class Engine(Protocol):
    """An empty database with the schema."""

    @property
    def c(self) -> Connection:
        """What the ledger works on."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...

    def sql(self, text: str, *values: Value) -> Rows:
        """What a statement of the test's own gives; parameters are question marks."""

    def close(self) -> None: ...


class InMemory:
    """SQLite without a disk."""

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None)
        self.raw.deserialize(_empty())
        self.raw.execute("PRAGMA foreign_keys=ON")
        self.c = SqliteConnection(self.raw)

    def begin(self) -> None:
        self.raw.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.raw.execute("COMMIT")

    def roll_back(self) -> None:
        self.raw.execute("ROLLBACK")

    def sql(self, text: str, *values: Value) -> Rows:
        return self.raw.execute(text, values).fetchall()

    def close(self) -> None:
        self.raw.close()


class OnServer:
    """PostgreSQL."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.url = self._stack.enter_context(postgres.cluster().emptied())
        self._raw = postgresql.connect(self.url)
        self.c = PostgresConnection(self._raw)

    def begin(self) -> None:
        self._raw.execute("BEGIN")

    def commit(self) -> None:
        assert self._raw.execute("COMMIT").statusmessage == "COMMIT"

    def roll_back(self) -> None:
        self._raw.execute("ROLLBACK")

    def sql(self, text: str, *values: Value) -> Rows:
        cursor = self._raw.execute(text.replace("?", "%s").encode(), values)
        return [] if cursor.description is None else cursor.fetchall()

    def close(self) -> None:
        self._raw.close()
        self._stack.close()


ENGINES: dict[str, type[InMemory] | type[OnServer]] = {"sqlite": InMemory, "postgresql": OnServer}


@cache
def _empty() -> bytes:
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=sa.StaticPool)
    metadata.create_all(engine)
    image = raw.serialize()
    engine.dispose()
    return image
