"""The HTTP server of a process: its socket, its signals, its event loop."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from octavo.api.protocol import HttpProtocol
from octavo.settings import Listen, Settings

STOP_SECONDS = 5
"""Seconds that a stop waits for requests under way; links drain meanwhile."""


class Server(uvicorn.Server):
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


def stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second SIGINT ends the process at once."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


@contextlib.contextmanager
def listening(listen: Listen) -> Iterator[socket.socket]:
    """The socket that takes connections. Raises OSError."""
    host, port = listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=2048)
    # Taken over by every connection: without it an answer waits for the client's delayed ACK.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield sock
    finally:
        sock.close()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The fastest event loop of this platform."""
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
