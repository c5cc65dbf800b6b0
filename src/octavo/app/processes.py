"""What a process is made of, from its first line to its last: a server, a worker, or both."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import SystemRandom
from typing import NamedTuple

import structlog
import uvicorn
from fastapi import FastAPI

from octavo.api import metrics as metrics_page
from octavo.api.app import make_app, make_operating_app
from octavo.api.health import Check, Health, disk_has_room
from octavo.api.metrics import MetricsPage
from octavo.api.request_log import LogRequests
from octavo.api.server import Server, listening, loop_factory, stop_signals
from octavo.app.services import services_of
from octavo.app.working import Work, at_work
from octavo.db.clock import DatabaseClock
from octavo.db.hints import carried
from octavo.db.request_log import RequestLog
from octavo.db.sqlite import ServerLock
from octavo.db.unit_of_work import Store
from octavo.db.vitals import Vitals
from octavo.kit import logs
from octavo.kit.clock import Clock, system_clock
from octavo.metrics.metrics import Metrics
from octavo.settings import Listen, Settings

LOCK = "octavo.lock"
REQUESTS = "requests.db"
log = structlog.get_logger()


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
        work = await stack.enter_async_context(at_work(settings, store, clock, metrics))
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
            work = await stack.enter_async_context(at_work(settings, store, clock, metrics))
        health = _health(settings, store, clock, work)
        wake = await stack.enter_async_context(
            carried(settings.database.hints(), work.worker.wake if work else None)
        )
        services = services_of(
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


def _health(settings: Settings, store: Store, clock: Clock, work: Work | None) -> Health:
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


async def _exit_when(stopping: asyncio.Event, server: uvicorn.Server, running_app: Running) -> None:
    await stopping.wait()
    running_app.begin_to_stop()
    server.should_exit = True
