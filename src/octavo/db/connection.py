"""What ledger and domains see of the database: typed statements inside somebody's unit of work."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from octavo.db.dialect import SQLITE, Dialect
from octavo.db.statement import Command, Parameter, Query, Value

R = TypeVar("R")


class Connection(Protocol):
    """A connection inside a transaction that somebody else began and will end."""

    @property
    def dialect(self) -> Dialect:
        """The engine behind it."""

    def all(self, query: Query[R], **given: Parameter) -> list[R]:
        """Every row."""

    def one(self, query: Query[R], **given: Parameter) -> R | None:
        """The first row, or None."""

    def run(self, command: Command, **given: Parameter) -> int:
        """Runs once; the number of rows touched."""

    def many(self, command: Command, rows: Iterable[Sequence[Value]]) -> int:
        """Runs for each row (columns in the order of the command's `takes`)."""


class SqliteConnection:
    """A `Connection` on the standard library's driver."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self._cursor = raw.cursor()

    @property
    def dialect(self) -> Dialect:
        """SQLite."""
        return SQLITE

    def all(self, query: Query[R], **given: Parameter) -> list[R]:
        """Every row."""
        return list(map(query.row, self._execute(query, given)))

    def one(self, query: Query[R], **given: Parameter) -> R | None:
        """The first row, or None."""
        # Fetched to the end: a RETURNING statement is carried out only when it is exhausted.
        rows = self._execute(query, given).fetchall()
        return query.row(rows[0]) if rows else None

    def run(self, command: Command, **given: Parameter) -> int:
        """Runs once; the number of rows touched."""
        return self._execute(command, given).rowcount

    def many(self, command: Command, rows: Iterable[Sequence[Value]]) -> int:
        """Runs for each row (columns in the order of the command's `takes`)."""
        compiled = command.compiled(SQLITE)
        return self._cursor.executemany(compiled.sql, compiled.arrange_rows(rows)).rowcount

    def _execute(
        self, statement: Query[R] | Command, given: dict[str, Parameter]
    ) -> sqlite3.Cursor:
        compiled = statement.compiled(SQLITE)
        values = [
            json.dumps(v) if isinstance(v, list | tuple) else v for v in compiled.arrange(given)
        ]
        return self._cursor.execute(compiled.sql, values)
