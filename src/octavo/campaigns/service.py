"""Taking SMS orders: planned outside, accepted in one unit of work."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Protocol

from octavo.accounts.schemas import Account
from octavo.campaigns.intake import Also, Intake
from octavo.campaigns.planning import Code, Planner, check_shape
from octavo.campaigns.schemas import Plan, Sent, SmsOrder
from octavo.contacts import service as contacts
from octavo.contacts.reading import recipient
from octavo.contacts.schemas import Filing
from octavo.db.codes import InDoubt, Purpose
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock, Instant
from octavo.kit.errors import Refusal
from octavo.kit.money import ZERO, money, plain
from octavo.kit.tickets import ticket
from octavo.ledger import orders, wallet
from octavo.ledger.orders import Accepted, PlannedOrder
from octavo.prices.service import Prices
from octavo.routes.service import Routing

DUPLICATE_REQUEST = 120
NO_CREDIT = 104

BLACKLIST_FEE = money("0.01")
"""For leaving out who opted out: once a request (contract 3.3)."""

DEFAULT_SENDER = "Octavo"
SENDER_PARAMETER = "sender_for_sms_premium"


class Senders(Protocol):
    """Where an account's default senders are found."""

    async def parameter(self, account: int, name: str) -> str | None:
        """One of the account's campaign parameters."""


class OrderWatch(Protocol):
    """Watches orders."""

    def accepted(self, order: PlannedOrder, accepted: Accepted) -> None:
        """An order is on disk."""


@dataclass(frozen=True)
class Doubts:
    """How long an order waits for a lost answer before its policy acts; microseconds."""

    after_alert: int
    after_marketing: int
    validity: int


@dataclass(frozen=True)
class SmsService:
    """Takes orders of any account; `wake` hints to the workers that there is something to do."""

    store: Store
    intake: Intake
    clock: Clock
    chance: Random
    planner: Planner
    prices: Prices
    routing: Routing
    senders: Senders
    doubts: Doubts
    wake: Callable[[], None]
    watch: OrderWatch

    async def send(self, account: Account, order: SmsOrder) -> Sent:
        """Accepts an order; it is on disk when this returns (P1). Raises Refusal."""
        check_shape(order)
        prices = await self.prices.of(account.id, order.product)
        plan = self.planner.plan(order, prices, await self.routing.table())
        sender = order.sender or await self._default_sender(account)
        # Read once: a clock set back in between would make an order for now one for later.
        now = self.clock()
        planned = self._planned(account, order, plan, sender, now)
        try:
            accepted = await self._run(order, plan, planned, now)
        except orders.DuplicateRequest as error:
            raise Refusal(DUPLICATE_REQUEST, ticket=error.ticket) from error
        except orders.NobodyLeft as error:
            raise Refusal(Code.NOBODY_LEFT) from error
        except wallet.InsufficientCredit as error:
            raise Refusal(
                NO_CREDIT, cost=plain(error.needed), available=plain(error.available)
            ) from error
        return Sent(
            planned.ticket,
            accepted.contacts,
            accepted.parts,
            accepted.cost,
            accepted.available,
            plan.repeated,
            plan.bad,
            plan.unserved,
        )

    async def _run(
        self, order: SmsOrder, plan: Plan, planned: PlannedOrder, now: Instant
    ) -> Accepted:
        if order.simulate:
            return await self.store.read(lambda c: orders.simulate(c, planned))
        accepted = await self.intake.take(planned, now, _also(order, plan, planned, now))
        self.watch.accepted(planned, accepted)
        if planned.send_at <= now:
            self.wake()
        return accepted

    async def _default_sender(self, account: Account) -> str:
        return await self.senders.parameter(account.id, SENDER_PARAMETER) or DEFAULT_SENDER

    def _planned(
        self, account: Account, order: SmsOrder, plan: Plan, sender: str, now: Instant
    ) -> PlannedOrder:
        alert = order.purpose is Purpose.ALERT
        policy = InDoubt.REPEAT if alert else InDoubt.NEVER_REPEAT
        return PlannedOrder(
            account=account.id,
            ticket=ticket("sms", now, self.chance.randrange(10**9)),
            channel="sms",
            product=order.product,
            purpose=order.purpose,
            sender=sender,
            text=plan.text,
            options=json.dumps(_options(order)),
            send_at=max(order.send_at or now, now),
            in_doubt=policy if order.in_doubt is None else order.in_doubt,
            in_doubt_after=self.doubts.after_alert if alert else self.doubts.after_marketing,
            validity=self.doubts.validity,
            messages=plan.messages,
            slice_size=plan.slice_size,
            request_id=order.request_id,
            leave_out_suppressed=order.leave_out_suppressed,
            fee=BLACKLIST_FEE if order.leave_out_suppressed else ZERO,
        )


def _also(order: SmsOrder, plan: Plan, planned: PlannedOrder, now: Instant) -> Also | None:
    if not order.list_name:
        return None
    people = [recipient(number, told) for number, told in plan.people]
    filing = Filing(people, lists=[order.list_name])
    return partial(contacts.file, account=planned.account, filing=filing, now=now)


def _options(order: SmsOrder) -> dict[str, bool | str]:
    """What is kept with the campaign; what is not there is off."""
    options: dict[str, bool | str] = {}
    if not order.optimise:
        options["auto_optimize_text"] = False
    if order.with_replies:
        options["with_replies"] = True
    if order.recipient_tracking:
        options["recipient_tracking"] = True
    if order.list_name:
        options["list_name"] = order.list_name
    return options
