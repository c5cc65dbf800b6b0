"""The services that the API asks."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from octavo.accounts import service as accounts
from octavo.accounts.authentication import Authenticator
from octavo.accounts.keys import Peppers, load_peppers
from octavo.api.context import Services
from octavo.campaigns.canceling import CancelRules
from octavo.campaigns.drafting import DraftPlanner
from octavo.campaigns.intake import Intake
from octavo.campaigns.lists import ListCampaigns
from octavo.campaigns.planning import Planner
from octavo.campaigns.service import Doubts, SmsService
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.kit.fresh import Fresh
from octavo.metrics.metrics import Metrics
from octavo.numbers import NumberReader
from octavo.prices.service import Prices
from octavo.routes.service import Routing
from octavo.settings import Settings
from octavo.text.parts import RULES


@dataclass(frozen=True)
class AccountParameters:
    """Campaign parameters of accounts, trusted for two seconds."""

    fresh: Fresh[int, dict[str, str]]

    async def parameter(self, account: int, name: str) -> str | None:
        """One value, None when it is not set."""
        return (await self.fresh.get(account)).get(name)


def services_of(
    settings: Settings,
    store: Store,
    clock: Clock,
    *,
    chance: Random,
    wake: Callable[[], None],
    metrics: Metrics,
) -> Services:
    async def read_parameters(account: int) -> dict[str, str]:
        return await store.read(lambda c: accounts.parameters(c, account))

    prices, routing, numbers = Prices(store, clock), Routing(store, clock), NumberReader()
    senders = AccountParameters(Fresh(read_parameters, clock))
    doubts = Doubts(
        settings.in_doubt_after_alert, settings.in_doubt_after_marketing, settings.validity
    )
    return Services(
        store=store,
        clock=clock,
        authenticator=Authenticator(store, _peppers(settings), clock),
        sms=SmsService(
            store=store,
            intake=Intake(store),
            clock=clock,
            chance=chance,
            planner=Planner(numbers, RULES[settings.part_rules], settings.stop_countries),
            prices=prices,
            routing=routing,
            senders=senders,
            doubts=doubts,
            wake=wake,
            watch=metrics.orders,
        ),
        lists=ListCampaigns(
            store=store,
            clock=clock,
            chance=chance,
            planner=DraftPlanner(settings.part_rules, settings.stop_countries),
            prices=prices,
            routing=routing,
            senders=senders,
            doubts=doubts,
            wake=wake,
        ),
        cancel_rules=CancelRules(
            settings.cancel_fewer_than, settings.cancel_ahead, settings.cancel_per_month
        ),
        prices=prices,
        numbers=numbers,
        body_limit=settings.max_body_size,
    )


def _peppers(settings: Settings) -> Peppers:
    given = settings.pepper.get_secret_value() if settings.pepper else None
    return load_peppers(settings.pepper_file, given)
