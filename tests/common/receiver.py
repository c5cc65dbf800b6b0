"""A customer's web server that callbacks come to: in threads of this process, on a real socket."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

WAIT = 30
"""Seconds after which a callback that should have come has not come."""


class Callback(NamedTuple):
    """One POST as it came in."""

    path: str
    id: str
    headers: dict[str, str]
    body: dict[str, Any]


Answers = Callable[[Callback], int]
"""The status that a callback is answered with; it may take its time. 0 hangs up instead."""


class Receiver:
    """Keeps what came, in order; answers 200 unless told otherwise."""

    def __init__(self, port: int = 0) -> None:
        self.answers: Answers = lambda _: 200
        self.headers: dict[str, str] = {}
        self.came: list[Callback] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Nobody listens any more; what is open is hung up."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def keep(self, callback: Callback) -> None:
        """Called for each."""
        with self._lock:
            self.came.append(callback)

    def on(self, path: str) -> list[Callback]:
        """What came to a path."""
        with self._lock:
            return [c for c in self.came if c.path == path]

    def wait(self, n: int = 1, path: str | None = None) -> list[Callback]:
        """What came, once it is at least `n`."""
        end = time.monotonic() + WAIT
        while len(found := self.came if path is None else self.on(path)) < n:
            assert time.monotonic() < end, f"{len(found)} of {n} came: {found[-3:]}"
            time.sleep(0.01)
        return list(found)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or "{}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        callback = Callback(self.path, headers.get("webhook-id", ""), headers, body)
        receiver = self.server.receiver
        receiver.keep(callback)
        status = receiver.answers(callback)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - its given name; what follows a redirect comes here

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its given name
        """Says nothing."""


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver for a while."""
    receiver = Receiver(port)
    try:
        yield receiver
    finally:
        receiver.close()
