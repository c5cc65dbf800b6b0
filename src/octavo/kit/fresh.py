"""Values read from elsewhere and trusted for a short while."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from octavo.kit.clock import SECOND, Clock, Instant

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LIFE = 2 * SECOND
"""Short enough that a change made by another process is soon felt, long enough to cost nothing."""


class Fresh(Generic[K, V]):
    """Keeps what `read` gave for `life` microseconds; at most `most` keys, the oldest goes first.

    However many ask for one key at a time, it is read once.
    """

    def __init__(
        self,
        read: Callable[[K], Awaitable[V]],
        clock: Clock,
        *,
        life: int = LIFE,
        most: int = 1_000,
    ) -> None:
        self._read = read
        self._clock = clock
        self._life = life
        self._most = most
        self._kept: dict[K, tuple[Instant, V]] = {}
        self._reading: dict[K, asyncio.Task[V]] = {}
        self._forgotten = 0

    async def get(self, key: K) -> V:
        """The value, not older than `life`. Raises what `read` raises."""
        kept = self._kept.get(key)
        if kept is not None and self._is_fresh(kept[0]):
            return kept[1]
        forgotten = self._forgotten
        value = await self.read(key)
        if forgotten == self._forgotten:
            self.keep(key, value)
        return value

    def known(self, key: K) -> V | None:
        """The value if it is kept and fresh."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and self._is_fresh(kept[0]) else None

    async def read(self, key: K) -> V:
        """The value as it is now; it is not kept."""
        task = self._reading.get(key)
        if task is None:
            task = asyncio.ensure_future(self._read_alone(key))
            self._reading[key] = task
        # One of several who wait may be cancelled; the others still want the value.
        return await asyncio.shield(task)

    def keep(self, key: K, value: V) -> None:
        """Trusts a value from now on."""
        self._kept.pop(key, None)
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._clock(), value)

    def forget(self) -> None:
        """Trusts nothing that was read before."""
        self._forgotten += 1
        self._kept.clear()
        self._reading.clear()

    def _is_fresh(self, at: Instant) -> bool:
        return 0 <= self._clock() - at < self._life

    async def _read_alone(self, key: K) -> V:
        try:
            return await self._read(key)
        finally:
            if self._reading.get(key) is asyncio.current_task():
                del self._reading[key]
