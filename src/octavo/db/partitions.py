"""The months' partitions of the big tables on PostgreSQL (design 5): so that old ones can go.

Numbers of campaigns, receipts and events begin with their month, which is why a partition is a
range of them. SQLite has no partitions; there nothing is done.
"""

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.connection import Connection
from octavo.db.schema import metadata
from octavo.db.schema.base import PARTITIONS
from octavo.db.statement import Command, Query, first_text
from octavo.kit.clock import Instant, months_since_2000

MONTH_SHIFT = 40
"""A number is month << MONTH_SHIFT | n, months counted from January 2000."""

AHEAD = 2
"""Months that have their partitions before they begin."""

_LOCK = Query(
    first_text,
    sa.select(sa.func.pg_advisory_xact_lock(bindparam("key", type_=sa.BigInteger()))),
)
_LOCK_KEY = 0x6F63746D6F6E
_EXISTS = Query(first_text, sa.select(sa.func.to_regclass(bindparam("name", type_=sa.Text()))))


class Partition(NamedTuple):
    """The rows of one table in one month."""

    table: str
    month: int

    @property
    def name(self) -> str:
        """Such as message_2026_11."""
        years, months = divmod(self.month, 12)
        return f"{self.table}_{2000 + years}_{months + 1:02}"


def ensure(connection: Connection, now: Instant) -> list[Partition]:
    """Makes the partitions of this month and the next ones where they are missing; which."""
    if connection.dialect.name != "postgresql":
        return []
    month = months_since_2000(now)
    missing = [p for p in _wanted(month) if not _exists(connection, p)]
    if not missing:
        return []
    connection.one(_LOCK, key=_LOCK_KEY)
    made = [p for p in missing if not _exists(connection, p)]
    for p in made:
        _make(connection, p)
    return made


def _wanted(month: int) -> Iterator[Partition]:
    for table in metadata.sorted_tables:
        if PARTITIONS in table.info:
            for ahead in range(AHEAD + 1):
                yield Partition(table.name, month + ahead)


def _exists(connection: Connection, p: Partition) -> bool:
    return connection.one(_EXISTS, name=p.name) not in (None, "None")


def _make(connection: Connection, p: Partition) -> None:
    """Made apart, then attached: the table itself stays open to readers and writers."""
    storage: dict[str, int] = metadata.tables[p.table].info[PARTITIONS]
    parameters = ", ".join(f"{key} = {value}" for key, value in storage.items())
    suffix = f" WITH ({parameters})" if parameters else ""
    low, high = p.month << MONTH_SHIFT, (p.month + 1) << MONTH_SHIFT
    for ddl in (
        f"CREATE TABLE {p.name} (LIKE {p.table} INCLUDING ALL){suffix}",
        f"ALTER TABLE {p.table} ATTACH PARTITION {p.name} FOR VALUES FROM ({low}) TO ({high})",
    ):
        connection.run(Command(sa.text(ddl)))
