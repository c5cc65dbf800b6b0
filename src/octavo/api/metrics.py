"""`/metrics`: what a process counts, for this machine or for who has the token."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from octavo.api.answers import answer
from octavo.api.errors.render import render
from octavo.kit.errors import Refusal

PATH = "/metrics"
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"

_FORWARDING = ("forwarded", "x-forwarded-", "x-real-ip", "via")
"""How the headers begin by which a proxy says that it asks for somebody else."""


@dataclass(frozen=True)
class MetricsPage:
    """What `/metrics` shows, and the token that opens it from elsewhere, if there is one."""

    exposition: Callable[[], bytes]
    token: SecretStr | None = None


def add(app: FastAPI, page: MetricsPage) -> None:
    """Adds `/metrics`."""

    async def metrics(request: Request) -> Response:
        if _is_local(request) or _has_token(request, page.token):
            return Response(page.exposition(), media_type=TEXT_FORMAT)
        status = 401 if page.token else 403
        headers = {"www-authenticate": 'Bearer realm="Octavo"'} if page.token else {}
        body = render(Refusal(status, status=status), request.headers.get("accept-language"))
        return answer(body, status, **headers)

    app.add_api_route(PATH, metrics, include_in_schema=False)


def _is_local(request: Request) -> bool:
    """The peer itself is on this machine and asks for nobody else.

    Without these headers no proxy was believed, so that `client` is the peer of the connection.
    """
    if request.client is None or any(name.startswith(_FORWARDING) for name in request.headers):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _has_token(request: Request, token: SecretStr | None) -> bool:
    if token is None:
        return False
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    # Bytes: of two texts, those beyond ASCII could not be compared.
    right = hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode())
    return scheme.lower() == "bearer" and right
