"""The metrics of one process: its registry, who counts into it, and how it is shown."""

import asyncio
import platform
from collections.abc import Mapping
from functools import partial
from time import perf_counter

import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from octavo import __version__
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.kit.errors import StoreUnavailable
from octavo.metrics import backlog
from octavo.metrics.backlog import BacklogCollector
from octavo.metrics.families import Families
from octavo.metrics.observers import (
    CallbackMetrics,
    OrderMetrics,
    RequestMetrics,
    RouteLabels,
    WorkerMetrics,
)
from octavo.metrics.store import MeasuredStore

READ_EVERY = 15.0
"""Seconds between looks at the database, whoever asks how often."""
LAG_EVERY = 0.25

log = structlog.get_logger()


class Metrics:
    """Made once a process, and handed to whatever is measured."""

    def __init__(self) -> None:
        # They would double the number of lines, and Prometheus tells restarts by itself.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.families = Families(self.registry)
        self.families.build.info({"version": __version__, "python": platform.python_version()})
        self.backlog = BacklogCollector()
        self.registry.register(self.backlog)
        self.orders = OrderMetrics(self.families)
        self.requests = RequestMetrics(self.families)
        self.callbacks = CallbackMetrics(self.families)

    def worker(self, routes: Mapping[int, RouteLabels]) -> WorkerMetrics:
        """Watches a worker on these routes."""
        return WorkerMetrics(self.families, routes)

    def store(self, store: Store) -> MeasuredStore:
        """The same store, measured."""
        return MeasuredStore(store, self.families)

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)

    async def follow_loop(self) -> None:
        """Measures how late the event loop comes; until it is cancelled."""
        while True:
            begun = perf_counter()
            await asyncio.sleep(LAG_EVERY)
            self.families.loop_lag.observe(max(perf_counter() - begun - LAG_EVERY, 0.0))

    async def follow_backlog(self, store: Store, clock: Clock) -> None:
        """Looks now and then at what waits in the database; until it is cancelled."""
        while True:
            try:
                self.backlog.seen = await store.read(partial(backlog.read, now=clock()))
            except StoreUnavailable as error:
                self.backlog.seen = None
                log.warning("backlog not read", error=str(error))
            except Exception:
                # What is shown for people must not end what is done for customers.
                self.backlog.seen = None
                log.exception("backlog not read")
            await asyncio.sleep(READ_EVERY)
