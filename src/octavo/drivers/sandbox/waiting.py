"""Receipts and replies that wait for their time."""

from collections import deque
from heapq import heappop, heappush

from octavo.drivers.protocol import Inbound, Report

TICK = 0.02
"""Seconds: what falls due within one tick goes together."""


class Stretch:
    """A stretch of the outbox from `offset` on, with `left` things still to say about it."""

    __slots__ = ("left", "offset")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.left = 0


class Stretches:
    """The stretches read and not yet dealt with, in file order."""

    def __init__(self) -> None:
        self._open: deque[Stretch] = deque()

    def add(self, stretch: Stretch) -> None:
        """Takes the next stretch of the file."""
        self._open.append(stretch)

    def dealt_with(self, read: int) -> int:
        """The offset before which all is said, when the file was read up to `read`."""
        while self._open and not self._open[0].left:
            self._open.popleft()
        return self._open[0].offset if self._open else read


Waiting = tuple[Stretch, Report | Inbound]


class Wheel:
    """What waits, in one list a tick: a message costs no task, timer or future."""

    def __init__(self) -> None:
        self._lists: dict[int, list[Waiting]] = {}
        self._ticks: list[int] = []
        self.size = 0

    def add(self, due: float, waiting: Waiting) -> None:
        """Keeps something until the loop's time `due`, rounded up to a tick."""
        tick = int(due / TICK) + 1
        if (line := self._lists.get(tick)) is None:
            line = self._lists[tick] = []
            heappush(self._ticks, tick)
        line.append(waiting)
        self.size += 1

    def next_due(self) -> float | None:
        """When the next list falls due; None when nothing waits."""
        return self._ticks[0] * TICK if self._ticks else None

    def take(self, now: float) -> list[Waiting]:
        """Removes and returns what is due."""
        ready: list[Waiting] = []
        while self._ticks and self._ticks[0] * TICK <= now:
            ready += self._lists.pop(heappop(self._ticks))
        self.size -= len(ready)
        return ready
