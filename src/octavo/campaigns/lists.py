"""Campaigns on lists and tags: create, look, send, cancel (contract 4.3 to 4.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from octavo.accounts.schemas import Account
from octavo.campaigns import drafting
from octavo.campaigns.drafting import DraftPlan, DraftPlanner
from octavo.campaigns.schemas import ListOrder, Shown
from octavo.campaigns.service import (
    BLACKLIST_FEE,
    DUPLICATE_REQUEST,
    NO_CREDIT,
    Doubts,
    Senders,
    default_sender,
    options_of,
)
from octavo.db.codes import CampaignState
from octavo.db.connection import Connection
from octavo.db.statements.drafts import Latest
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Clock, Instant
from octavo.kit.errors import Refusal
from octavo.kit.money import ZERO, Money, plain
from octavo.kit.tickets import ticket
from octavo.ledger import campaigns, confirm, drafts, orders, wallet
from octavo.ledger.audience import Audience
from octavo.ledger.confirm import Confirmed
from octavo.ledger.drafts import NewDraft
from octavo.prices.service import Prices
from octavo.routes.service import Routing

STILL_COMPUTING = 127
UNKNOWN_CAMPAIGN = 131
ALREADY_SENT = 132
CHANNEL = "sms"

_SHOWN = (
    CampaignState.UNDER_COMPUTATION,
    CampaignState.READY_TO_BE_SENT,
    CampaignState.FAILED,
)


@dataclass(frozen=True)
class ListCampaigns:
    """Serves campaigns of any account; `wake` hints to the workers that one has begun."""

    store: Store
    clock: Clock
    chance: Random
    planner: DraftPlanner
    prices: Prices
    routing: Routing
    senders: Senders
    doubts: Doubts
    wake: Callable[[], None]

    async def create(self, account: Account, order: ListOrder) -> str:
        """Takes an order, computed in the background from then on; its ticket. Raises Refusal."""
        drafting.check(order)
        prices = await self.prices.of(account.id, order.product)
        plan = self.planner.plan(order, prices, await self.routing.table())
        sender = order.sender or await default_sender(self.senders, account)
        found = partial(_audience, account=account.id, order=order, plan=plan)
        audience = await self.store.read(found)
        now = self.clock()
        new = new_draft(
            order,
            plan,
            audience,
            account=account.id,
            name=ticket(CHANNEL, now, self.chance.randrange(10**9)),
            sender=sender,
            doubts=self.doubts,
            now=now,
        )
        if not order.simulate:
            await self.store.write(Rank.ACCEPT, lambda c: create(c, new, now))
        return new.ticket

    async def status(self, account: Account, name: str) -> Shown:
        """Where a campaign stands that has not been sent. Raises Refusal (131, 132)."""
        return await self.store.read(lambda c: show(c, account.id, name))

    async def send(self, account: Account, name: str) -> Instant:
        """Confirms a campaign that is ready; when it leaves. Raises Refusal."""
        now = self.clock()
        sent = await self.store.write(Rank.ACCEPT, lambda c: send(c, account.id, name, now))
        if isinstance(sent, Refusal):
            raise sent
        if sent.send_at <= now:
            self.wake()
        return sent.send_at

    async def cancel(self, account: Account, name: str) -> None:
        """Cancels a campaign at any time before its end. Raises Refusal (131, 132)."""
        await self.store.write(Rank.ACCEPT, lambda c: cancel(c, account.id, name, self.clock()))

    async def latest(self, account: Account) -> Latest:
        """The account's draft: the last one that is ready. Raises Refusal (131)."""
        found = await self.store.read(lambda c: drafts.latest(c, account.id, CHANNEL))
        if found is None:
            raise Refusal(UNKNOWN_CAMPAIGN)
        return found


def _audience(
    connection: Connection, *, account: int, order: ListOrder, plan: DraftPlan
) -> Audience:
    audience = drafting.find_audience(connection, account, order)
    drafting.check_mention(connection, audience, plan)
    return audience


def new_draft(
    order: ListOrder,
    plan: DraftPlan,
    audience: Audience,
    *,
    account: int,
    name: str,
    sender: str,
    doubts: Doubts,
    now: Instant,
) -> NewDraft:
    """What the ledger is asked to compute."""
    doubt = doubts.of(order)
    return NewDraft(
        account=account,
        ticket=name,
        channel=CHANNEL,
        product=order.product,
        purpose=order.purpose,
        sender=plan.short_code if order.with_replies and plan.short_code else sender,
        text=plan.text,
        options=options_of(order),
        send_at=max(order.send_at or now, now),
        in_doubt=doubt.policy,
        in_doubt_after=doubt.after,
        validity=doubts.validity,
        audience=audience,
        countries=plan.countries,
        part_rules=plan.part_rules,
        most_parts=plan.most_parts,
        leave_out_suppressed=order.leave_out_suppressed,
        stop_countries=plan.stop_countries,
        stop_code=plan.stop_code,
        fee=BLACKLIST_FEE if order.leave_out_suppressed else ZERO,
        request_id=order.request_id,
    )


def create(connection: Connection, new: NewDraft, now: Instant) -> int:
    """Makes a campaign to be computed; its number. Raises Refusal (120)."""
    try:
        return drafts.create(connection, new, now)
    except orders.DuplicateRequest as error:
        raise Refusal(DUPLICATE_REQUEST, ticket=error.ticket) from error


def show(connection: Connection, account: int, name: str) -> Shown:
    """Where a campaign stands that has not been sent. Raises Refusal (131, 132)."""
    found = drafts.look(connection, account, name)
    if found is None:
        raise Refusal(UNKNOWN_CAMPAIGN, ticket=name)
    state = CampaignState(found.state)
    if state not in _SHOWN:
        raise Refusal(ALREADY_SENT, ticket=name)
    if state is CampaignState.FAILED:
        return Shown(state, 0, ZERO, found.code)
    return Shown(state, found.pending, Money(found.cost + found.fee), 0)


def send(connection: Connection, account: int, name: str, now: Instant) -> Confirmed | Refusal:
    """Confirms a campaign. Gives a Refusal where it fails just now: that is to be kept.

    Raises Refusal (103, 104, 121, 122, 127, 131, 132, 303).
    """
    try:
        confirmed = confirm.confirm(connection, account, name, now)
    except campaigns.NoSuchCampaign as error:
        raise Refusal(UNKNOWN_CAMPAIGN, ticket=name) from error
    except confirm.NotReady as error:
        raise Refusal(STILL_COMPUTING) from error
    except confirm.AlreadySent as error:
        raise Refusal(ALREADY_SENT, ticket=name) from error
    except confirm.Failed as error:
        raise Refusal(error.code) from error
    except wallet.InsufficientCredit as error:
        raise Refusal(
            NO_CREDIT, cost=plain(error.needed), available=plain(error.available)
        ) from error
    return Refusal(confirmed.code) if isinstance(confirmed, confirm.Failed) else confirmed


def cancel(connection: Connection, account: int, name: str, now: Instant) -> None:
    """Cancels a campaign. Raises Refusal (131, 132)."""
    try:
        campaigns.cancel(connection, account, name, now)
    except campaigns.NoSuchCampaign as error:
        raise Refusal(UNKNOWN_CAMPAIGN, ticket=name) from error
    except campaigns.NotInThisState as error:
        raise Refusal(ALREADY_SENT, ticket=name) from error
