"""What is no HTTP, and heads without an end: answered in the contract's form, then hung up."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from octavo.api.protocol import MAX_HEAD, HttpProtocol

WAIT = 10
FINE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """A server for the requests of one test."""

    def __init__(self, port: int, release: asyncio.Event) -> None:
        self.port = port
        self.release = release

    async def talk(self, *pieces: bytes) -> bytes:
        """All that is answered until the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await asyncio.wait_for(reader.read(), WAIT)
        finally:
            writer.close()


def run(test: Callable[[Served], Awaitable[None]]) -> None:
    """Runs a test with a server that answers "done" once it is released."""

    async def main() -> None:
        release = asyncio.Event()
        release.set()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await release.wait()
            headers = [(b"content-length", b"4")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"done"})

        config = uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None)
        config.load()
        state = uvicorn.Server(config).server_state
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: HttpProtocol(config, state, {}), "127.0.0.1", 0)
        try:
            await test(Served(server.sockets[0].getsockname()[1], release))
        finally:
            server.close()

    asyncio.run(main())


def told(answer: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body of the only answer, which ends the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert b"connection: close" in head
    assert f"content-length: {len(body)}".encode() in head
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_no_http_has_code_and_message(raw: bytes) -> None:
    async def test(served: Served) -> None:
        status, body = told(await served.talk(raw))
        assert status == body["code"] == 400
        assert body["message"]

    run(test)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\n", *[b"a: " + b"x" * 995 + b"\r\n"] * 66],
        [b"GET / HTTP/1.1\r\na: ", *[b"x" * 10_000] * 7],
        [b"GET /", *[b"x" * 10_000] * 7],
        [b"GET / HTTP/1.1\r\na: " + b"x" * MAX_HEAD + b"\r\n\r\n"],
        [b"\r\n" * 10_000] * 4,
    ],
    ids=["many", "one", "address", "at once", "none"],
)
def test_a_head_is_refused_with_the_piece_that_passes_the_limit(pieces: list[bytes]) -> None:
    async def test(served: Served) -> None:
        status, body = told(await served.talk(*pieces))
        assert status == body["code"] == 431
        assert str(MAX_HEAD) in body["message"]

    run(test)


class Wire(asyncio.Transport):
    """A connection without a peer."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_what_stands_between_the_chunks_of_a_body_is_counted() -> None:
    async def main() -> None:
        config = uvicorn.Config(never, http=HttpProtocol, lifespan="off", log_config=None)
        config.load()
        wire = Wire()
        protocol = HttpProtocol(config, uvicorn.Server(config).server_state, {})
        protocol.connection_made(wire)
        protocol.data_received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        protocol.data_received(b"2;" + b"x" * (MAX_HEAD // 2) + b"\r\nab\r\n")
        protocol.data_received(b"2;" + b"x" * (MAX_HEAD // 2))
        protocol.data_received(b"x" * (MAX_HEAD // 2 - 2))
        assert wire.written == b""
        protocol.data_received(b"x")
        assert wire.is_closing()
        assert told(wire.written)[0] == 431
        for task in protocol.tasks:
            task.cancel()
        await asyncio.gather(*protocol.tasks, return_exceptions=True)

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    asyncio.run(main())


def test_bodies_are_not_counted() -> None:
    async def test(served: Served) -> None:
        head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"
        served.release.clear()
        talking = asyncio.create_task(served.talk(head, *[b"x" * 10_000] * 10))
        await asyncio.sleep(0.2)
        served.release.set()
        assert (await talking).endswith(b"done")

    run(test)


def test_a_head_up_to_the_limit_is_read() -> None:
    async def test(served: Served) -> None:
        long = b"GET / HTTP/1.1\r\nConnection: close\r\na: " + b"x" * (MAX_HEAD - 100)
        assert (await served.talk(long + b"\r\n\r\n")).endswith(b"done")

    run(test)


def test_requests_one_after_another_are_counted_each() -> None:
    async def test(served: Served) -> None:
        long = b"GET / HTTP/1.1\r\na: " + b"x" * (MAX_HEAD // 2) + b"\r\n\r\n"
        last = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert (await served.talk(*[long] * 5, last)).count(b"done") == 6

    run(test)


def test_what_follows_a_whole_request_does_not_take_its_answer() -> None:
    async def test(served: Served) -> None:
        served.release.clear()
        talking = asyncio.create_task(served.talk(FINE + b"garbage\r\n\r\n", b"more"))
        await asyncio.sleep(0.1)
        served.release.set()
        answer = await talking
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"done")

    run(test)
