"""Statements: SQLAlchemy expressions compiled once per engine and run as text.

Compiling at each call costs 100 us and more; text with positional parameters costs a few
(measured: docs/performance.md). A `Query` names the row that it gives, a `Command` gives none.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from octavo.db import bulk
from octavo.db.dialect import Dialect

Value: TypeAlias = int | float | str | None
Parameter: TypeAlias = Value | Sequence[int] | Sequence[str]
Expression: TypeAlias = sa.Executable | sa.ClauseElement
Build: TypeAlias = Callable[[Dialect], Expression]

R = TypeVar("R")


_JOINS = re.compile(r"\bJOIN\b|\bunnest\(|\bANY \(|\bEXISTS\b")
"""Statements for which the order in which tables are read matters."""


class Compiled:
    """The text of a statement for one engine and where its parameters stand."""

    def __init__(self, expression: Expression, dialect: Dialect, takes: Sequence[str]) -> None:
        compiled = _plain(_element(expression)).compile(dialect=dialect.compiler)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - narrows the type
        self.sql = str(compiled)
        self.joins = _JOINS.search(self.sql) is not None
        self.writes = not isinstance(expression, sa.Select)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._fixed: dict[str, Value] = {
            name: compiled.params[name]
            for bind, name in compiled.bind_names.items()
            if not bind.required
        }
        unknown = [n for n in self.names if n not in self._fixed and takes and n not in takes]
        if unknown:
            raise TypeError(f"parameters {unknown} are not among {list(takes)}: {self.sql}")
        self._order: list[int | None] = (
            [None if name in self._fixed else list(takes).index(name) for name in self.names]
            if takes
            else []
        )
        self.direct = bool(takes) and self._order == list(range(len(takes)))

    def arrange(self, given: Mapping[str, Parameter]) -> list[Parameter]:
        """The values in the order of the text."""
        fixed = self._fixed
        return [given[n] if n in given else fixed[n] for n in self.names]

    def arrange_rows(self, rows: Iterable[Sequence[Value]]) -> Iterable[Sequence[Value]]:
        """Rows in the order of `takes`, put in the order of the text."""
        if self.direct:
            return rows
        fixed = [self._fixed.get(name) for name in self.names]
        order = list(zip(self._order, fixed, strict=True))
        return ([f if i is None else row[i] for i, f in order] for row in rows)


def _element(expression: Expression) -> sa.ClauseElement:
    if not isinstance(expression, sa.ClauseElement):
        raise TypeError("a statement is built from SQLAlchemy expressions")
    return expression


def _plain(expression: sa.ClauseElement) -> sa.ClauseElement:
    """An insert that asks for nothing back would else ask for the key that the database gives."""
    if isinstance(expression, sa.Insert) and not expression.exported_columns:
        return expression.inline()
    return expression


class Statement:
    """What `Query` and `Command` share: how it is built and its text per engine."""

    def __init__(self, build: Build | Expression, takes: Sequence[str] = ()) -> None:
        self._build = build
        self._takes = tuple(takes)
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect: Dialect) -> Compiled:
        """The text for an engine, made at the first call."""
        found = self._compiled.get(dialect.name)
        if found is None:
            built = self._build(dialect) if callable(self._build) else self._build
            found = Compiled(built, dialect, self._takes)
            self._compiled[dialect.name] = found
        return found


class Query(Statement, Generic[R]):
    """A statement that gives rows; `row` makes one from its columns (a NamedTuple's `_make`)."""

    def __init__(
        self,
        row: Callable[[Sequence[Value]], R],
        build: Build | Expression,
    ) -> None:
        super().__init__(build)
        self.row = row


class Command(Statement):
    """A statement that gives no rows; `takes` orders the columns of rows given to `many`.

    `at_once`: no two rows of a batch touch the same row of a table, and their order does not
    matter, so that an engine may take a batch as one statement.
    """

    def __init__(
        self, build: Build | Expression, takes: Sequence[str] = (), *, at_once: bool = False
    ) -> None:
        super().__init__(build, takes)
        self.at_once = at_once
        self._over_rows: dict[str, Compiled] = {}

    def columns(self, rows: Iterable[Sequence[Value]]) -> dict[str, Parameter]:
        """Rows as the parameters of `over_rows`."""
        return dict(zip(self._takes, map(bulk.array, zip(*rows, strict=True)), strict=False))

    def over_rows(self, dialect: Dialect) -> Compiled:
        """The text that takes a batch as one statement, made at the first call."""
        found = self._over_rows.get(dialect.name)
        if found is None:
            built = self._build(dialect) if callable(self._build) else self._build
            found = Compiled(
                bulk.over_rows(_element(built), self._takes, dialect.compiler), dialect, self._takes
            )
            self._over_rows[dialect.name] = found
        return found


def first_integer(row: Sequence[Value]) -> int:
    """The row of a query for one number."""
    value = row[0]
    return int(value) if value is not None else 0


def first_text(row: Sequence[Value]) -> str:
    """The row of a query for one text."""
    return str(row[0])
