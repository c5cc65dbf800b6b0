"""Failed logins are slowed down by login and address."""

import pytest

from octavo.accounts.throttle import EVERY, FAILURES, Throttle
from octavo.kit.clock import SECOND
from tests.common.database import Clock


def is_shut(throttle: Throttle, login: str, client: str) -> bool:
    return throttle.wait(login, client) > 0


def fail(throttle: Throttle, times: int, *, login: str = "a", client: str = "10.0.0.1") -> None:
    for _ in range(times):
        throttle.failed(login, client)


def test_some_failures_are_free() -> None:
    throttle = Throttle(Clock())
    fail(throttle, FAILURES - 1)
    assert not is_shut(throttle, "a", "10.0.0.1")
    fail(throttle, 1)
    assert is_shut(throttle, "a", "10.0.0.1")


def test_the_wait_is_told_and_true() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    fail(throttle, FAILURES + 2)
    seconds = throttle.wait("a", "10.0.0.1")
    assert seconds == 3 * EVERY // SECOND
    clock.go((seconds - 1) * SECOND)
    assert is_shut(throttle, "a", "10.0.0.1")
    clock.go(SECOND)
    assert not is_shut(throttle, "a", "10.0.0.1")


def test_then_one_try_at_a_time() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    fail(throttle, FAILURES)
    clock.go(EVERY)
    assert not is_shut(throttle, "a", "10.0.0.1")
    fail(throttle, 1)
    assert is_shut(throttle, "a", "10.0.0.1")


def test_after_a_while_all_is_forgotten() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    fail(throttle, FAILURES)
    clock.go(FAILURES * EVERY)
    fail(throttle, FAILURES - 1)
    assert not is_shut(throttle, "a", "10.0.0.1")


def test_other_addresses_and_logins_are_not_touched() -> None:
    throttle = Throttle(Clock())
    fail(throttle, 100)
    assert not is_shut(throttle, "a", "10.0.0.2")
    assert not is_shut(throttle, "b", "10.0.0.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("not:an:address", "not:an:address", True),
        ("", "", True),
    ],
)
def test_an_ipv6_customer_is_a_network(one: str, other: str, same: bool) -> None:
    throttle = Throttle(Clock())
    fail(throttle, FAILURES, client=one)
    assert is_shut(throttle, "a", other) is same


def test_memory_is_bounded_and_the_latest_failures_stay() -> None:
    throttle = Throttle(Clock(), most=10)
    fail(throttle, FAILURES)
    for n in range(8):
        fail(throttle, 1, login=f"login {n}")
    fail(throttle, 1)
    for n in range(9):
        fail(throttle, 1, login=f"other {n}")
    assert is_shut(throttle, "a", "10.0.0.1")
    assert len(throttle._until) == 10
