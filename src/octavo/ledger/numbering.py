"""Numbers for rows: month << 40 | n where tables are partitioned (design 5)."""

from collections.abc import Sequence

from octavo.db.connection import Connection
from octavo.db.partitions import MONTH_SHIFT
from octavo.db.statements import orders
from octavo.kit.clock import Instant, months_since_2000


def take(connection: Connection, name: str, n: int, now: Instant) -> Sequence[int]:
    """`n` rising numbers of the month of `now`, never given before."""
    month = months_since_2000(now) << MONTH_SHIFT
    if connection.dialect.sequences:
        return [month + number for number in connection.all(orders.NEXT_NUMBERS, name=name, n=n)]
    last = connection.one(orders.MOVE_COUNTER, name=name, n=n)
    assert last is not None  # noqa: S101 - an upsert with RETURNING gives a row
    return range(month + last - n + 1, month + last + 1)
