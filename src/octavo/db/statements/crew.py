"""Which workers there are, and the clock of the database."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_integer

_worker = dispatch.worker.c

APPEAR = Command(
    lambda d: (
        d.insert(dispatch.worker)
        .values(name=bindparam("name"), seen_at=bindparam("now"))
        .on_conflict_do_update(index_elements=["name"], set_={"seen_at": bindparam("now")})
    )
)

LEAVE = Command(sa.delete(dispatch.worker).where(_worker.name == bindparam("name")))

FORGET = Command(sa.delete(dispatch.worker).where(_worker.seen_at < bindparam("before")))

SEEN_SINCE = Query(
    first_integer, sa.select(sa.func.count()).where(_worker.seen_at >= bindparam("since"))
)

FORGET_MARKS = Command(
    sa.delete(dispatch.commit_mark).where(dispatch.commit_mark.c.session < bindparam("before"))
)

SESSION_RANDOM_BITS = 30
"""The low bits of a session's name in `commit_mark`; above them is the Unix time of its taking."""

DATABASE_NOW = Query(
    first_integer,
    sa.select(sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger())),
)
"""Microseconds; PostgreSQL only."""
