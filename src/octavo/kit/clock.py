"""Instants: whole microseconds since 1970-01-01 UTC, read from one injected clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00 UTC."""

Clock = Callable[[], Instant]
"""Tells the time; injected everywhere, so that a test can replay any schedule."""

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FOREVER = Instant(1 << 62)
"""Later than any due time: what is due then is never due by itself."""

NEVER = Instant(3 << 61)
"""Later than what is put off by FOREVER: it does not go on when that does."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def system_clock() -> Instant:
    """The wall clock of this machine."""
    return Instant(time.time_ns() // 1_000)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime, exact to the microsecond."""
    return Instant((moment - _EPOCH) // _TICK)


def to_datetime(instant: Instant, zone: ZoneInfo | None = None) -> datetime:
    """The aware datetime of an instant, in `zone` (default UTC)."""
    moment = _EPOCH + instant * _TICK
    return moment.astimezone(zone) if zone else moment


def months_since_2000(instant: Instant) -> int:
    """The calendar month (UTC) as a count since January 2000: the partition half of a key."""
    moment = to_datetime(instant)
    return (moment.year - 2000) * 12 + moment.month - 1
