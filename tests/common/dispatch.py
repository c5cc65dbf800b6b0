"""Links at work on a world of the ledger, in virtual time; the sandbox's outbox judges."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TypeVar, cast

from octavo.db.unit_of_work import Rank, Unit
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.outbox import OutboxRecord, read_outbox
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import SECOND
from octavo.metrics.metrics import Metrics
from octavo.metrics.observers import RouteLabels
from octavo.worker.crew import Crew
from octavo.worker.link import LinkRunner
from tests.common.ledger import World
from tests.common.sandbox import loop_clock
from tests.common.virtual_loop import VirtualLoop

T = TypeVar("T")


class SlowStore:
    """A store that is the world of a test, and takes its time."""

    def __init__(self, world: World, least: float, most: float) -> None:
        self.world = world
        self.between = least, most
        self._chance = Random(1)

    async def write(self, rank: Rank, unit: Unit[T], account: int = 0) -> T:
        """Waits, runs, waits."""
        await asyncio.sleep(self._chance.uniform(*self.between) / 2)
        result = self.world.run(unit)
        await asyncio.sleep(self._chance.uniform(*self.between) / 2)
        return result

    async def read(self, unit: Unit[T]) -> T:
        """The same."""
        return await self.write(Rank.TASK, unit)

    async def close(self) -> None:
        """Nothing is queued."""


class Driver(SandboxDriver):
    """A link that has no room between two moments of the loop's time."""

    stalled = 0.0, 0.0

    def room(self) -> int:
        begin, end = self.stalled
        return 0 if begin <= asyncio.get_running_loop().time() < end else super().room()


class Dispatch:
    """So many links of the world's route; while `stalled`, the first `stalls` have no room."""

    def __init__(
        self,
        world: World,
        folder: Path,
        *,
        links: int = 3,
        latency: float = 0.05,
        window: int = 100,
        stalled: tuple[float, float] = (0.0, 0.0),
        stalls: int = 99,
        commit: tuple[float, float] = (0.001, 0.015),
    ) -> None:
        self.world = world
        self.folder = folder
        self._latency = latency
        self._window = window
        self._stalled = [stalled if no < stalls else (0.0, 0.0) for no in range(links)]
        store = SlowStore(world, *commit)
        crew = Crew(store, loop_clock, "w", links, shared=False)
        observer = Metrics().worker({world.route: RouteLabels("route", "sms")})
        self._runners = [
            LinkRunner(
                store,
                loop_clock,
                self._maker(no),
                route=world.route,
                no=no,
                worker="w",
                window=window,
                crew=crew,
                observer=observer.link(world.route, no),
            )
            for no in range(links)
        ]

    def _maker(self, no: int) -> Callable[[], SandboxDriver]:
        # Link 0 of the sandbox would also look for replies.
        settings = SandboxSettings(
            data_dir=self.folder,
            link=no + 1,
            window=self._window,
            answer_latency=self._latency,
            reports=False,
        )

        def make() -> SandboxDriver:
            driver = Driver(settings, loop_clock, Random(no))
            driver.stalled = self._stalled[no]
            return driver

        return make

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Until they have drained."""
        tasks = [asyncio.create_task(runner.run()) for runner in self._runners]
        yield
        for runner in self._runners:
            runner.stop()
        await asyncio.gather(*tasks)

    def wake(self) -> None:
        """A hint."""
        for runner in self._runners:
            runner.wake()

    async def until(self, moment: float) -> None:
        """Waits for a moment of the loop's time."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(moment - loop.time())
        self.world.now = loop_clock()

    async def finished(self) -> None:
        """Waits until nothing is pending."""
        waiting = "SELECT sum(pending) FROM campaign_count"
        for _ in range(100_000):
            if not self.world.number(waiting):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("it does not end")

    def outbox(self) -> list[OutboxRecord]:
        """What left, in the order of time."""
        return sorted(read_outbox(self.folder), key=lambda record: record.at)


def freeze(seconds: float) -> None:
    """Nothing of this process runs for so long."""
    cast("VirtualLoop", asyncio.get_running_loop()).skip(seconds)


def seconds(records: Sequence[OutboxRecord]) -> float:
    """From the first to the last."""
    return (records[-1].at - records[0].at) / SECOND


def worst_burst(records: Sequence[OutboxRecord], rate: float) -> float:
    """By how many seconds of the rate what left was ahead of it, at most, over any span of time.

    The last message of a span counts as one part: it has its time behind it.
    """
    worst = behind = 0.0
    last = records[0].at
    for record in records:
        behind = max(0.0, behind - (record.at - last) / SECOND)
        worst = max(worst, behind)
        behind += record.parts / rate
        last = record.at
    return worst
