"""Campaigns on lists and tags, drafts, canceling (contract 4.1b to 4.6, 4.15)."""

from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from octavo.accounts.schemas import Account
from octavo.api.answers import Amount, Item, answer, nothing
from octavo.api.auth import credentials
from octavo.api.context import Services, authenticated, payload_of, read
from octavo.api.errors.codes import FieldCode
from octavo.api.errors.render import render
from octavo.api.lenient import fields
from octavo.api.lenient import list_fields as on_list
from octavo.api.lenient.reader import Reading, Spec
from octavo.api.octopush.sms import POLICIES, PURPOSES
from octavo.campaigns.canceling import cancel_direct
from octavo.campaigns.lists import UNKNOWN_CAMPAIGN
from octavo.campaigns.schemas import ListOrder, Segmentation, Shown
from octavo.db.codes import CampaignState
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import Instant, to_datetime
from octavo.kit.errors import FieldProblem, Refusal
from octavo.kit.money import Money

DRAFT_STATUS = "validated"
"""The one status of a draft that the contract prints (4.1b)."""


async def create_on_list(request: Request, services: Services) -> Response:
    """`POST /sms-campaign-on-list/create` and `-on-tag/create`."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, on_list.CREATE, payload)
    ticket = await services.lists.create(account, order_of(reading))
    return answer({"ticket_number": ticket}, 201, repaired=reading.repaired)


async def status_on_list(request: Request, services: Services) -> Response:
    """`GET /sms-campaign-on-list/status`; a failed campaign says why."""
    account, reading, ticket = await _about_one(request, services)
    shown = await services.lists.status(account, ticket)
    languages = request.headers.get("accept-language")
    return answer(_status(shown, languages), repaired=reading.repaired)


async def send_on_list(request: Request, services: Services) -> Response:
    """`POST /sms-campaign-on-list/send` and `-on-tag/send`."""
    account, reading, ticket = await _about_one(request, services)
    send_at = await services.lists.send(account, ticket)
    return answer({"sending_date": local_time(send_at, account)}, repaired=reading.repaired)


async def cancel_on_list(request: Request, services: Services) -> Response:
    """`DELETE /sms-campaign-on-list/cancel`."""
    account, reading, ticket = await _about_one(request, services)
    await services.lists.cancel(account, ticket)
    return nothing(204, repaired=reading.repaired)


async def cancel(request: Request, services: Services) -> Response:
    """`DELETE /sms-campaign/cancel`."""
    account, reading, ticket = await _about_one(request, services)
    return await _cancel(request, services, account, reading, ticket)


async def cancel_multi_channel(request: Request, services: Services) -> Response:
    """`DELETE /multi-channel/cancel`; of its channels, SMS."""
    account, reading, ticket = await _about_one(request, services, on_list.CANCEL_MULTI_CHANNEL)
    if reading[fields.CHANNEL] not in (None, "sms"):
        raise Refusal(UNKNOWN_CAMPAIGN, ticket=ticket)
    return await _cancel(request, services, account, reading, ticket)


async def draft(request: Request, services: Services) -> Response:
    """`GET /sms-campaign/draft`."""
    account = await authenticated(request, services)
    found = await services.lists.latest(account)
    return answer(
        {
            "ticket_number": found.ticket,
            "number_of_contacts": found.contacts,
            "number_of_sms_needed": found.parts,
            "residual_credit": Amount(Money(found.available)),
            "total_cost": Amount(Money(found.cost + found.fee)),
            "status": DRAFT_STATUS,
            "message": "",
            "code": 0,
        }
    )


def order_of(reading: Reading) -> ListOrder:
    """The order that a request asks for."""
    policy, segmentation = reading[fields.IN_DOUBT], reading[on_list.SEGMENTATION]
    lists = (reading[on_list.LIST_NAME], *reading[on_list.LIST_NAMES])
    tags = (reading[on_list.TAG_NAME], *reading[on_list.TAG_NAMES])
    return ListOrder(
        text=reading[fields.TEXT] or "",
        product=reading[fields.TYPE],
        purpose=PURPOSES[reading[fields.PURPOSE]],
        sender=reading[fields.SENDER],
        send_at=reading[fields.SEND_AT],
        optimise=reading[fields.AUTO_OPTIMIZE_TEXT],
        simulate=reading[fields.SIMULATION_MODE],
        request_id=reading[fields.REQUEST_ID],
        leave_out_suppressed=reading[fields.REMOVE_BLACKLISTED],
        with_replies=reading[fields.WITH_REPLIES],
        recipient_tracking=reading[fields.RECIPIENT_TRACKING],
        in_doubt=POLICIES[policy] if policy else None,
        lists=[name for name in lists if name],
        tags=[name for name in tags if name],
        segmentation=Segmentation(segmentation) if segmentation else None,
    )


def local_time(at: Instant, account: Account) -> str:
    """ISO 8601 with the offset of the account's time zone."""
    return to_datetime(at, ZoneInfo(account.time_zone)).isoformat("T", "seconds")


async def _about_one(
    request: Request, services: Services, spec: Spec = on_list.ABOUT_ONE
) -> tuple[Account, Reading, str]:
    """Who asks about which campaign. Raises Refusal."""
    account = await authenticated(request, services)
    payload = await payload_of(request, services)
    reading = read(request, services, spec, payload)
    ticket = reading[on_list.TICKET]
    if ticket is None:
        problem = FieldProblem(FieldCode.MISSING)
        raise Refusal(400, fields={on_list.TICKET.name: problem})
    return account, reading, ticket


async def _cancel(
    request: Request, services: Services, account: Account, reading: Reading, ticket: str
) -> Response:
    login = credentials(request.headers)[0] or ""
    now = services.clock()
    await services.store.write(
        Rank.ACCEPT,
        lambda c: cancel_direct(c, account.id, login, ticket, rules=services.cancel_rules, now=now),
    )
    return nothing(204, repaired=reading.repaired)


def _status(shown: Shown, languages: str | None) -> dict[str, Item]:
    body: dict[str, Item] = {
        "number_of_contacts": shown.contacts,
        "cost": Amount(shown.cost),
        "status": shown.state.name.lower(),
    }
    if shown.state is CampaignState.FAILED:
        why = render(Refusal(shown.code), languages)
        body |= {"code": why["code"], "message": why["message"]}
    return body
