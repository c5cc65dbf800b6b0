"""Campaign parameters of an account: defaults, alerts, callback addresses (contract 5.13)."""

import json

from starlette.requests import Request
from starlette.responses import Response

from octavo.accounts import service as accounts
from octavo.accounts.schemas import Account
from octavo.api.answers import Item, answer
from octavo.api.context import Services, authenticated, payload_of, read
from octavo.api.lenient import settings_fields as fields
from octavo.api.lenient.reader import Field, Reading
from octavo.db.unit_of_work import Rank

_TEXTS: tuple[Field[str | None], ...] = (
    fields.ALERT_TYPE,
    fields.ALERT_PHONE,
    fields.SENDER_SMS,
    fields.SENDER_VOICE,
    fields.TEST_PHONE,
    fields.URL_BLACKLISTED,
    fields.URL_VISITS,
    fields.URL_INBOUNDS,
    fields.EMAIL_INBOUNDS,
    fields.API_VERSION,
)
"""Kept as they are, under their own names."""

SMS_DELIVERIES = "callback_url_for_sms_deliveries"
VOICE_DELIVERIES = "callback_url_for_voice_sms_deliveries"
DELIVERIES = "callback_url_for_deliveries"
_BY_CHANNEL = (SMS_DELIVERIES, VOICE_DELIVERIES)


async def get_user_parameters(request: Request, services: Services) -> Response:
    """`GET /user/campaign-parameters`: the shape of the older pages."""
    account = await authenticated(request, services)
    return answer(_shape(await _stored(services, account), newest=False))


async def get_parameters(request: Request, services: Services) -> Response:
    """`GET /campaign/parameters`: the shape of the newest pages."""
    account = await authenticated(request, services)
    return answer(_shape(await _stored(services, account), newest=True))


async def edit_user_parameters(request: Request, services: Services) -> Response:
    """`PATCH /user/campaign-parameters/edit`; null or "" clears a value."""
    return await _edit(request, services, newest=False)


async def edit_parameters(request: Request, services: Services) -> Response:
    """`PATCH /campaign/parameters/edit`, beside the newest address of the GET."""
    return await _edit(request, services, newest=True)


async def _edit(request: Request, services: Services, *, newest: bool) -> Response:
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.CAMPAIGN_PARAMETERS, payload)
    changes = _changes(reading)
    stored = await services.store.write(
        Rank.ACCEPT, lambda c: accounts.put_parameters(c, account.id, changes)
    )
    return answer(_shape(stored, newest=newest), repaired=reading.repaired)


async def _stored(services: Services, account: Account) -> dict[str, str]:
    return await services.store.read(lambda c: accounts.parameters(c, account.id))


def _changes(reading: Reading) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for field in _TEXTS:
        _change(changes, reading, field, field.name, reading[field])
    bound = reading[fields.ALERT_BOUND]
    _change(
        changes, reading, fields.ALERT_BOUND, "alert_bound", None if bound is None else str(bound)
    )
    emails = reading[fields.ALERT_EMAILS_TO]
    told = json.dumps(emails) if emails else None
    _change(changes, reading, fields.ALERT_EMAILS_TO, "alert_emails_to", told)
    node = reading[fields.METADATA_NODE]
    kept = None if node is None else str(int(node))
    _change(changes, reading, fields.METADATA_NODE, "use_metadata_node_for_inbound", kept)
    # The address for all channels first: one for a single channel in the same request wins.
    for name in _BY_CHANNEL:
        _change(changes, reading, fields.URL_DELIVERIES, name, reading[fields.URL_DELIVERIES])
    for field, name in (
        (fields.URL_SMS_DELIVERIES, SMS_DELIVERIES),
        (fields.URL_VOICE_DELIVERIES, VOICE_DELIVERIES),
    ):
        _change(changes, reading, field, name, reading[field])
    return changes


def _change(
    changes: dict[str, str | None],
    reading: Reading,
    field: Field[object],
    name: str,
    value: str | None,
) -> None:
    if value is not None:
        changes[name] = value
    elif reading.cleared(field):
        changes[name] = None


def _shape(stored: dict[str, str], *, newest: bool) -> dict[str, Item]:
    """The documented object; the newest pages spell three of its members another way."""
    bound = stored.get("alert_bound")
    emails: list[str] = json.loads(stored.get("alert_emails_to", "[]"))
    alerts: dict[str, Item] = {"alert_type": stored.get("alert_type")}
    alerts |= (
        {"alert_bound": bound, "alert_emails_to": emails}
        if newest
        else {"alert_bound": bound and int(bound), "alert_email_to": ", ".join(emails) or None}
    )
    alerts["alert_phone_number_to"] = stored.get("alert_phone_number_to")
    return {
        "sms_campaign_alert_parameters": alerts,
        "campaign_parameters": {
            name: stored.get(name)
            for name in (
                "sender_for_sms_premium",
                "sender_for_voice_sms",
                "phone_number_for_test_sms",
            )
        },
        "callbacks": _callbacks(stored, newest=newest),
    }


def _callbacks(stored: dict[str, str], *, newest: bool) -> dict[str, Item]:
    sms, voice = (stored.get(name) for name in _BY_CHANNEL)
    urls: dict[str, Item] = {
        "callback_url_for_inbounds": stored.get("callback_url_for_inbounds"),
        DELIVERIES: sms if sms == voice or voice is None else (voice if sms is None else sms),
    }
    if sms != voice:
        # No single address would tell the truth any more.
        urls |= {SMS_DELIVERIES: sms, VOICE_DELIVERIES: voice}
    for name in (
        "callback_url_for_blacklisted_numbers",
        "callback_url_for_visits",
        "email_for_inbounds",
    ):
        urls[name] = stored.get(name)
    if newest:
        urls["api_version"] = stored.get("api_version")
        urls["use_metadata_node_for_inbound"] = stored.get("use_metadata_node_for_inbound") == "1"
    return urls
