"""One POST to a customer: what counts as an answer, and what a customer can do to us at most."""

import asyncio
import contextlib
import socket
import threading
from time import monotonic
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from octavo import __version__
from octavo.callbacks.guard import AddressRefused, Guard

TIMEOUT = 10.0
"""Seconds for all of a call. The contract asks customers for less than one (6.1)."""
CONNECT_TIMEOUT = 5.0
MOST_READ = 2048
"""Bytes of an answer's body; the rest is not waited for."""
LOOKUPS = 16
"""Names looked up at a time: each holds a thread as long as its name servers say nothing."""

Addresses = list[tuple[int, str]]
AddressInfo = tuple[int, int, int, str, tuple[str | int | bytes, ...]]


class Answer(NamedTuple):
    """How a call ended: `error` is "" for any 2xx. `seconds` is how long it took."""

    error: str
    seconds: float

    @property
    def taken(self) -> bool:
        """The customer has it."""
        return not self.error


class _PrivateError(OSError):
    """What the guard says, as aiohttp takes it: an address that cannot be connected to."""


class Client:
    """Calls customers; to be entered and left on one event loop."""

    def __init__(self, guard: Guard, *, most: int) -> None:
        self._guard = guard
        self._most = most
        self._resolver = _Resolver()
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        """Opens nothing yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._most,
                resolver=self._resolver,
                socket_factory=self._socket,
                keepalive_timeout=30,
            ),
            # Nothing of one customer's answer may reach another, and no bomb is unpacked.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_TIMEOUT),
            headers={"User-Agent": f"Octavo/{__version__}", "Content-Type": "application/json"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes every connection."""
        await self._session.close()

    async def post(self, url: str, body: bytes, id_: str, timestamp: int) -> Answer:
        """Calls a URL. `id_` and `timestamp` (seconds) become the headers of Standard Webhooks."""
        begun = monotonic()
        headers = {"webhook-id": id_, "webhook-timestamp": str(timestamp)}
        try:
            async with self._session.post(
                _as_given(url), data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(MOST_READ)
                if not response.content.at_eof():
                    response.close()
                error = "" if 200 <= response.status < 300 else f"status {response.status}"
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            error = _told(problem)
        return Answer(error, monotonic() - begun)

    def _socket(self, info: AddressInfo) -> socket.socket:
        """Called with each resolved address just before it is connected to."""
        family, kind, protocol, _, address = info
        try:
            self._guard.check(str(address[0]))
        except AddressRefused as refused:
            raise _PrivateError from refused
        return socket.socket(family, kind, protocol)


def _as_given(url: str) -> URL:
    """Not a character of a query string is written another way, as long as all are in ASCII."""
    return URL(url, encoded=url.isascii())


_TOLD: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "no answer in time"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientConnectorDNSError, "its name has no address"),
    (aiohttp.ServerDisconnectedError, "it hung up"),
    (aiohttp.ClientResponseError, "its answer is not HTTP"),
    (ValueError, "this is no web address"),
)


def _told(problem: Exception) -> str:
    """What an operator reads; no address that the customer did not give."""
    cause = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    if isinstance(cause, _PrivateError):
        return "its address is private"
    for kind, words in _TOLD:
        if isinstance(problem, kind):
            return words
    if isinstance(cause, OSError):
        return f"no connection: {cause.strerror or type(cause).__name__}"
    return f"no answer: {type(problem).__name__}"


class _Resolver(AbstractResolver):
    """The system's resolver, in threads of its own: a name server that hangs holds up nothing else
    in this process, nor its end.
    """

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        loop = asyncio.get_running_loop()
        await self._room.acquire()
        found: asyncio.Future[Addresses] = loop.create_future()

        def finish(addresses: Addresses | OSError) -> None:
            self._room.release()
            if found.done():
                return
            if isinstance(addresses, OSError):
                found.set_exception(addresses)
            else:
                found.set_result(addresses)

        def look_up() -> None:
            addresses = _look_up(host, port, family)
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(finish, addresses)

        threading.Thread(target=look_up, name="octavo-lookup", daemon=True).start()
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=found_family,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, address in await found
        ]

    async def close(self) -> None:
        """Waits for no lookup."""


def _look_up(host: str, port: int, family: int) -> Addresses | OSError:
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:
        return OSError(str(error))
    return [(found_family, str(address[0])) for found_family, _, _, _, address in found]
