"""Answers on their way back from the carrier."""

import asyncio
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from octavo.drivers.protocol import Outcome

_SLACK = 0.0005
"""Seconds: answers due this close go together, so that lone offers do not cost a timer each."""


class _Batch(NamedTuple):
    due: float
    serial: int
    outcomes: Sequence[Outcome]
    parts: int


class Answers:
    """A heap of batches of outcomes and one timer; `parts` counts what is in flight."""

    def __init__(self, deliver: Callable[[Sequence[Outcome]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._heap: list[_Batch] = []
        self._serial = count()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.parts = 0

    def add(self, delay: float, outcomes: Sequence[Outcome], parts: int) -> None:
        """Delivers `outcomes` after `delay` seconds, never before the next turn of the loop."""
        batch = _Batch(self._loop.time() + delay, next(self._serial), outcomes, parts)
        heappush(self._heap, batch)
        self.parts += parts
        self._idle.clear()
        self._arm()

    async def drained(self) -> None:
        """Waits until nothing is in flight."""
        await self._idle.wait()

    def drop(self) -> None:
        """Forgets what is in flight: no outcome comes any more."""
        self._heap.clear()
        self.parts = 0
        self._idle.set()
        self._arm()

    def _arm(self) -> None:
        due = self._heap[0].due if self._heap else None
        if self._timer is not None:
            # Kept here, because uvloop gives a handle without `when` for what is due at once.
            if self._armed_for == due:
                return
            self._timer.cancel()
        self._armed_for = due
        self._timer = None if due is None else self._loop.call_at(due, self._fire)

    def _fire(self) -> None:
        until = self._loop.time() + _SLACK
        self._timer = None
        ready: list[Outcome] = []
        while self._heap and self._heap[0].due <= until:
            batch = heappop(self._heap)
            self.parts -= batch.parts
            ready.extend(batch.outcomes)
        self._arm()
        if not self._heap:
            self._idle.set()
        if ready:
            self._deliver(ready)
