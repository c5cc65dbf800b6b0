"""The composition root: the only place that knows all the parts."""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random, SystemRandom
from typing import NamedTuple

import structlog
import uvicorn
from fastapi import FastAPI

from octavo.accounts import service as accounts
from octavo.accounts.authentication import Authenticator
from octavo.accounts.keys import Peppers, load_peppers
from octavo.api import metrics as metrics_page
from octavo.api.app import make_app, make_operating_app
from octavo.api.context import Services
from octavo.api.health import Check, Health, disk_has_room
from octavo.api.metrics import MetricsPage
from octavo.api.request_log import LogRequests
from octavo.api.server import Server, listening, loop_factory, stop_signals
from octavo.callbacks import service as callback_endpoints
from octavo.callbacks.dispatcher import Callbacks
from octavo.callbacks.guard import LOOPBACK, Guard, is_loopback
from octavo.campaigns.canceling import CancelRules
from octavo.campaigns.drafting import DraftPlanner
from octavo.campaigns.intake import Intake
from octavo.campaigns.lists import ListCampaigns
from octavo.campaigns.planning import Planner
from octavo.campaigns.service import Doubts, SmsService
from octavo.contacts import removal
from octavo.db.clock import DatabaseClock
from octavo.db.hints import carried
from octavo.db.request_log import RequestLog
from octavo.db.sqlite import ServerLock
from octavo.db.unit_of_work import Rank, Store
from octavo.db.vitals import Vitals
from octavo.drivers.protocol import Driver
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.drivers.smpp.maker import maker
from octavo.kit import logs
from octavo.kit.clock import Clock, system_clock
from octavo.kit.errors import OctavoError
from octavo.kit.fresh import Fresh
from octavo.ledger import drafts, links, tasks
from octavo.ledger.expand import Expansion
from octavo.metrics.metrics import Metrics
from octavo.metrics.observers import RouteLabels
from octavo.numbers import NumberReader
from octavo.prices.service import Prices
from octavo.routes.schemas import Route
from octavo.routes.service import Routing, list_routes
from octavo.settings import Listen, Settings
from octavo.text.parts import RULES
from octavo.worker.worker import LinkSpec, Worker

LOCK = "octavo.lock"
REQUESTS = "requests.db"
CHANNEL = "sms"
"""What every route carries today."""
STEPS = {**tasks.STEPS, **removal.STEPS}
"""The steps of every kind of durable job."""

log = structlog.get_logger()


class UnknownDriver(OctavoError):
    """A route names a driver that this version does not have."""

    says = "A route names a driver that this version does not have"


@dataclass(frozen=True)
class AccountParameters:
    """Campaign parameters of accounts, trusted for two seconds."""

    fresh: Fresh[int, dict[str, str]]

    async def parameter(self, account: int, name: str) -> str | None:
        """One value, None when it is not set."""
        return (await self.fresh.get(account)).get(name)


def serve(settings: Settings, announce: Callable[[], None], *, working: bool = True) -> None:
    """Serves the API and, if `working`, the worker in this process until SIGTERM or SIGINT; then
    drains.

    `announce` is called once it takes requests. To be run inside `alone`. Raises OSError when the
    address cannot be listened on.
    """
    logs.configure(settings.log_format, settings.log_level)
    with listening(settings.listen) as sock, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, sock, announce, working=working))


def work(settings: Settings, announce: Callable[[], None]) -> None:
    """Runs a worker without an API until SIGTERM or SIGINT; then drains.

    `announce` is called once it begins. The database must be one that processes can share.
    Raises OSError when `metrics_listen` cannot be listened on.
    """
    logs.configure(settings.log_format, settings.log_level)
    with contextlib.ExitStack() as stack:
        listen = settings.metrics_listen
        sock = stack.enter_context(listening(listen)) if listen else None
        runner = stack.enter_context(asyncio.Runner(loop_factory=loop_factory()))
        runner.run(_work(settings, sock, announce))


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Holds the data directory for this process, where its database is there; to be entered
    before anything is migrated. A database that processes share is held by none of them.

    Raises AlreadyServed when another process holds it.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not settings.database.embedded:
        yield
        return
    lock = ServerLock(settings.data_dir / LOCK)
    try:
        yield
    finally:
        lock.release()


async def _serve(
    settings: Settings, sock: socket.socket, announce: Callable[[], None], *, working: bool
) -> None:
    async with running(settings, working=working) as running_app:
        server = Server(settings, running_app.app, announce)
        stopping = asyncio.create_task(_exit_when(stop_signals(), server, running_app))
        await server.serve(sockets=[sock])
        stopping.cancel()


async def _work(
    settings: Settings, sock: socket.socket | None, announce: Callable[[], None]
) -> None:
    stopping = stop_signals()
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        store, clock = await stack.enter_async_context(_opened(settings, metrics))
        work = await stack.enter_async_context(_working(settings, store, clock, metrics))
        await stack.enter_async_context(carried(settings.database.hints(), work.worker.wake))
        if sock is not None:
            app = make_operating_app(_health(settings, store, clock, work))
            metrics_page.add(app, MetricsPage(metrics.exposition, settings.metrics_token))
            await stack.enter_async_context(_served(settings, app, sock))
        announce()
        await stopping.wait()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """A server beside other work on this loop; gives its address. For demonstrations."""
    with listening(settings.listen) as sock:
        async with running(settings) as running_app, _served(settings, running_app.app, sock):
            yield f"http://{Listen(*sock.getsockname()[:2])}"


