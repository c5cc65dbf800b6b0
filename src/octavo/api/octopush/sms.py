"""Direct SMS sends (contract 4.1, 4.16)."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from octavo.api.answers import Amount, Item, answer
from octavo.api.context import Services, authenticated, payload_of, read
from octavo.api.errors.codes import FieldCode
from octavo.api.errors.languages import language_of
from octavo.api.errors.render import recipient_note
from octavo.api.lenient import fields
from octavo.api.lenient.reader import Reading
from octavo.api.lenient.recipients import RecipientInput
from octavo.campaigns.schemas import Recipient, Sent, SmsOrder
from octavo.db.codes import InDoubt, Purpose
from octavo.kit.errors import FieldProblem, Refusal

PURPOSES = {"alert": Purpose.ALERT, "wholesale": Purpose.WHOLESALE}
POLICIES = {"repeat": InDoubt.REPEAT, "never_repeat": InDoubt.NEVER_REPEAT}
_PERSONAL = ("first_name", "last_name", "param1", "param2", "param3", "param4", "param5")
_NOTHING: dict[str, str] = {}

SERVED_CHANNELS = "sms"


async def send(request: Request, services: Services) -> Response:
    """`POST /sms-campaign/send`."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.SMS_SEND, payload)
    sent = await services.sms.send(account, order_of(reading))
    return answer(_body(sent), 201, repaired=reading.repaired)


async def send_multi_channel(request: Request, services: Services) -> Response:
    """`POST /multi-channel/send`; of its channels, SMS."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, fields.MULTI_CHANNEL_SEND, payload)
    channel = reading[fields.CHANNEL]
    if channel is None:
        known = "sms, voice_sms, rcs, email"
        told = fields.CHANNEL.name in reading.repaired
        code = FieldCode.UNKNOWN_VALUE if told else FieldCode.MISSING
        raise Refusal(400, fields={"channel": FieldProblem(code, {"known": known})})
    if channel != "sms":
        problem = FieldProblem(FieldCode.NOT_AVAILABLE, {"available": SERVED_CHANNELS})
        raise Refusal(400, fields={"channel": problem})
    sent = await services.sms.send(account, order_of(reading))
    language = language_of(request.headers.get("accept-language"))
    note = recipient_note(sent.repeated, sent.bad, language, unserved=sent.unserved)
    return answer({**_body(sent), "message": note}, 201, repaired=reading.repaired)


def order_of(reading: Reading) -> SmsOrder:
    """The order that a request asks for."""
    policy = reading[fields.IN_DOUBT]
    return SmsOrder(
        text=reading[fields.TEXT] or "",
        recipients=_recipients(reading[fields.RECIPIENTS]),
        product=reading[fields.TYPE],
        purpose=PURPOSES[reading[fields.PURPOSE]],
        sender=reading[fields.SENDER],
        send_at=reading[fields.SEND_AT],
        optimise=reading[fields.AUTO_OPTIMIZE_TEXT],
        simulate=reading[fields.SIMULATION_MODE],
        request_id=reading[fields.REQUEST_ID],
        leave_out_suppressed=reading[fields.REMOVE_BLACKLISTED],
        list_name=reading[fields.LIST_NAME],
        with_replies=reading[fields.WITH_REPLIES],
        recipient_tracking=reading[fields.RECIPIENT_TRACKING],
        in_doubt=POLICIES[policy] if policy else None,
    )


def _recipients(given: Iterable[RecipientInput]) -> list[Recipient]:
    return [
        Recipient(
            one.phone_number,
            {name: value for name, value in zip(_PERSONAL, one[2:9], strict=True) if value}
            if any(one[2:9])
            else _NOTHING,
        )
        for one in given
    ]


def _body(sent: Sent) -> dict[str, Item]:
    return {
        "sms_ticket": sent.ticket,
        "ticket_number": sent.ticket,
        "number_of_contacts": sent.contacts,
        "total_cost": Amount(sent.cost),
        "number_of_sms_needed": sent.parts,
        "residual_credit": Amount(sent.available),
    }
