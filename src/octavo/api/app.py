"""The HTTP application: addresses, operations, and the one place where errors become answers."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo import __version__
from octavo.api import health, pages
from octavo.api.answers import answer
from octavo.api.context import Services
from octavo.api.description import described
from octavo.api.errors.render import render
from octavo.api.health import Health
from octavo.api.measure import MeasureRequests, Requests
from octavo.api.octopush import campaigns, contacts, parameters, sms, wallet
from octavo.api.own import campaigns as own
from octavo.kit.errors import Refusal, StoreInDoubt, StoreUnavailable

PREFIX = "/v1/public"
RETRY_AFTER = "2"
"""Seconds after which a request that met an unavailable store may be tried again."""

Operation: TypeAlias = Callable[[Request, Services], Awaitable[Response]]

OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("POST", "/sms-campaign/send", sms.send),
    ("POST", "/multi-channel/send", sms.send_multi_channel),
    ("DELETE", "/multi-channel/cancel", campaigns.cancel_multi_channel),
    ("GET", "/sms-campaign/draft", campaigns.draft),
    ("DELETE", "/sms-campaign/cancel", campaigns.cancel),
    ("POST", "/sms-campaign-on-list/create", campaigns.create_on_list),
    ("POST", "/sms-campaign-on-tag/create", campaigns.create_on_list),
    ("GET", "/sms-campaign-on-list/status", campaigns.status_on_list),
    ("GET", "/sms-campaign-on-tag/status", campaigns.status_on_list),
    ("POST", "/sms-campaign-on-list/send", campaigns.send_on_list),
    ("POST", "/sms-campaign-on-tag/send", campaigns.send_on_list),
    ("DELETE", "/sms-campaign-on-list/cancel", campaigns.cancel_on_list),
    ("DELETE", "/sms-campaign-on-tag/cancel", campaigns.cancel_on_list),
    ("POST", "/contact/create", contacts.create),
    ("DELETE", "/contact/delete", contacts.delete),
    ("POST", "/contact-list/create", contacts.create_list),
    ("POST", "/contact-list/empty", contacts.empty_list),
    ("DELETE", "/contact-list/delete", contacts.delete_list),
    ("GET", "/wallet/check-balance", wallet.check_balance),
    ("GET", "/user/campaign-parameters", parameters.get_user_parameters),
    ("GET", "/campaign/parameters", parameters.get_parameters),
    ("PATCH", "/user/campaign-parameters/edit", parameters.edit_user_parameters),
    ("PATCH", "/campaign/parameters/edit", parameters.edit_parameters),
    # The contract prints no address for editing in the newest form: that of reading it does too.
    ("PATCH", "/user/campaign-parameters", parameters.edit_user_parameters),
    ("PATCH", "/campaign/parameters", parameters.edit_parameters),
)
"""The served part of the contract: method, path under the prefix, operation."""

OWN_PREFIX = "/v1/octavo"

OWN_OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("GET", "/campaigns/{ticket}", own.get_campaign),
    ("POST", "/campaigns/{ticket}/pause", own.pause_campaign),
    ("POST", "/campaigns/{ticket}/resume", own.resume_campaign),
    ("POST", "/campaigns/{ticket}/cancel", own.cancel_campaign),
)
"""What is served beside the contract, in the same way."""

_UNTIDY = re.compile(r"//|\s|/\Z")

log = structlog.get_logger()


def make_app(services: Services, state: Health, requests: Requests) -> FastAPI:
    """The application on its services; `requests` watches what it answers."""
    app = FastAPI(
        title="Octavo",
        version=__version__,
        description="A self-hosted campaign server that speaks the public Octopush HTTP API.",
        redirect_slashes=False,
        # Theirs load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    for prefix, tag, operations in (
        (PREFIX, "octopush", OPERATIONS),
        (OWN_PREFIX, "octavo", OWN_OPERATIONS),
    ):
        for method, path, operation in operations:
            app.add_api_route(
                prefix + path,
                _endpoint(operation, services),
                methods=[method],
                name=operation.__name__,
                # Of others, the description would have it that they always answer with JSON.
                response_class=Response,
                **described(operation.__name__, method, path, tag=tag),
            )
    health.add(app, state)
    pages.add(app)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(StoreInDoubt, _in_doubt)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(MeasureRequests, requests=requests)
    app.add_middleware(ForgivingPath)
    return app


def make_operating_app(state: Health) -> FastAPI:
    """For a process without an API: what whoever operates it asks."""
    app = FastAPI(redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    health.add(app, state)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(ForgivingPath)
    return app


def _endpoint(operation: Operation, services: Services) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await operation(request, services)

    return endpoint


class ForgivingPath:
    """A trailing slash, a doubled one or a blank in a path is forgiven (design 10).

    HEAD is answered as GET is (RFC 9110 9.3.2); the server leaves the body out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on under its plain path."""
        if scope["type"] == "http":
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}
            path: str = scope["path"]
            if _UNTIDY.search(path):
                words = (word.strip() for word in path.split("/"))
                scope = {**scope, "path": "/" + "/".join(word for word in words if word)}
        await self._app(scope, receive, send)


def _languages(request: Request) -> str | None:
    return request.headers.get("accept-language")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class
    request.state.code = error.code
    headers = {}
    if error.status == 401:
        headers["www-authenticate"] = 'Basic realm="Octavo", charset="UTF-8"'
    if error.status == 429:
        headers["retry-after"] = str(error.data.get("seconds", RETRY_AFTER))
    if error.status in (408, 413):
        # The rest of the body is not the next request.
        headers["connection"] = "close"
    return answer(
        render(error, _languages(request)),
        error.status,
        repaired=getattr(request.state, "repaired", ()),
        **headers,
    )


async def _no_such_thing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    status = error.status_code
    refusal = Refusal(status, status=status)
    return answer(render(refusal, _languages(request)), status, **dict(error.headers or {}))


async def _unavailable(request: Request, error: Exception) -> Response:
    log.error("request met an unavailable store", path=request.url.path, error=str(error))
    body = render(Refusal(503, status=503), _languages(request))
    return answer(body, 503, **{"retry-after": RETRY_AFTER})


async def _in_doubt(request: Request, error: Exception) -> Response:
    """A status of its own: whoever gets 503 may try again without a second thought."""
    log.error("request was left in doubt", path=request.url.path, error=str(error))
    return answer(render(Refusal(504, status=504), _languages(request)), 504)


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request failed", path=request.url.path, exc_info=error)
    return answer(render(Refusal(500, status=500), _languages(request)), 500)
