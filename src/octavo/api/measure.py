"""Measures each request by the template of its path."""

from time import perf_counter
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Requests(Protocol):
    """Watches requests."""

    def answered(
        self, method: str, path: str | None, status: int, code: int | None, seconds: float
    ) -> None:
        """A request was answered; `path` is the template of its route, None for no route, `code`
        that of its refusal.
        """


class MeasureRequests:
    """To be the innermost, so that it sees the path and the route as the router does."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, and tells; what ends in an error is answered with 500 further out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            state: dict[str, object] = scope.get("state", {})
            code = state.get("code")
            self._requests.answered(
                scope["method"],
                getattr(scope.get("route"), "path", None),
                status,
                code if isinstance(code, int) else None,
                perf_counter() - begun,
            )
