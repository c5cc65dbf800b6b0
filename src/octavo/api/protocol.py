"""HTTP/1.1 on a connection: as uvicorn reads it, with bounds, and errors in the contract's form."""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from octavo.api.answers import render
from octavo.api.errors.render import render as render_error
from octavo.kit.errors import Refusal

MAX_HEAD = 64 << 10
"""Bytes of a request line with its headers."""


class HeadTooLongError(Exception):
    """Ends the parsing of a request whose headers are too large."""


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    What is not HTTP is answered with 400 and a head over MAX_HEAD with 431, both as JSON, and the
    connection ends. Memory is bounded: the parser keeps a header until it is whole, so bytes that
    it takes without telling of anything are counted too.
    """

    _untold = 0
    _status = HTTPStatus.BAD_REQUEST

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        self._untold += len(data)
        super().data_received(data)
        if self._untold > MAX_HEAD and not self.transport.is_closing():
            self._status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """Begins a request. Raises HeadTooLongError."""
        self._untold = 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise HeadTooLongError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Takes a piece of a body."""
        self._untold = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request; what follows is the next one."""
        self._untold = 0
        super().on_message_complete()

    def send_400_response(self, _msg: str) -> None:
        """Answers what could not be parsed, after which the connection is of no more use.

        A request before it that came whole is carried out, and its own answer is the last.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle and not cycle.more_body and not cycle.response_complete:
            cycle.keep_alive = False
            return
        if self.pipeline:
            # The answer would be taken for that to an earlier request.
            self.transport.close()
            return
        body = render(render_error(Refusal(self._status, limit=MAX_HEAD), None)).encode()
        head = (
            f"HTTP/1.1 {self._status} {self._status.phrase}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
