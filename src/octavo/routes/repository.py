"""Statements on routes, their groups and rules."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, Value, first_integer
from octavo.routes.schemas import Route, Setting

_group = dispatch.route_group.c
_member = dispatch.route_group_route.c
_route = dispatch.route.c
_rule = dispatch.route_rule.c


class Rule(NamedTuple):
    """Which group a product takes in a country."""

    product: str
    country: str
    group: int
    name: str


RULES = Query(
    Rule._make,
    sa.select(_rule.product, _rule.country, _group.id, _group.name)
    .join(dispatch.route_group, _group.id == _rule.group_id)
    .order_by(_rule.product, _rule.country),
)


class Member(NamedTuple):
    """A route in a group."""

    group: int
    rate: float | None
    short_code: str


MEMBERS = Query(
    Member._make,
    sa.select(_member.group_id, _route.rate, _route.short_code)
    .join(dispatch.route, _route.id == _member.route_id)
    .order_by(_member.group_id, _member.tier, _route.id),
)


def _a_route(row: Sequence[Value]) -> Route:
    id_, name, driver, settings, rate, window, links, paused, short_code = row
    read: dict[str, Setting] = json.loads(str(settings))
    return Route(
        int(id_ or 0),
        str(name),
        str(driver),
        read,
        None if rate is None else float(rate),
        int(window or 0),
        int(links or 0),
        bool(paused),
        str(short_code),
    )


ROUTES = Query(
    _a_route,
    sa.select(
        _route.id,
        _route.name,
        _route.driver,
        _route.settings,
        _route.rate,
        _route.window,
        _route.links,
        _route.paused,
        _route.short_code,
    ).order_by(_route.id),
)


class Place(NamedTuple):
    """A group that a route is in, and in which tier."""

    group: str
    tier: int


PLACES = Query(
    Place._make,
    sa.select(_group.name, _member.tier)
    .join(dispatch.route_group_route, _member.group_id == _group.id)
    .where(_member.route_id == bindparam("route_id"))
    .order_by(_group.name),
)

SET_RATE = Command(
    sa.update(dispatch.route).where(_route.name == bindparam("which")).values(rate=bindparam("new"))
)
SET_WINDOW = Command(
    sa.update(dispatch.route)
    .where(_route.name == bindparam("which"))
    .values(window=bindparam("new"))
)
SET_PAUSED = Command(
    sa.update(dispatch.route)
    .where(_route.name == bindparam("which"))
    .values(paused=bindparam("new"))
)

INSERT_ROUTE = Query(
    first_integer,
    sa.insert(dispatch.route)
    .values(
        name=bindparam("name"),
        driver=bindparam("driver"),
        settings=bindparam("settings"),
        window=bindparam("window"),
        links=bindparam("links"),
        short_code=bindparam("short_code"),
    )
    .returning(_route.id),
)
INSERT_GROUP = Query(
    first_integer,
    sa.insert(dispatch.route_group).values(name=bindparam("name")).returning(_group.id),
)
GROUP = Query(
    first_integer,
    sa.select(_group.id).where(_group.name == bindparam("which")),
)
INSERT_MEMBER = Command(
    sa.insert(dispatch.route_group_route).values(
        group_id=bindparam("group_id"), route_id=bindparam("route_id"), tier=bindparam("tier")
    )
)
INSERT_RULE = Command(
    sa.insert(dispatch.route_rule).values(
        product=bindparam("product"), country=bindparam("country"), group_id=bindparam("group_id")
    ),
    takes=("product", "country", "group_id"),
)
