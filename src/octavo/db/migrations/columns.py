"""Shorthands that migrations are written in.

They are not those of `octavo.db.schema`: that one tells how tables are now, a migration how they
were made. What a released migration uses is never changed here.
"""

import sqlalchemy as sa
from alembic import op


def number() -> sa.Column[int]:
    """A key that the database numbers."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, sa.Identity(), nullable=False)


def big(*names: str, default: str | None = None, null: bool = False) -> list[sa.Column[int]]:
    """Integers of 64 bits."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return [
        sa.Column(n, kind, nullable=null, server_default=default, autoincrement=False)
        for n in names
    ]


def small(*names: str, default: str | None = None, null: bool = False) -> list[sa.Column[int]]:
    """Integers of 16 bits."""
    kind = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
    return [sa.Column(n, kind, nullable=null, server_default=default) for n in names]


def real(*names: str, default: str | None = None, null: bool = False) -> list[sa.Column[float]]:
    """Floating-point numbers, never of money."""
    kind: sa.types.TypeEngine[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
    return [sa.Column(n, kind, nullable=null, server_default=default) for n in names]


def text(*names: str, default: str | None = None, null: bool = False) -> list[sa.Column[str]]:
    """Texts."""
    return [sa.Column(n, sa.Text(), nullable=null, server_default=default) for n in names]


def table(
    name: str,
    *columns: sa.schema.SchemaItem,
    clustered: bool = False,
    numbered_once: bool = False,
    partitioned: str | None = None,
    **storage: int,
) -> None:
    """Makes a table; `clustered` stores it in the order of its primary key on SQLite,
    `numbered_once` gives the number of a deleted row to no other there.

    On PostgreSQL, `partitioned` names the column by whose months it is partitioned, `storage` are
    storage parameters.
    """
    op.create_table(
        name,
        *columns,
        sqlite_strict=True,
        sqlite_with_rowid=not clustered,
        sqlite_autoincrement=numbered_once,
        postgresql_with={} if partitioned else storage,
        postgresql_partition_by=f"RANGE ({partitioned})" if partitioned else None,
    )
    if partitioned and op.get_context().dialect.name == "postgresql":
        # Whatever happens, a row has a place; the months' partitions are made by housekeeping.
        parameters = ", ".join(f"{key} = {value}" for key, value in storage.items())
        op.execute(
            f"CREATE TABLE {name}_default PARTITION OF {name} DEFAULT"
            + (f" WITH ({parameters})" if parameters else "")
        )


def index(
    name: str, of: str, *columns: str, where: str | None = None, unique: bool = False
) -> None:
    """Makes an index, a partial one with `where`."""
    clause = None if where is None else sa.text(where)
    op.create_index(name, of, columns, unique=unique, sqlite_where=clause, postgresql_where=clause)
