"""All links of a process and its housekeeping."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog

from octavo.db.unit_of_work import Store
from octavo.drivers.protocol import Driver
from octavo.kit.clock import Clock
from octavo.ledger.tasks import Step
from octavo.worker.crew import Crew
from octavo.worker.housekeeping import Housekeeper
from octavo.worker.link import LinkRunner
from octavo.worker.observer import Observer

log = structlog.get_logger()


class LinkSpec(NamedTuple):
    """One link to run: number `no` of a route, with its window and a maker of its driver."""

    route: int
    no: int
    window: int
    make_driver: Callable[[], Driver]


class _Part(Protocol):
    async def run(self) -> None: ...

    def stop(self) -> None: ...


class Worker:
    """Runs links; `name` tells this process from others in the leases, `steps` are those of all
    durable jobs.

    `shared`: other workers may be at the same database.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        name: str,
        specs: Sequence[LinkSpec],
        observer: Observer,
        *,
        steps: Mapping[str, Step] | None = None,
        shared: bool = False,
    ) -> None:
        crew = Crew(store, clock, name, len(specs), shared=shared)
        self._links = [
            LinkRunner(
                store,
                clock,
                spec.make_driver,
                route=spec.route,
                no=spec.no,
                worker=name,
                window=spec.window,
                crew=crew,
                observer=observer.link(spec.route, spec.no),
            )
            for spec in specs
        ]
        keeper = Housekeeper(store, clock, observer, steps)
        self._parts: tuple[_Part, ...] = (*self._links, keeper, crew)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins on the running loop."""
        self._tasks = [asyncio.create_task(part.run()) for part in self._parts]

    def wake(self) -> None:
        """A hint that there is work; losing it costs a tenth of a second."""
        for link in self._links:
            link.wake()

    async def problem(self) -> str | None:
        """Which links have not been up for a while; None when all is well."""
        down = [link.name for link in self._links if link.is_down()]
        return f"not connected: {', '.join(down)}" if down else None

    def stop(self) -> None:
        """Lets nothing further leave; what is in flight is settled."""
        for part in self._parts:
            part.stop()

    async def drain(self) -> None:
        """Settles what is in flight, draws back what was not sent, and ends."""
        self.stop()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                log.error("worker part failed", exc_info=end)
