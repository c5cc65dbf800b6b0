"""Values that are trusted for a short while."""

import asyncio

import pytest

from octavo.kit.fresh import LIFE, Fresh
from tests.common.database import Clock

pytestmark = pytest.mark.asyncio


class Source:
    """Something that is read; counts how often."""

    def __init__(self) -> None:
        self.value = 1
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, key: str) -> str:
        self.reads += 1
        value = self.value
        await self.gate.wait()
        return f"{key}{value}"


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_value_is_read_again_only_when_it_is_old(source: Source, clock: Clock) -> None:
    fresh = Fresh(source.read, clock)
    assert await fresh.get("a") == "a1"
    source.value = 2
    clock.go(LIFE - 1)
    assert await fresh.get("a") == "a1"
    clock.go(1)
    assert fresh.known("a") is None
    assert await fresh.get("a") == "a2"
    assert source.reads == 2


async def test_a_clock_set_back_makes_nothing_last(source: Source, clock: Clock) -> None:
    fresh = Fresh(source.read, clock)
    await fresh.get("a")
    clock.go(-1)
    assert fresh.known("a") is None


async def test_many_who_ask_at_once_cause_one_reading(source: Source, clock: Clock) -> None:
    fresh = Fresh(source.read, clock)
    assert await asyncio.gather(*(fresh.get("a") for _ in range(10))) == ["a1"] * 10
    assert source.reads == 1


async def test_one_who_goes_away_takes_the_value_from_nobody(source: Source, clock: Clock) -> None:
    fresh = Fresh(source.read, clock)
    source.gate.clear()
    first, second = (asyncio.create_task(fresh.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    source.gate.set()
    assert await second == "a1"
    assert source.reads == 1


async def test_the_oldest_keys_go_first(source: Source, clock: Clock) -> None:
    fresh = Fresh(source.read, clock, most=2)
    for key in "abac":
        await fresh.get(key)
        fresh.keep(key, "kept")
    assert [key for key in "abc" if fresh.known(key)] == ["a", "c"]


async def test_what_was_read_before_a_change_is_not_kept_after_it(clock: Clock) -> None:
    readings: list[asyncio.Future[str]] = []

    async def read(key: str) -> str:
        readings.append(asyncio.get_running_loop().create_future())
        return await readings[-1]

    fresh = Fresh(read, clock)
    early = asyncio.create_task(fresh.get("a"))
    await asyncio.sleep(0.001)
    fresh.forget()
    late = asyncio.create_task(fresh.get("a"))
    await asyncio.sleep(0.001)
    readings[1].set_result("new")
    assert await late == "new"
    readings[0].set_result("old")
    assert await early == "old"
    assert fresh.known("a") == "new"


async def test_an_error_is_not_kept(clock: Clock) -> None:
    answers = ["back"]
    troubles = [OSError("away")]

    async def read(key: str) -> str:
        if troubles:
            raise troubles.pop()
        return answers.pop()

    fresh = Fresh(read, clock)
    with pytest.raises(OSError, match="away"):
        await fresh.get("a")
    assert await fresh.get("a") == "back"
