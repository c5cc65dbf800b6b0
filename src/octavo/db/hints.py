"""Hints that there is work, between the processes of a database (design 4.11).

They only save time: whoever misses one finds the work at its next look, a tenth of a second later.
"""

import asyncio
from collections.abc import Callable
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
