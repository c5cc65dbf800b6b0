"""When a link may be tried again: later with each failure, never all at once."""

from random import Random

_FIRST = 1.0
_LONGEST = 60.0
STABLE = 30.0
"""Seconds up, after which a link that is lost is tried again at once."""


class Redial:
    """Kept per link over its connections. Times are the loop's, in seconds."""

    def __init__(self, randomness: Random) -> None:
        self._randomness = randomness
        self._failures = 0
        self._not_before = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next try; 0 when it may begin."""
        return max(0.0, self._not_before - now)

    def failed(self, now: float) -> float:
        """A try was in vain; returns the seconds until the next.

        Half of them are left to chance, so that the links of a route do not come back together.
        """
        most = min(_FIRST * 2.0 ** min(self._failures, 10), _LONGEST)
        self._failures += 1
        self._not_before = now + most * self._randomness.uniform(0.5, 1.0)
        return self.wait(now)

    def lost(self, now: float, up_for: float) -> None:
        """A connection ended that was up so long."""
        if up_for >= STABLE:
            self._failures = 0
        else:
            self.failed(now)
