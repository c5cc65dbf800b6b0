"""A campaign as it stands, with its closing equation; pause, resume, cancel at any time."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from octavo.accounts.schemas import Account
from octavo.api.answers import Amount, Item, answer
from octavo.api.context import Services, authenticated
from octavo.api.octopush.campaigns import local_time
from octavo.campaigns import looking
from octavo.campaigns.lists import ALREADY_SENT, UNKNOWN_CAMPAIGN
from octavo.campaigns.looking import Look
from octavo.db.codes import CampaignState, Purpose
from octavo.db.connection import Connection
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import Instant
from octavo.kit.errors import Refusal
from octavo.kit.money import Money
from octavo.ledger import campaigns

NOT_FOUND = 404
CONFLICT = 409

Change = Callable[[Connection, int, str], None]


async def get_campaign(request: Request, services: Services) -> Response:
    """`GET /v1/octavo/campaigns/{ticket}`."""
    asked = await _asked(request, services)
    return await _look(services, asked)


async def pause_campaign(request: Request, services: Services) -> Response:
    """`POST /v1/octavo/campaigns/{ticket}/pause`."""
    return await _change(request, services, campaigns.pause)


async def resume_campaign(request: Request, services: Services) -> Response:
    """`POST /v1/octavo/campaigns/{ticket}/resume`."""
    now = services.clock()
    return await _change(request, services, lambda c, a, t: campaigns.resume(c, a, t, now))


async def cancel_campaign(request: Request, services: Services) -> Response:
    """`POST /v1/octavo/campaigns/{ticket}/cancel`."""
    now = services.clock()
    return await _change(request, services, lambda c, a, t: campaigns.cancel(c, a, t, now))


class _Asked(NamedTuple):
    """Who asks about which campaign."""

    account: Account
    ticket: str


async def _asked(request: Request, services: Services) -> _Asked:
    account = await authenticated(request, services)
    return _Asked(account, str(request.path_params["ticket"]))


async def _change(request: Request, services: Services, change: Change) -> Response:
    asked = await _asked(request, services)
    try:
        await services.store.write(Rank.ACCEPT, lambda c: change(c, asked.account.id, asked.ticket))
    except campaigns.NoSuchCampaign as error:
        raise Refusal(UNKNOWN_CAMPAIGN, status=NOT_FOUND, ticket=asked.ticket) from error
    except campaigns.NotInThisState as error:
        raise Refusal(ALREADY_SENT, status=CONFLICT, ticket=asked.ticket) from error
    return await _look(services, asked)


async def _look(services: Services, asked: _Asked) -> Response:
    found = await services.store.read(lambda c: looking.look(c, asked.account.id, asked.ticket))
    if found is None:
        raise Refusal(UNKNOWN_CAMPAIGN, status=NOT_FOUND, ticket=asked.ticket)
    return answer(body_of(found, asked.account))


def body_of(look: Look, account: Account) -> dict[str, Item]:
    """A campaign in an answer: audience = the sum of its counts, at every instant (P2)."""
    row = look.row

    def when(at: int | None) -> str | None:
        return None if at is None else local_time(Instant(at), account)

    return {
        "ticket_number": row.ticket,
        "channel": row.channel,
        "type": row.product,
        "purpose": Purpose(row.purpose).name.lower(),
        "sender": row.sender,
        "text": row.text,
        "state": CampaignState(row.state).name.lower(),
        "error_code": row.code or None,
        "created_at": when(row.created_at),
        "send_at": when(row.send_at),
        "finished_at": when(row.finished_at),
        "audience": row.audience,
        "counts": {
            "pending": row.pending,
            "accepted": row.accepted,
            "delivered": row.delivered,
            "failed": row.failed,
            "skipped": row.skipped,
            "unknown": row.unknown,
        },
        "reasons": {name: dict(reasons) for name, reasons in look.reasons.items()},
        "number_of_sms_needed": row.parts,
        "money": {
            "shown_cost": None if look.shown is None else Amount(look.shown),
            "held": Amount(Money(row.held)),
            "captured": Amount(Money(row.captured)),
            "released": Amount(Money(row.released)),
            "fee": Amount(Money(row.fee)),
        },
        "countries": [
            {
                "country": c.country,
                "contacts": c.contacts,
                "number_of_sms_needed": c.parts,
                "cost": Amount(Money(c.cost)),
            }
            for c in look.countries
        ],
    }
