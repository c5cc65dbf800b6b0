"""How fast a customer is called: more while answers are quick, less when they fail or are slow,
nearly nothing while none comes.
"""

from random import Random

from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant

LEAST, MOST = 4, 64
"""Calls in flight to one endpoint."""
SLOW = 0.5
"""Seconds: half of what the contract allows a customer (6.1)."""
FIRST_GROWTH = 0.25
LESS_WHEN_SLOW = 0.75
LESS_WHEN_FAILED = 0.5

DOWN_AFTER = 16
"""Failures in a row after which an endpoint is taken to be down, and asked one call at a time."""
LONGEST_PAUSE = 5 * MINUTE

FIRST_WAIT = 5 * SECOND
LONGEST_WAIT = HOUR
GIVE_UP_AFTER = 72 * HOUR


class Pace:
    """How many calls an endpoint may have in flight now: additive increase, multiplicative
    decrease, the decrease once for all calls that were in flight together. Until the first
    decrease it grows by a quarter with each round of answers: 64 are reached after a dozen rounds.
    """

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        # However many calls were in flight when it went down, it went down once.
        self._most_failures = max(DOWN_AFTER, failures + 1)
        self._limit = float(LEAST)
        self._lessened_at = float("-inf")

    @property
    def limit(self) -> int:
        """Calls that may be in flight."""
        return 1 if self.down else int(self._limit)

    @property
    def down(self) -> bool:
        """Nothing but failures for a while."""
        return self.failures >= DOWN_AFTER

    def answered(self, *, taken: bool, seconds: float, now: float) -> None:
        """A call ended. `now` counts in seconds on any clock that only goes forward."""
        if not taken:
            self.failures = min(self.failures + 1, self._most_failures)
            self._lessen(LESS_WHEN_FAILED, now - seconds, now)
            return
        self.failures, self._most_failures = 0, DOWN_AFTER
        if seconds > SLOW:
            self._lessen(LESS_WHEN_SLOW, now - seconds, now)
        else:
            more = 1 / self._limit if self._lessened_at > float("-inf") else FIRST_GROWTH
            self._limit = min(self._limit + more, MOST)

    def _lessen(self, by: float, begun: float, now: float) -> None:
        if begun >= self._lessened_at:
            self._limit = max(self._limit * by, LEAST)
            self._lessened_at = now


def pause(failures: int, chance: Random) -> int:
    """Microseconds that an endpoint that is down is left alone: 1 s at first, then twice as long
    each time, up to 5 minutes; give or take half, so that endpoints of one machine spread.
    """
    doubled = SECOND << min(max(failures - DOWN_AFTER, 0), 16)
    return _spread(min(doubled, LONGEST_PAUSE), chance)


def wait(tries: int, chance: Random) -> int:
    """Microseconds until a call that failed `tries` times is made again: 5 s at first, then three
    times as long each time, up to an hour; give or take half.
    """
    tripled: int = FIRST_WAIT * 3 ** min(max(tries - 1, 0), 16)
    return _spread(min(tripled, LONGEST_WAIT), chance)


def too_old(since: Instant, now: Instant) -> bool:
    """Whether a callback is not worth another try: its receipts remain in the events."""
    return now - since > GIVE_UP_AFTER


def _spread(span: int, chance: Random) -> int:
    return int(span * chance.uniform(0.5, 1.5))
