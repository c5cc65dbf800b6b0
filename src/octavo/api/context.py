"""What every operation of the API is given, and how a request becomes account and reading."""

from dataclasses import dataclass

from starlette.requests import Request

from octavo.accounts.authentication import Authenticator
from octavo.accounts.schemas import Account
from octavo.api.auth import credentials
from octavo.api.lenient.body import PATIENCE, Patience, read_payload
from octavo.api.lenient.jsontext import JsonObject
from octavo.api.lenient.reader import Reading, Spec
from octavo.campaigns.service import SmsService
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.numbers import NumberReader
from octavo.prices.service import Prices


@dataclass(frozen=True)
class Services:
    """The services behind the API, made by the composition root."""

    store: Store
    clock: Clock
    authenticator: Authenticator
    sms: SmsService
    prices: Prices
    numbers: NumberReader
    body_limit: int
    body_patience: Patience = PATIENCE


async def authenticated(request: Request, services: Services) -> Account:
    """The account that asks. Raises Refusal (401, 429)."""
    login, key = credentials(request.headers)
    client = request.client.host if request.client else ""
    account = await services.authenticator.authenticate(login, key, client)
    request.state.account = account.id
    return account


async def payload_of(request: Request, services: Services) -> JsonObject:
    """The values of a request. Raises Refusal (400, 408, 413)."""
    return await read_payload(request, services.body_limit, services.body_patience)


def read(request: Request, services: Services, spec: Spec, payload: JsonObject) -> Reading:
    """The payload by a spec; what was repaired is noted for the request log."""
    reading = spec.read(payload, services.clock())
    request.state.repaired = reading.repaired
    return reading
