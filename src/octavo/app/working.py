"""What works in a process besides the API: links, housekeeping, callbacks."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random, SystemRandom
from typing import NamedTuple

import structlog

from octavo.callbacks import service as callback_endpoints
from octavo.callbacks.dispatcher import Callbacks
from octavo.callbacks.guard import LOOPBACK, Guard, is_loopback
from octavo.contacts import removal
from octavo.db.unit_of_work import Rank, Store
from octavo.drivers.protocol import Driver
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.drivers.smpp.maker import maker
from octavo.kit.clock import Clock
from octavo.kit.errors import OctavoError
from octavo.ledger import drafts, links, tasks
from octavo.ledger.expand import Expansion
from octavo.metrics.metrics import Metrics
from octavo.metrics.observers import RouteLabels
from octavo.routes.schemas import Route
from octavo.routes.service import list_routes
from octavo.settings import Settings
from octavo.worker.worker import LinkSpec, Worker

CHANNEL = "sms"
"""What every route carries today."""
STEPS = {**tasks.STEPS, **removal.STEPS}
"""The steps of every kind of durable job."""

log = structlog.get_logger()


class UnknownDriver(OctavoError):
    """A route names a driver that this version does not have."""

    says = "A route names a driver that this version does not have"


class Work(NamedTuple):
    """All that a process does besides the API."""

    worker: Worker
    callbacks: Callbacks

    def stop(self) -> None:
        """Lets links and callbacks drain; returns at once."""
        self.worker.stop()
        self.callbacks.stop()


@asynccontextmanager
async def at_work(
    settings: Settings, store: Store, clock: Clock, metrics: Metrics
) -> AsyncIterator[Work]:
    """Links, housekeeping and callbacks at work; drained at the end."""
    shared = not settings.database.embedded
    if not shared:
        # One process at a time holds the data directory, so every lease belongs to a dead one.
        await store.write(Rank.CLAIM, links.end_leases)
        await store.write(Rank.CLAIM, callback_endpoints.end_leases)
    routes = await store.read(list_routes)
    name = worker_name()
    work = Work(
        Worker(
            store,
            clock,
            name,
            _links(settings, routes, clock),
            metrics.worker({r.id: RouteLabels(r.name, CHANNEL) for r in routes}),
            steps={**STEPS, drafts.EXPAND: Expansion(time.perf_counter).step},
            shared=shared,
        ),
        Callbacks(
            store,
            clock,
            SystemRandom(),
            _guard(settings),
            name=name,
            observer=metrics.callbacks,
        ),
    )
    work.worker.start()
    work.callbacks.start()
    log.info("worker started", routes=[r.name for r in routes])
    try:
        yield work
    finally:
        work.stop()
        await asyncio.gather(work.worker.drain(), work.callbacks.drain())
        log.info("worker stopped")


def worker_name() -> str:
    """Tells this process from every other, before and after it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _guard(settings: Settings) -> Guard:
    """Whoever listens on loopback tries things out on one machine: callbacks may stay there too."""
    own = LOOPBACK if is_loopback(settings.listen.host) else ()
    return Guard((*settings.callback_allow, *own))


def _links(settings: Settings, routes: list[Route], clock: Clock) -> list[LinkSpec]:
    """Every link of every route; sandbox links are numbered through, as they share a folder."""
    specs = [(route, no) for route in routes for no in range(route.links)]
    return [
        LinkSpec(route.id, no, route.window, _driver_maker(settings, route, number, clock))
        for number, (route, no) in enumerate(specs)
    ]


def _driver_maker(
    settings: Settings, route: Route, number: int, clock: Clock
) -> Callable[[], Driver]:
    if route.driver == "smpp":
        return maker(route.settings, route.window, clock, SystemRandom())
    if route.driver != "sandbox":
        raise UnknownDriver(f"route {route.name}: {route.driver}")
    dials = SandboxSettings(
        data_dir=settings.data_dir,
        link=number,
        window=route.window,
        answer_latency=settings.sandbox_answer_latency,
        response_timeout=settings.sandbox_response_timeout,
        receipt_delay_min=settings.sandbox_receipt_delay_min,
        receipt_delay_max=settings.sandbox_receipt_delay_max,
        reports=settings.sandbox_reports,
        refused=settings.sandbox_refused,
        throttled=settings.sandbox_throttled,
        unknown=settings.sandbox_unknown,
        unreported=settings.sandbox_unreported,
    )
    return lambda: SandboxDriver(dials, clock, Random())  # noqa: S311 - dice of a simulation
