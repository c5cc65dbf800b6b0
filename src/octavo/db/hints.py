"""Hints that there is work, between the processes of a database (design 4.11).

They only save time: whoever misses one finds the work at its next look, a tenth of a second later.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol


class Hints(Protocol):
    """Tells every process of a database."""

    def tell(self) -> None:
        """There is work. To be called after the commit that holds it; returns at once."""

    async def carry(self, heard: Callable[[], None] | None) -> None:
        """Sends what is told and calls `heard` when others tell; until it is cancelled.

        Without `heard` it only sends.
        """


class NoHints:
    """For a database that one process has for itself."""

    def tell(self) -> None:
        """There is nobody else."""

    async def carry(self, heard: Callable[[], None] | None) -> None:
        """Nothing comes."""
        del heard
        await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def carried(
    hints: Hints, heard: Callable[[], None] | None
) -> AsyncIterator[Callable[[], None]]:
    """Carries hints meanwhile; gives what tells everybody, this process first."""

    def tell() -> None:
        if heard is not None:
            heard()
        hints.tell()

    carrying = asyncio.create_task(hints.carry(heard))
    try:
        yield tell
    finally:
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
