"""A customer's web server that takes callbacks: `_receiver.py PORT MILLISECONDS`.

Answers 204 to each POST so many milliseconds after it came, and to a GET with two numbers: the
POSTs so far and the different `webhook-id` among them.
"""

import asyncio
import sys
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Customer(asyncio.Protocol):
    """One connection kept alive."""

    ids: set[bytes]
    posts: list[int]
    delay: float

    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are WriteTransports in everything but their class.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, rest = self._data.partition(_HEAD_END)
        while end:
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields.get(b"content-length", 0))
            if len(rest) < length:
                return
            self._data = rest[length:]
            self._answer(head, fields)
            head, end, rest = self._data.partition(_HEAD_END)

    def _answer(self, head: bytes, fields: dict[bytes, bytes]) -> None:
        if head.startswith(b"GET"):
            told = f"{self.posts[0]} {len(self.ids)}".encode()
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told)
            self._transport.write(answer)
            return
        self.posts[0] += 1
        self.ids.add(fields[b"webhook-id"])
        asyncio.get_running_loop().call_later(self.delay, self._transport.write, TAKEN)


async def main(port: int, milliseconds: float) -> None:
    Customer.ids, Customer.posts, Customer.delay = set(), [0], milliseconds / 1000
    server = await asyncio.get_running_loop().create_server(Customer, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
