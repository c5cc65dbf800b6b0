"""The composition root: the only place that knows all the parts."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
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
from octavo.api.app import make_app
from octavo.api.context import Services
from octavo.api.health import Health
from octavo.api.protocol import HttpProtocol
from octavo.api.request_log import LogRequests
from octavo.callbacks import service as callback_endpoints
from octavo.callbacks.dispatcher import Callbacks
from octavo.callbacks.guard import LOOPBACK, Guard, is_loopback
from octavo.campaigns.planning import Planner
from octavo.campaigns.service import Doubts, SmsService
from octavo.db.request_log import RequestLog
from octavo.db.sqlite import ServerLock
from octavo.db.unit_of_work import Rank, SqliteStore, Store
from octavo.drivers.protocol import Driver
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit import logs
from octavo.kit.clock import Clock, system_clock
from octavo.kit.errors import OctavoError, StoreUnavailable
from octavo.kit.fresh import Fresh
from octavo.ledger import links
from octavo.numbers import NumberReader
from octavo.prices.service import Prices
from octavo.routes.schemas import Route
from octavo.routes.service import Routing, list_routes
from octavo.settings import Settings
from octavo.text.parts import STANDARD, VENDOR
from octavo.worker.worker import LinkSpec, Worker

LOCK = "octavo.lock"
REQUESTS = "requests.db"
DISK_FLOOR = 64 << 20
"""Bytes free below which `/readyz` warns."""
STOP_SECONDS = 5
"""Seconds that a stop waits for requests under way; links drain meanwhile."""

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


def serve(settings: Settings, announce: Callable[[], None]) -> None:
    """Serves API and worker in this process until SIGTERM or SIGINT; then drains.

    `announce` is called once it takes requests. To be run inside `alone`. Raises OSError when the
    address cannot be listened on.
    """
    logs.configure(settings.log_format, settings.log_level)
    with _listening(settings) as sock, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, sock, announce))


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Holds the data directory for this process; to be entered before anything is migrated.

    Raises AlreadyServed when another process holds it.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = ServerLock(settings.data_dir / LOCK)
    try:
        yield
    finally:
        lock.release()


async def _serve(settings: Settings, sock: socket.socket, announce: Callable[[], None]) -> None:
    async with running(settings) as running_app:
        server = _Server(settings, running_app.app, announce)
        stopping = asyncio.create_task(_exit_when(_stop_signals(), server, running_app))
        await server.serve(sockets=[sock])
        stopping.cancel()


class _Server(uvicorn.Server):
    """Uvicorn that tells when it takes requests, and leaves signals to us: it raises the one that
    stopped it again, which would end the process before links are drained.
    """

    def __init__(self, settings: Settings, app: FastAPI, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpProtocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
                ssl_certfile=settings.tls_cert,
                ssl_keyfile=settings.tls_key,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            )
        )
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then tells."""
        await super().startup(sockets=sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """A server beside other work on this loop; gives its address. For demonstrations."""
    started = asyncio.Event()
    with _listening(settings) as sock:
        async with running(settings) as running_app:
            server = _Server(settings, running_app.app, started.set)
            task = asyncio.create_task(server.serve(sockets=[sock]))
            await started.wait()
            host, port = sock.getsockname()[:2]
            try:
                yield f"http://{host}:{port}"
            finally:
                server.should_exit = True
                await task


class Running(NamedTuple):
    """The application with its worker at work; `begin_to_stop` lets links drain at once."""

    app: FastAPI
    begin_to_stop: Callable[[], None]


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """The application with its worker at work; drained at the end."""
    clock, chance = system_clock, SystemRandom()
    store = SqliteStore(settings.database)
    requests = RequestLog(settings.data_dir / REQUESTS, clock)
    requests.start()
    # One process at a time holds the data directory, so every lease belongs to a dead one.
    await store.write(Rank.CLAIM, links.end_leases)
    await store.write(Rank.CLAIM, callback_endpoints.end_leases)
    routes = await store.read(list_routes)
    name = worker_name()
    worker = Worker(store, clock, name, _links(settings, routes, clock))
    callbacks = Callbacks(store, clock, chance, _guard(settings), name)
    health = Health(
        {
            "store": partial(_store_works, store),
            "disk": partial(_disk_has_room, settings),
            "links": worker.problem,
        }
    )
    services = _services(settings, store, clock, chance, worker.wake)
    app = make_app(services, health)
    app.add_middleware(LogRequests, log=requests, clock=clock)
    worker.start()
    callbacks.start()
    log.info("server started", address=settings.base_url, routes=[r.name for r in routes])

    def begin_to_stop() -> None:
        health.draining = True
        worker.stop()
        callbacks.stop()

    try:
        yield Running(app, begin_to_stop)
    finally:
        begin_to_stop()
        await asyncio.gather(worker.drain(), callbacks.drain())
        await store.close()
        await asyncio.get_running_loop().run_in_executor(None, requests.close)
        log.info("server stopped")


def worker_name() -> str:
    """Tells this process from every other, before and after it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _services(
    settings: Settings, store: Store, clock: Clock, chance: Random, wake: Callable[[], None]
) -> Services:
    async def read_parameters(account: int) -> dict[str, str]:
        return await store.read(lambda c: accounts.parameters(c, account))

    prices = Prices(store, clock)
    rules = VENDOR if settings.part_rules == "vendor" else STANDARD
    return Services(
        store=store,
        clock=clock,
        authenticator=Authenticator(store, _peppers(settings), clock),
        sms=SmsService(
            store=store,
            clock=clock,
            chance=chance,
            planner=Planner(NumberReader(), rules, settings.stop_countries),
            prices=prices,
            routing=Routing(store, clock),
            senders=AccountParameters(Fresh(read_parameters, clock)),
            doubts=Doubts(
                settings.in_doubt_after_alert,
                settings.in_doubt_after_marketing,
                settings.validity,
            ),
            wake=wake,
        ),
        prices=prices,
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


async def _store_works(store: Store) -> str | None:
    try:
        await asyncio.wait_for(store.write(Rank.ACCEPT, lambda _: None), 2)
    except (StoreUnavailable, TimeoutError) as error:
        return f"the writer is stuck: {error}"
    return None


async def _disk_has_room(settings: Settings) -> str | None:
    free = shutil.disk_usage(settings.data_dir).free
    return f"{free >> 20} MiB are free" if free < DISK_FLOOR else None


def _stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second SIGINT ends the process at once."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


async def _exit_when(stopping: asyncio.Event, server: uvicorn.Server, running_app: Running) -> None:
    await stopping.wait()
    running_app.begin_to_stop()
    server.should_exit = True


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    host, port = settings.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=2048)
    # Taken over by every connection: without it an answer waits for the client's delayed ACK.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield sock
    finally:
        sock.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
