"""A store that is measured."""

from functools import partial
from time import perf_counter
from typing import TypeVar

from octavo.db.unit_of_work import Rank, Store, Unit
from octavo.kit.errors import StoreUnavailable
from octavo.metrics.families import Families

T = TypeVar("T")


class MeasuredStore:
    """Passes units of work on, and measures how long each waits for its commit."""

    def __init__(self, store: Store, families: Families) -> None:
        self._store = store
        self._waiting = dict.fromkeys(Rank, 0)
        self._seconds = {r: families.store_seconds.labels(r.name.lower()) for r in Rank}
        self._failures = {r: families.store_failures.labels(r.name.lower()) for r in Rank}
        for rank in Rank:
            gauge = families.store_waiting.labels(rank.name.lower())
            gauge.set_function(partial(self._waiting.__getitem__, rank))

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """Runs a unit and returns its result after the commit that holds it."""
        begun = perf_counter()
        self._waiting[rank] += 1
        try:
            return await self._store.write(rank, unit)
        except StoreUnavailable:
            self._failures[rank].inc()
            raise
        finally:
            self._waiting[rank] -= 1
            self._seconds[rank].observe(perf_counter() - begun)

    async def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads, on one snapshot."""
        return await self._store.read(unit)

    async def close(self) -> None:
        """Waits for what is queued, then closes."""
        await self._store.close()
