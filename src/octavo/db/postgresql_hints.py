"""Hints by NOTIFY and LISTEN, each on a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import psycopg
import structlog

from octavo.db import postgresql

CHANNEL = "octavo_work"
TELL_EVERY = 0.1
"""Seconds: what is told meanwhile goes as one."""
AGAIN_AFTER = 1.0
"""Seconds before a connection that was lost is made anew, and up to as many more by chance."""

log = structlog.get_logger()


class PostgresHints:
    """The `Hints` of a PostgreSQL database."""

    def __init__(self, url: str, chance: Random) -> None:
        self._url = url
        self._chance = chance
        self._told = asyncio.Event()

    def tell(self) -> None:
        """There is work."""
        self._told.set()

    async def carry(self, heard: Callable[[], None] | None) -> None:
        """Sends and listens; a lost connection is made anew, again and again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._for_ever(self._send))
            if heard is not None:
                tasks.create_task(self._for_ever(lambda: self._listen(heard)))

    async def _for_ever(self, serve: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await serve()
            except (psycopg.Error, OSError) as error:
                log.debug("hints interrupted", error=str(error).strip())
            await asyncio.sleep(AGAIN_AFTER * (1 + self._chance.random()))

    async def _send(self) -> None:
        # Connected when there is something to tell: a process may never have anything.
        await self._told.wait()
        async with await postgresql.connect_async(self._url) as raw:
            while True:
                await self._told.wait()
                self._told.clear()
                await raw.execute(f"NOTIFY {CHANNEL}")
                await asyncio.sleep(TELL_EVERY)

    async def _listen(self, heard: Callable[[], None]) -> None:
        async with await postgresql.connect_async(self._url) as raw:
            await raw.execute(f"LISTEN {CHANNEL}")
            heard()  # what was told before is not told again
            async for _ in raw.notifies():
                heard()
