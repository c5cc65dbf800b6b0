"""A server at work on what waits in its data directory, timed until nothing does any more.

Run by dispatch.py as a process of its own, so that its CPU and memory are those of a server:
`_worker.py accepted|delivered`. Prints seconds, CPU and peak memory as a JSON list.
"""

import asyncio
import json
import sys
import time
from functools import partial

import sqlalchemy as sa
import uvloop
from _common import usage

from octavo.app.processes import running
from octavo.db.connection import Connection
from octavo.db.database import database_at
from octavo.db.schema import dispatch
from octavo.db.statement import Query, first_integer
from octavo.kit import logs
from octavo.settings import Settings, load

LOOK_EVERY = 0.01

_slice, _count = dispatch.slice_.c, dispatch.campaign_count.c


def _any(*where: sa.ColumnElement[bool]) -> Query[int]:
    return Query(first_integer, sa.select(sa.literal_column("1")).where(*where).limit(1))


UNDISPATCHED = tuple(_any(_slice.state == sa.literal_column(state)) for state in ("1", "2"))
"""Work that is ready or leased: each is a partial index, so that looking costs next to nothing."""
UNREPORTED = _any(_count.pending + _count.accepted > 0)
UNTIL = {"accepted": UNDISPATCHED, "delivered": (*UNDISPATCHED, UNREPORTED)}


def _one(connection: Connection, query: Query[int]) -> int | None:
    return connection.one(query)


async def work(settings: Settings, until: tuple[Query[int], ...]) -> tuple[float, float, float]:
    """Serves until none of the queries gives a row; seconds, CPU seconds, MiB."""
    database = database_at(settings.database_url)
    before = usage()
    begun = time.perf_counter()
    with database.reading() as reader:
        async with running(settings):
            for query in until:
                while reader.run(partial(_one, query=query)):  # noqa: ASYNC110 - seen from outside, as an operator would
                    await asyncio.sleep(LOOK_EVERY)
            seconds = time.perf_counter() - begun
            after = usage()
    return seconds, after.cpu - before.cpu, after.peak_mib


if __name__ == "__main__":
    chosen = load()
    logs.configure(chosen.log_format, chosen.log_level)
    print(json.dumps(uvloop.run(work(chosen, UNTIL[sys.argv[1]]))))
