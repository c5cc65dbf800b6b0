"""What a customer's server can do to us at most."""

import asyncio
import gzip
import socket
import threading
from collections.abc import Awaitable, Callable

import pytest

from octavo.callbacks import client
from octavo.callbacks.client import Answer, Client
from octavo.callbacks.guard import LOOPBACK, Guard

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"


async def call(serve: Serve, *, host: str = "127.0.0.1", guard: Guard | None = None) -> Answer:
    """One call of a server that serves so."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(guard or Guard(LOOPBACK), most=4) as customer:
        return await customer.post(f"http://{host}:{port}/hook", b"{}", "msg_1", 0)


def says(*pieces: bytes) -> Serve:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return serve


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


BOMB = gzip.compress(b"\0" * 10_000_000)


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (says(OK + b"Content-Length: 0\r\n\r\n"), ""),
        (says(b"HTTP/1.1 204 No Content\r\n\r\n"), ""),
        (says(OK + b"\r\n<html>until the connection ends</html>"), ""),
        (endless, ""),
        (says(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB), ""),
        (says(OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), ""),
        (says(b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "status 301"),
        (says(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), "status 500"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "its answer is not HTTP"),
        (says(OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n"), "its answer is not HTTP"),
        (says(), "it hung up"),
        (silent, "no answer in time"),
    ],
)
def test_answers(serve: Serve, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.5)
    assert asyncio.run(call(serve)).error == error


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1"])
def test_no_spelling_of_an_address_passes_the_guard(host: str) -> None:
    answer = asyncio.run(call(says(OK + b"\r\n"), host=host, guard=Guard()))
    assert answer.error == "its address is private"


def test_nobody_there() -> None:
    async def unheard() -> Answer:
        async with Client(Guard(LOOPBACK), most=4) as customer:
            return await customer.post("http://127.0.0.1:1/", b"{}", "msg_1", 0)

    assert asyncio.run(unheard()).error.startswith("no connection: Connect")


@pytest.mark.parametrize(
    "url",
    [
        "http://nowhere.invalid/",
        "http://[::1/",
        "http://2130706433/",
        "http://127.1/",
        "ftp://127.0.0.1/",
        "http:///",
        "http://127.0.0.1:99999/",
        "http://xn--a.example/",
        "http://a..b/",
        "http://" + "a" * 300 + "/",
        "http://exämple..org/",
    ],
)
def test_an_address_that_is_none_fails_like_any_other(url: str) -> None:
    async def lost() -> Answer:
        async with Client(Guard(), most=4) as customer:
            return await customer.post(url, b"{}", "msg_1", 0)

    assert asyncio.run(lost()).error


def test_a_name_server_that_hangs_holds_up_neither_the_call_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def hangs(*_: object) -> list[object]:
        answered.wait(30)
        return []

    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", hangs)

    async def lost() -> Answer:
        async with Client(Guard(), most=4) as customer:
            return await customer.post("http://example.org/", b"{}", "msg_1", 0)

    assert asyncio.run(lost()).error == "no answer in time"
    assert not answered.is_set()
    assert all(t.daemon for t in threading.enumerate() if t.name == "octavo-lookup")
    answered.set()
