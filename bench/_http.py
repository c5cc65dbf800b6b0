"""An HTTP/1.1 client that costs little: requests are bytes made beforehand, answers are not
parsed beyond their status and length.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import cast

from _site import KEY, LOGIN

PATH = "/v1/public/sms-campaign/send"
CREATED = b"HTTP/1.1 201"
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class RefusedError(Exception):
    """An answer that was not expected; its text is the answer."""


def request(body: Mapping[str, object], login: str = LOGIN) -> bytes:
    """A send as bytes; every account of a bench has the same key."""
    content = json.dumps(body).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\napi-login: {login}\r\napi-key: {KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def body_of(request: bytes) -> bytes:
    """The body of a request."""
    return request.partition(_HEAD_END)[2]


async def send_all(
    port: int,
    requests: Sequence[bytes],
    count: int,
    connections: int,
    *,
    fine: tuple[bytes, ...] = (CREATED,),
) -> float:
    """Sends `count` requests, in turn, over that many connections kept alive; the seconds from the
    first byte to the last answer. `fine` are the beginnings of answers that are expected.

    Raises RefusedError, OSError.
    """
    loop = asyncio.get_running_loop()
    supply = islice(cycle(requests), count)
    clients = [
        (await loop.create_connection(lambda: _Client(supply, fine), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    begun = time.perf_counter()
    for client in clients:
        client.next()
    await asyncio.gather(*(client.done for client in clients))
    return time.perf_counter() - begun


class _Client(asyncio.Protocol):
    """One connection: the next request goes when the last answer is complete."""

    def __init__(self, supply: Iterator[bytes], fine: tuple[bytes, ...]) -> None:
        self._supply = supply
        self._fine = fine
        self._answer = b""
        self._transport: asyncio.WriteTransport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are WriteTransports in everything but their class.
        self._transport = cast("asyncio.WriteTransport", transport)

    def next(self) -> None:
        """Sends the next request, or ends."""
        request = next(self._supply, None)
        if request is not None:
            self._transport.write(request)
            return
        self._transport.close()
        if not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(_HEAD_END)
        if not end:
            return
        length = int(head.lower().partition(_LENGTH)[2].split(None, 1)[0])
        if len(body) < length:
            return
        if not head.startswith(self._fine):
            self._fail(RefusedError(self._answer.decode("utf-8", "replace")))
            return
        self._answer = b""
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the server closed the connection"))

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self._transport.close()
