"""Numbers for rows: month << 40 | n where tables are partitioned (design 5)."""

from octavo.db.connection import Connection
from octavo.db.statements import orders
from octavo.kit.clock import Instant, months_since_2000

MONTH_SHIFT = 40


def take(connection: Connection, name: str, n: int, now: Instant) -> int:
    """The first of `n` consecutive numbers of the month of `now`, never given before."""
    last = connection.one(orders.TAKE_NUMBERS, name=name, n=n)
    assert last is not None  # noqa: S101 - an upsert with RETURNING gives a row
    return (months_since_2000(now) << MONTH_SHIFT) + last - n + 1
