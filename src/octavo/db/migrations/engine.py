"""How Alembic reaches a database: one transaction that we begin and end, no `alembic.ini`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config

from octavo.db import sqlite


@contextmanager
def transaction(path: Path) -> Iterator[sa.Connection]:
    """A connection in one write transaction, committed at the end.

    Python's driver would begin none for CREATE TABLE; ours is in autocommit mode and is told.
    """

    def connect() -> sqlite3.Connection:
        return sqlite.connect(path)

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)
    sa.event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings, with the connection that `env.py` is to use."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
