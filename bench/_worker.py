"""A server at work on what waits in its data directory, timed until nothing does any more.

Run by dispatch.py as a process of its own, so that its CPU and memory are those of a server:
`_worker.py accepted|delivered`. Prints seconds, CPU and peak memory as a JSON list.
"""

import asyncio
import json
import sys
import time

import uvloop
from _common import usage

from octavo.app import running
from octavo.db import sqlite
from octavo.kit import logs
from octavo.settings import Settings, load

LOOK_EVERY = 0.01

UNDISPATCHED = "SELECT 1 FROM slice WHERE state = 1 UNION ALL SELECT 1 FROM slice WHERE state = 2"
"""Work that is ready or leased: each is a partial index, so that looking costs next to nothing."""
UNREPORTED = "SELECT 1 FROM campaign_count WHERE pending + accepted > 0"
UNTIL = {"accepted": (UNDISPATCHED,), "delivered": (UNDISPATCHED, UNREPORTED)}


async def work(settings: Settings, until: tuple[str, ...]) -> tuple[float, float, float]:
    """Serves until none of the statements gives a row; seconds, CPU seconds, MiB."""
    raw = sqlite.connect(settings.data_dir / "octavo.db", readonly=True)
    before = usage()
    begun = time.perf_counter()
    async with running(settings):
        for statement in until:
            while raw.execute(f"{statement} LIMIT 1").fetchone() is not None:  # noqa: ASYNC110 - seen from outside, as an operator would
                await asyncio.sleep(LOOK_EVERY)
        seconds = time.perf_counter() - begun
        after = usage()
    raw.close()
    return seconds, after.cpu - before.cpu, after.peak_mib


if __name__ == "__main__":
    chosen = load()
    logs.configure(chosen.log_format, chosen.log_level)
    print(json.dumps(uvloop.run(work(chosen, UNTIL[sys.argv[1]]))))
