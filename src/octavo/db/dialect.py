"""Everything in which the two engines differ, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.selectable import NamedFromClause

Column: TypeAlias = sa.Column[int] | sa.Column[str]
Insert: TypeAlias = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True)
class Dialect:
    """How one engine spells what SQLAlchemy leaves to its dialects."""

    name: str
    compiler: sa.Dialect
    insert: Callable[[sa.Table], Insert]
    among: Callable[[Column, str], sa.ColumnElement[bool]]
    """`among(column, name)`: the column's value is in the list given as parameter `name`."""
    each: "Each"
    """Rows of a table looked up for each row of others, by the whole of their key."""
    picked: "Pick"
    """Rows of a table looked up for each value of a list, by the whole of their key."""
    sequences: bool
    """Numbers come from sequences, so that writers do not wait for each other's commit."""


def _among_json(column: Column, name: str) -> sa.ColumnElement[bool]:
    values = sa.func.json_each(sa.bindparam(name, type_=sa.Text())).table_valued("value")
    return column.in_(sa.select(values.c.value))


def _among_array(column: Column, name: str) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(column.type)))


class Joined(NamedTuple):
    """What to join, and on what."""

    table: sa.FromClause
    on: sa.ColumnElement[bool]


class Each(Protocol):
    """How an engine looks rows up for each row of others."""

    def __call__(
        self,
        inner: NamedFromClause,
        on: sa.ColumnElement[bool],
        *outer: sa.FromClause,
        most: str = "",
        order: Column | None = None,
        lock: bool = False,
    ) -> Joined:
        """Rows of `inner` that fit `on`: one for each row of `outer`, or as many as parameter
        `most` says, the first by `order`. SQLite gives all that fit.
        """


class Pick(Protocol):
    """How an engine looks rows up by a list."""

    def __call__(
        self,
        table: sa.Table,
        column: Column,
        name: str,
        *where: sa.ColumnElement[bool],
        lock: bool = False,
    ) -> "Picked":
        """Rows under `where` whose `column` is in the list given as parameter `name`."""


class Picked(NamedTuple):
    """What to select from, the table in it, and under which condition."""

    source: sa.FromClause
    table: sa.FromClause
    where: sa.ColumnElement[bool]


def _each_plain(
    inner: NamedFromClause,
    on: sa.ColumnElement[bool],
    *outer: sa.FromClause,
    most: str = "",
    order: Column | None = None,
    lock: bool = False,
) -> Joined:
    del outer, most, order, lock  # rows come in the order of the key anyway: the reader stops
    return Joined(inner, on)


def _each_lateral(
    inner: NamedFromClause,
    on: sa.ColumnElement[bool],
    *outer: sa.FromClause,
    most: str = "",
    order: Column | None = None,
    lock: bool = False,
) -> Joined:
    # Otherwise the planner may look up half of the key only, and read a campaign for a slice.
    rows = sa.select(inner).where(on).limit(bindparam(most) if most else const(1))
    if order is not None:
        rows = rows.order_by(order)
    if lock:
        rows = rows.with_for_update()
    return Joined(rows.correlate(*outer).lateral(f"each_{inner.name}"), sa.true())


def _picked_plain(
    table: sa.Table,
    column: Column,
    name: str,
    *where: sa.ColumnElement[bool],
    lock: bool = False,
) -> Picked:
    del lock
    return Picked(table, table, sa.and_(*where, _among_json(column, name)))


def _picked_lateral(
    table: sa.Table,
    column: Column,
    name: str,
    *where: sa.ColumnElement[bool],
    lock: bool = False,
) -> Picked:
    # Otherwise the planner may look up by `where` alone, and compare each row with the list.
    values = sa.func.unnest(bindparam(name, type_=postgresql.ARRAY(column.type)))
    given = values.table_valued(sa.column("value", column.type)).render_derived(name=name)
    rows = sa.select(table).where(*where, column == given.c.value).offset(const(0))
    if lock:
        rows = rows.with_for_update()
    found = rows.correlate(given).lateral(f"picked_{table.name}")
    return Picked(sa.join(given, found, sa.true()), found, sa.true())


SQLITE = Dialect(
    "sqlite",
    sqlite.dialect(paramstyle="qmark"),
    sqlite.insert,
    _among_json,
    _each_plain,
    _picked_plain,
    sequences=False,
)
POSTGRESQL = Dialect(
    "postgresql",
    postgresql.psycopg.dialect(  # type: ignore[no-untyped-call]
        paramstyle="format"
    ),
    postgresql.insert,
    _among_array,
    _each_lateral,
    _picked_lateral,
    sequences=True,
)


class larger(GenericFunction[int]):  # noqa: N801 - the name is what SQL shows
    """The larger of two values."""

    type = sa.BigInteger()
    inherit_cache = True


class smaller(GenericFunction[int]):  # noqa: N801 - the name is what SQL shows
    """The smaller of two values."""

    type = sa.BigInteger()
    inherit_cache = True


_TWO_VALUE_NAMES = {
    larger: {"sqlite": "max", "postgresql": "greatest"},
    smaller: {"sqlite": "min", "postgresql": "least"},
}


@compiles(larger)
@compiles(smaller)
def _two_values(element: larger | smaller, compiler: SQLCompiler, **_: object) -> str:
    name = _TWO_VALUE_NAMES[type(element)][compiler.dialect.name]
    return f"{name}({compiler.process(element.clauses)})"


def checked(column: sa.Column[int]) -> sa.ColumnElement[int]:
    """A column that rows are checked by, not looked up by: an index on it is never taken.

    SQLite would go through all rows of an account for a few that are given by their keys.
    """
    return column + const(0)


def const(value: int) -> sa.ColumnElement[int]:
    """A number written into the SQL text: a partial index is used only when it is seen there."""
    return sa.literal_column(str(int(value)), sa.BigInteger())
