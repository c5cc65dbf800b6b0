"""Notes each request of the API in the request log."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo.db.request_log import Request, RequestLog
from octavo.kit.clock import Clock


class LogRequests:
    """Measures a request from its head to the head of its answer."""

    def __init__(self, app: ASGIApp, log: RequestLog, clock: Clock) -> None:
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, and notes the status."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter_ns()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            state: dict[str, object] = scope.get("state", {})
            account, code, repaired = (state.get(n) for n in ("account", "code", "repaired"))
            self._log.put(
                Request(
                    self._clock(),
                    account if isinstance(account, int) else None,
                    scope["method"],
                    scope["path"][:200],
                    status,
                    int(code) if isinstance(code, int) else None,
                    (time.perf_counter_ns() - begun) // 1_000,
                    ",".join(repaired) if isinstance(repaired, tuple) else "",
                )
            )