@asynccontextmanager
async def _served(settings: Settings, app: FastAPI, sock: socket.socket) -> AsyncIterator[None]:
    """An application that takes requests beside other work on this loop."""
    started = asyncio.Event()
    server = Server(settings, app, started.set)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await started.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


class Running(NamedTuple):
    """The application with its worker at work; `begin_to_stop` lets links drain at once."""

    app: FastAPI
    begin_to_stop: Callable[[], None]


@asynccontextmanager
async def running(settings: Settings, *, working: bool = True) -> AsyncIterator[Running]:
    """The application, with its worker at work if `working`; drained at the end."""
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        store, clock = await stack.enter_async_context(_opened(settings, metrics))
        requests = RequestLog(settings.data_dir / REQUESTS, system_clock)
        requests.start()
        stack.push_async_callback(asyncio.to_thread, requests.close)
        work = None
        if working:
            work = await stack.enter_async_context(_working(settings, store, clock, metrics))
        health = _health(settings, store, clock, work)
        wake = await stack.enter_async_context(
            carried(settings.database.hints(), work.worker.wake if work else None)
        )
        services = _services(
            settings, store, clock, chance=SystemRandom(), wake=wake, metrics=metrics
        )
        app = make_app(services, health, metrics.requests)
        metrics_page.add(app, MetricsPage(metrics.exposition, settings.metrics_token))
        app.add_middleware(LogRequests, log=requests, clock=clock)
        log.info("server started", address=settings.base_url)

        def begin_to_stop() -> None:
            health.draining = True
            if work:
                work.stop()

        try:
            yield Running(app, begin_to_stop)
        finally:
            begin_to_stop()
    log.info("server stopped")


def _health(settings: Settings, store: Store, clock: Clock, work: "Work | None") -> Health:
    vitals = Vitals(store, clock)
    checks: dict[str, Check] = {
        "store": vitals.problem,
        "disk": partial(disk_has_room, settings.data_dir),
    }
    if work:
        checks["links"] = work.worker.problem
    cautions: dict[str, Check] = {}
    if not settings.database.embedded:
        cautions["standby"] = vitals.warning
    return Health(checks, cautions)


@asynccontextmanager
async def _opened(settings: Settings, metrics: Metrics) -> AsyncIterator[tuple[Store, Clock]]:
    """The store, and the clock that all processes at it share; both are measured."""
    database = settings.database
    store = metrics.store(database.store())
    clock: Clock = system_clock
    following = [asyncio.create_task(metrics.follow_loop())]
    try:
        if not database.embedded:
            shared = DatabaseClock(store)
            await shared.set()
            following.append(asyncio.create_task(shared.run()))
            clock = shared
        following.append(asyncio.create_task(metrics.follow_backlog(store, clock)))
        yield store, clock
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await store.close()


@asynccontextmanager
async def _working(
    settings: Settings, store: Store, clock: Clock, metrics: Metrics
) -> "AsyncIterator[Work]":
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


class Work(NamedTuple):
    """All that a process does besides the API."""

    worker: Worker
    callbacks: Callbacks

    def stop(self) -> None:
        """Lets links and callbacks drain; returns at once."""
        self.worker.stop()
        self.callbacks.stop()


def worker_name() -> str:
    """Tells this process from every other, before and after it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _services(
    settings: Settings,
    store: Store,
    clock: Clock,
    *,
    chance: Random,
    wake: Callable[[], None],
    metrics: Metrics,
) -> Services:
    async def read_parameters(account: int) -> dict[str, str]:
        return await store.read(lambda c: accounts.parameters(c, account))

    prices, routing, numbers = Prices(store, clock), Routing(store, clock), NumberReader()
    senders = AccountParameters(Fresh(read_parameters, clock))
    doubts = Doubts(
        settings.in_doubt_after_alert, settings.in_doubt_after_marketing, settings.validity
    )
    return Services(
        store=store,
        clock=clock,
        authenticator=Authenticator(store, _peppers(settings), clock),
        sms=SmsService(
            store=store,
            intake=Intake(store),
            clock=clock,
            chance=chance,
            planner=Planner(numbers, RULES[settings.part_rules], settings.stop_countries),
            prices=prices,
            routing=routing,
            senders=senders,
            doubts=doubts,
            wake=wake,
            watch=metrics.orders,
        ),
        lists=ListCampaigns(
            store=store,
            clock=clock,
            chance=chance,
            planner=DraftPlanner(settings.part_rules, settings.stop_countries),
            prices=prices,
            routing=routing,
            senders=senders,
            doubts=doubts,
            wake=wake,
        ),
        cancel_rules=CancelRules(
            settings.cancel_fewer_than, settings.cancel_ahead, settings.cancel_per_month
        ),
        prices=prices,
        numbers=numbers,
        body_limit=settings.max_body_size,
    )


def _peppers(settings: Settings) -> Peppers:
    given = settings.pepper.get_secret_value() if settings.pepper else None
    return load_peppers(settings.pepper_file, given)


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


async def _exit_when(stopping: asyncio.Event, server: uvicorn.Server, running_app: Running) -> None:
    await stopping.wait()
    running_app.begin_to_stop()
    server.should_exit = True
