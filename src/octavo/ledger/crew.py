"""The workers that share the links of a database. Leases decide who holds what; this only tells
how many there are, so that each can leave its share to the others.
"""

from octavo.db.connection import Connection
from octavo.db.statements import crew
from octavo.kit.clock import DAY, SECOND, Instant

SEEN_WITHIN = 15 * SECOND
"""A worker that has not been seen for longer is taken for dead."""


def appear(connection: Connection, name: str, now: Instant) -> int:
    """A worker is there; how many are, itself among them."""
    connection.run(crew.APPEAR, name=name, now=now)
    connection.run(crew.FORGET, before=now - DAY)
    return connection.one(crew.SEEN_SINCE, since=now - SEEN_WITHIN) or 1


def forget_marks(connection: Connection, now: Instant) -> int:
    """Drops the marks of sessions that ended a day ago or longer; how many."""
    before = (now - DAY) // SECOND << crew.SESSION_RANDOM_BITS
    return connection.run(crew.FORGET_MARKS, before=before)


def leave(connection: Connection, name: str) -> None:
    """A worker ends."""
    connection.run(crew.LEAVE, name=name)
