"""Everything in which the two engines differ, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

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
    each: Callable[[sa.Table, sa.Table, sa.ColumnElement[bool], Column, str], "Joined"]
    """`each(outer, inner, on, order, most)`: at most `most` rows of `inner` for each of `outer`,
    the first by `order`, where the engine can say so; else all of them.
    """
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


def _each_plain(
    outer: sa.Table, inner: sa.Table, on: sa.ColumnElement[bool], order: Column, most: str
) -> Joined:
    del outer, order, most  # rows come in the order of the key anyway: the reader stops
    return Joined(inner, on)


def _each_lateral(
    outer: sa.Table, inner: sa.Table, on: sa.ColumnElement[bool], order: Column, most: str
) -> Joined:
    # Otherwise the planner may look up half of the key only, and read a campaign for a slice.
    rows = sa.select(inner).where(on).order_by(order).limit(bindparam(most)).correlate(outer)
    return Joined(rows.lateral(f"{inner.name}_of_{outer.name}"), sa.true())


SQLITE = Dialect(
    "sqlite",
    sqlite.dialect(paramstyle="qmark"),
    sqlite.insert,
    _among_json,
    _each_plain,
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
