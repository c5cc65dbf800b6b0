"""The balance, in money or in units of a product (contract 5.7)."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from octavo.accounts.schemas import Account
from octavo.api.answers import Amount, Item, answer
from octavo.api.context import Services, authenticated, payload_of, read
from octavo.api.errors.codes import FieldCode
from octavo.api.lenient import settings_fields as fields
from octavo.api.lenient.reader import Reading
from octavo.db.connection import Connection
from octavo.kit.clock import Instant, to_datetime
from octavo.kit.errors import FieldProblem, Refusal
from octavo.kit.money import Money
from octavo.ledger import wallet

EUROS = "euros"


async def check_balance(request: Request, services: Services) -> Response:
    """`GET /wallet/check-balance`."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.CHECK_BALANCE, payload)
    product = _product(reading)
    details = reading[fields.WITH_DETAILS]

    def look(connection: Connection) -> tuple[Money, list[wallet.Pack]]:
        available = wallet.available(connection, account.id)
        return available, wallet.packs(connection, account.id) if details else []

    available, packs = await services.store.read(look)
    body: dict[str, Item] = {"amount": Amount(available), "unit": EUROS}
    if product is not None:
        country = reading[fields.COUNTRY_CODE] or ""
        prices = await services.prices.of(account.id, product)
        price = prices.get(country)
        body = {"amount": available // price if price else 0, "unit": product}
    if details:
        body["wallet_packs"] = [_pack(pack, account) for pack in packs]
    return answer(body, repaired=reading.repaired)


def _product(reading: Reading) -> str | None:
    """The product that units are asked of; it and the country need each other."""
    product, country = reading[fields.PRODUCT_NAME], reading[fields.COUNTRY_CODE]
    if (product is None) == (country is None):
        return product
    lacking, other = (
        ("product_name", "country_code") if product is None else ("country_code", "product_name")
    )
    if lacking in reading.repaired:
        raise Refusal(400, fields={lacking: FieldProblem(FieldCode.UNKNOWN_VALUE)})
    problem = FieldProblem(FieldCode.NEEDS_OTHER, {"other": lacking})
    raise Refusal(400, fields={other: problem})


def _pack(pack: wallet.Pack, account: Account) -> dict[str, Item]:
    expiry: Instant | None = pack.expires_at
    return {
        "wallet_pack_id": pack.id,
        "id": pack.id,
        "credit": Amount(pack.credit),
        "expiration_date": (
            None
            if expiry is None
            else to_datetime(expiry, ZoneInfo(account.time_zone)).isoformat("T", "seconds")
        ),
    }
