"""What a link may send while its carrier throttles: less than it lets through, then ever more."""

_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_BACK_OFF = 0.8
_GROWTH = 1.1
"""Of the rate, each second without throttling."""
_FREE = 16.0
"""Times the rate it was throttled at: from there on the carrier's limit is no longer felt."""
_UNLIMITED = 1e9
_BURST = 0.25
"""Seconds of the rate that may go at once: more than the worker sleeps between looks."""


class Pace:
    """Counts of parts; times are the loop's, in seconds."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._throttled_at_rate = 0.0
        self._most = _UNLIMITED
        self._pause = _PAUSE
        self._paused_until = 0.0
        self._credit = 0.0
        self._credit_at = 0.0
        self._second = 0
        self._count = 0
        self._count_before = 0

    @property
    def rate(self) -> float | None:
        """Parts per second; None while there is no limit."""
        return self._rate

    def accepted(self, count: int, now: float) -> None:
        """The carrier took so many."""
        self._turn(now)
        self._count += count
        if now < self._paused_until:
            # Answers to what left before the pause: they say more of what the carrier bears.
            self._measure()
        elif self._rate is not None:
            self._pause = _PAUSE

    def throttled(self, now: float) -> float:
        """The carrier took one too many; returns the seconds to wait.

        What is thrown back together counts once.
        """
        if now >= self._paused_until:
            self._turn(now)
            self._most = self._rate or _UNLIMITED
            self._rate = 1.0
            self._measure()
            self._paused_until = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._credit, self._credit_at = 1.0, self._paused_until
        return self._paused_until - now

    def _measure(self) -> None:
        """Takes the rate from what was let through, below the one that was too much."""
        seen = min(float(max(self._count, self._count_before)), self._most)
        self._rate = self._throttled_at_rate = max(self._rate or 1.0, _BACK_OFF * seen)

    def room(self, now: float, most: int) -> int:
        """Parts that may leave now, at most `most`."""
        if self._rate is None:
            return most
        if now < self._paused_until:
            return 0
        passed = max(0.0, now - self._credit_at)
        self._credit_at = now
        self._rate *= _GROWTH**passed
        if self._rate > _FREE * self._throttled_at_rate:
            self._rate = None
            return most
        self._credit = min(self._credit + passed * self._rate, 1.0 + _BURST * self._rate)
        return min(most, int(self._credit))

    def sent(self, count: int) -> None:
        """So many left."""
        self._credit -= count

    def _turn(self, now: float) -> None:
        """Starts the count of a new second."""
        second = int(now)
        if second != self._second:
            self._count_before = self._count if second == self._second + 1 else 0
            self._second, self._count = second, 0
