"""How fast a customer is called, and how long what failed waits."""

from itertools import count
from random import Random

import pytest

from octavo.callbacks.pace import DOWN_AFTER, GIVE_UP_AFTER, LEAST, MOST, Pace, pause, too_old, wait
from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant

HOURS = count(step=3600)


def answers(pace: Pace, n: int, *, seconds: float = 0.05, taken: bool = True) -> None:
    """`n` answers one after the other, each to a call made after the last answer."""
    for _ in range(n):
        pace.answered(taken=taken, seconds=seconds, now=float(next(HOURS)))


def test_quick_answers_open_the_way_up_to_the_most() -> None:
    pace = Pace()
    assert pace.limit == LEAST
    answers(pace, 4)
    assert pace.limit == LEAST + 1
    answers(pace, 1_000)
    assert pace.limit == MOST


@pytest.mark.parametrize(
    ("seconds", "taken", "limit"), [(0.05, False, MOST // 2), (0.8, True, MOST * 3 // 4)]
)
def test_one_that_fails_or_is_slow_narrows_it(seconds: float, taken: bool, limit: int) -> None:
    pace = Pace()
    answers(pace, 1_000)
    answers(pace, 1, seconds=seconds, taken=taken)
    assert pace.limit == limit


def test_calls_that_were_in_flight_together_narrow_it_once() -> None:
    pace = Pace()
    answers(pace, 1_000)
    now = float(next(HOURS))
    for i in range(10):
        pace.answered(taken=False, seconds=1.0, now=now + i / 100)
    assert pace.limit == MOST // 2
    pace.answered(taken=False, seconds=0.1, now=now + 2)
    assert pace.limit == MOST // 4


def test_it_never_goes_below_the_least_while_some_succeed() -> None:
    pace = Pace()
    for _ in range(20):
        answers(pace, 5, taken=False)
        answers(pace, 1)
    assert pace.limit == LEAST


def test_nothing_but_failures_is_down_and_one_success_is_up_again() -> None:
    pace = Pace()
    answers(pace, DOWN_AFTER - 1, taken=False)
    assert (pace.down, pace.limit) == (False, LEAST)
    answers(pace, 1, taken=False)
    assert (pace.down, pace.limit) == (True, 1)
    answers(pace, 1)
    assert (pace.down, pace.limit) == (False, LEAST)


def test_going_down_counts_once_however_many_were_in_flight() -> None:
    pace = Pace()
    answers(pace, DOWN_AFTER + 50, taken=False)
    assert pace.failures == DOWN_AFTER
    probing = Pace(pace.failures)
    answers(probing, 1, taken=False)
    assert probing.failures == DOWN_AFTER + 1


class Middle(Random):
    """Always in the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.mark.parametrize(
    ("tries", "microseconds"),
    [
        (1, 5 * SECOND),
        (2, 15 * SECOND),
        (3, 45 * SECOND),
        (6, 1_215 * SECOND),
        (7, HOUR),
        (500, HOUR),
    ],
)
def test_what_failed_waits_longer_each_time(tries: int, microseconds: int) -> None:
    assert wait(tries, Middle()) == microseconds


@pytest.mark.parametrize(
    ("failures", "microseconds"),
    [
        (DOWN_AFTER, SECOND),
        (DOWN_AFTER + 1, 2 * SECOND),
        (DOWN_AFTER + 5, 32 * SECOND),
        (DOWN_AFTER + 9, 5 * MINUTE),
        (DOWN_AFTER + 10_000, 5 * MINUTE),
    ],
)
def test_an_endpoint_that_is_down_is_left_alone_longer_each_time(
    failures: int, microseconds: int
) -> None:
    assert pause(failures, Middle()) == microseconds


def test_waits_spread() -> None:
    chance = Random(7)
    waits = [wait(3, chance) for _ in range(200)]
    assert 22.5 * SECOND <= min(waits) < 30 * SECOND
    assert 60 * SECOND < max(waits) <= 67.5 * SECOND


def test_after_72_hours_nothing_is_tried() -> None:
    since = Instant(5 * SECOND)
    assert not too_old(since, Instant(since + GIVE_UP_AFTER))
    assert too_old(since, Instant(since + GIVE_UP_AFTER + 1))
