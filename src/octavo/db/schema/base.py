"""Column shorthands. Only types that both drivers hand over unchanged are used.

Instants are integers (microseconds, UTC), money is an integer (10^-8 of the currency), truth is
0 or 1, JSON is text: so the hot statements need no value processors.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PARTITIONS = "partitions"
"""In the `info` of a partitioned table: the storage parameters of its partitions."""

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
REAL: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")


def big(name: str, default: int | None = None, *, null: bool = False) -> sa.Column[int]:
    """An int64 column."""
    return sa.Column(name, BIG, nullable=null, server_default=_text(default), autoincrement=False)


def small(name: str, default: int | None = None, *, null: bool = False) -> sa.Column[int]:
    """An int16 column."""
    return sa.Column(name, SMALL, nullable=null, server_default=_text(default))


def text(name: str, default: str | None = None, *, null: bool = False) -> sa.Column[str]:
    """A text column."""
    return sa.Column(name, sa.Text(), nullable=null, server_default=default)


def key(*, given: bool = False) -> sa.Column[int]:
    """A numbered primary key, given by the database or, `given`, by us."""
    if given:
        return sa.Column("id", BIG, primary_key=True, autoincrement=False)
    return sa.Column("id", BIG, sa.Identity(), primary_key=True)


def index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """A partial index."""
    clause = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


def table(
    name: str,
    *columns: sa.schema.SchemaItem,
    clustered: bool = False,
    numbered_once: bool = False,
    partitioned: str | None = None,
    **storage: int,
) -> sa.Table:
    """A table; `clustered` stores it in the order of its primary key on SQLite, `numbered_once`
    gives the number of a deleted row to no other there (PostgreSQL never does).

    On PostgreSQL, `storage` are storage parameters; `partitioned` names the column by whose months
    the table is partitioned (its partitions then have the parameters: `db.partitions`).
    """
    made = sa.Table(
        name,
        metadata,
        *columns,
        sqlite_strict=True,
        sqlite_with_rowid=not clustered,
        sqlite_autoincrement=numbered_once,
        postgresql_with={} if partitioned else storage,
        postgresql_partition_by=f"RANGE ({partitioned})" if partitioned else None,
    )
    if partitioned:
        made.info[PARTITIONS] = storage
    return made


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
