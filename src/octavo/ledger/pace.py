"""How much a step of a long job may take on, so that it stays within its time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Stopwatch = Callable[[], float]
"""Seconds that only ever rise."""


class Pace:
    """Rows a step, by how long the last ones took.

    `first` is where it begins, `most` never exceeded; `seconds` is what a step should take.
    """

    def __init__(self, stopwatch: Stopwatch, *, first: int, most: int, seconds: float) -> None:
        self._stopwatch = stopwatch
        self._most = most
        self._seconds = seconds
        self.rows = first

    @contextmanager
    def step(self) -> Iterator[int]:
        """Gives the rows that may be taken on, and learns from how long it took."""
        begun = self._stopwatch()
        yield self.rows
        took = max(self._stopwatch() - begun, 1e-6)
        # One slow step must not bring the next ones to a crawl, nor a quick one make a long one.
        wanted = self.rows * min(max(self._seconds / took, 0.5), 1.5)
        self.rows = max(min(int(wanted), self._most), min(LEAST, self._most))


LEAST = 100
