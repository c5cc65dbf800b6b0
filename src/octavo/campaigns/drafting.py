"""From an order for lists and tags to a campaign that is computed in the background.

Prices, route groups and rules are pinned here, so that whoever computes it needs the ledger only.
"""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from octavo.campaigns.planning import (
    Code,
    check_length,
    missing_mention,
    most_parts,
    refuse_parts,
)
from octavo.campaigns.schemas import ListOrder, Segmentation
from octavo.contacts.collections import LISTS, TAGS
from octavo.contacts.collections import Collection as Named
from octavo.db.connection import Connection
from octavo.kit.errors import Refusal
from octavo.kit.money import Money
from octavo.ledger.audience import Audience, Clause, Collection, Kind
from octavo.ledger.drafts import Priced
from octavo.routes.schemas import RouteTable
from octavo.text.compose import Composer
from octavo.text.parts import RULES, measure
from octavo.text.stop import with_short_code

UNKNOWN_COLLECTION = 303
FRANCE = "FR"
"""Whose route has the short code of a text: STOP mentions are a matter of France (contract 9)."""

MOST_PAGES = 200
"""Pages of people of a country that are looked through for one who is in all clauses; whoever is
found later fails the campaign before it is ready.
"""


class DraftPlan(NamedTuple):
    """What is known of a campaign before its audience is read.

    `stop_code` is what it is refused with once it reaches one of `stop_countries`; 0: nothing.
    """

    text: str
    short_code: str
    countries: Sequence[Priced]
    part_rules: str
    most_parts: int
    stop_countries: Sequence[str]
    stop_code: int


class DraftPlanner(NamedTuple):
    """Plans campaigns on lists; `part_rules` names one of `text.parts.RULES`."""

    part_rules: str
    stop_countries: Some[str]

    def plan(self, order: ListOrder, prices: Mapping[str, Money], routes: RouteTable) -> DraftPlan:
        """Prices and rules of an order. Raises Refusal when its text cannot be sent."""
        check(order)
        france = routes.group(order.product, FRANCE)
        short_code = france.short_code if france else ""
        text = with_short_code(order.text, short_code)
        most = most_parts(order.product)
        composer = Composer(text, optimising=order.optimise)
        if not composer.personal:
            parts = measure(composer.compose({}), RULES[self.part_rules]).parts
            if not 0 < parts <= most:
                refuse_parts(order, parts)
        countries = _priced(order.product, prices, routes)
        served = {c.country for c in countries}
        return DraftPlan(
            text,
            short_code,
            countries,
            self.part_rules,
            most,
            sorted(served & set(self.stop_countries)),
            missing_mention(order),
        )


def check(order: ListOrder) -> None:
    """What can be refused without looking anything up. Raises Refusal."""
    if not order.text.strip():
        raise Refusal(Code.TEXT_MISSING)
    if not order.lists and not order.tags:
        raise Refusal(Code.RECIPIENTS_MISSING)
    check_length(order.text)


def find_audience(connection: Connection, account: int, order: ListOrder) -> Audience:
    """The lists and tags that an order names. Raises Refusal when one is not there (303)."""
    lists = _find(connection, account, LISTS, Kind.LIST, order.lists)
    tags = _find(connection, account, TAGS, Kind.TAG, order.tags)
    match order.segmentation:
        case Segmentation.GROUP:
            clauses: tuple[Clause, ...] = ((*lists, *tags),)
        case Segmentation.FILTER:
            clauses = tuple((one,) for one in (*lists, *tags))
        case None:
            clauses = tuple(filter(None, (lists, tags)))
    return Audience(clauses)


def check_mention(connection: Connection, audience: Audience, plan: DraftPlan) -> None:
    """Refuses a text without a STOP mention as soon as it would reach somebody who must get one.

    Raises Refusal (121, 122).
    """
    if not plan.stop_code:
        return
    if audience.has_anybody_of(connection, plan.stop_countries, MOST_PAGES):
        raise Refusal(plan.stop_code)


def _priced(product: str, prices: Mapping[str, Money], routes: RouteTable) -> list[Priced]:
    found: list[Priced] = []
    for country, price in sorted(prices.items()):
        group = routes.group(product, country)
        if group is not None:
            found.append(Priced(country, group.id, group.slice_size, price))
    return found


def _find(
    connection: Connection, account: int, named: Named, kind: Kind, names: Sequence[str]
) -> Clause:
    found: list[Collection] = []
    for name in dict.fromkeys(names):
        number = connection.one(named.find, account_id=account, name=name)
        if number is None:
            raise Refusal(UNKNOWN_COLLECTION, name=name)
        found.append(Collection(kind, number))
    return tuple(found)
