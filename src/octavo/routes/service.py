"""Which route group serves what, and what an operator does to routes."""

import json
from collections import defaultdict

from octavo.db.connection import Connection
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.kit.fresh import Fresh
from octavo.routes import repository
from octavo.routes.repository import Member, Place, Rule
from octavo.routes.schemas import (
    ANYWHERE,
    BadRoute,
    NewRoute,
    NoSuchGroup,
    NoSuchRoute,
    Route,
    RouteGroup,
    RouteTable,
)

MOST_IN_A_SLICE = 500
LEAST_IN_A_SLICE = 10
SLICE_SECONDS = 0.5
"""A slice is what the slowest route of its group is granted at a time (decision 0011)."""

MOST_WINDOW = 1_000
MOST_LINKS = 64


class Routing:
    """Gives the table that orders are planned with; felt in two seconds when changed elsewhere."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._fresh: Fresh[None, RouteTable] = Fresh(self._read, clock)

    async def table(self) -> RouteTable:
        """The groups by product and country."""
        return await self._fresh.get(None)

    def forget(self) -> None:
        """To be called when this process has changed a route."""
        self._fresh.forget()

    async def _read(self, _: None) -> RouteTable:
        return await self._store.read(route_table)


def route_table(connection: Connection) -> RouteTable:
    """The groups by product and country."""
    members: defaultdict[int, list[Member]] = defaultdict(list)
    for member in connection.all(repository.MEMBERS):
        members[member.group].append(member)
    return RouteTable(
        {
            (rule.product, rule.country): _group(rule, members[rule.group])
            for rule in connection.all(repository.RULES)
        }
    )


def list_routes(connection: Connection) -> list[Route]:
    """Every route, the oldest first."""
    return connection.all(repository.ROUTES)


def find(connection: Connection, name: str) -> Route:
    """The route with this name. Raises NoSuchRoute."""
    for route in list_routes(connection):
        if route.name == name:
            return route
    raise NoSuchRoute(name)


def places(connection: Connection, route: int) -> list[Place]:
    """The groups that a route is in."""
    return connection.all(repository.PLACES, route_id=route)


def set_rate(connection: Connection, name: str, rate: float | None) -> None:
    """Parts per second over all links of a route; None: no limit. Felt at the next claim.

    Raises NoSuchRoute, BadRoute.
    """
    if rate is not None and not 0 < rate < float("inf"):
        raise BadRoute("A rate is above 0")
    _touch(name, connection.run(repository.SET_RATE, which=name, new=rate))


def set_window(connection: Connection, name: str, window: int) -> None:
    """Parts in flight without answer on each link. Felt when the server starts again.

    Raises NoSuchRoute, BadRoute.
    """
    if not 1 <= window <= MOST_WINDOW:
        raise BadRoute(f"A window is 1 to {MOST_WINDOW}")
    _touch(name, connection.run(repository.SET_WINDOW, which=name, new=window))


def pause(connection: Connection, name: str) -> None:
    """Nothing further is claimed for the route. Raises NoSuchRoute."""
    _touch(name, connection.run(repository.SET_PAUSED, which=name, new=1))


def resume(connection: Connection, name: str) -> None:
    """The route works again. Raises NoSuchRoute."""
    _touch(name, connection.run(repository.SET_PAUSED, which=name, new=0))


def add(connection: Connection, new: NewRoute) -> None:
    """Adds a route to a group. It is taken up when the server starts again.

    Raises BadRoute, NoSuchGroup.
    """
    if any(route.name == new.name for route in list_routes(connection)):
        raise BadRoute(f"There is a route with the name {new.name}")
    if not (1 <= new.window <= MOST_WINDOW and 1 <= new.links <= MOST_LINKS and new.tier >= 0):
        raise BadRoute(
            f"A window is 1 to {MOST_WINDOW}, links are 1 to {MOST_LINKS}, a tier is 0 or more"
        )
    group = connection.one(repository.GROUP, which=new.group)
    if group is None:
        raise NoSuchGroup(new.group)
    route = _insert(connection, new)
    connection.run(repository.INSERT_MEMBER, group_id=group, route_id=route, tier=new.tier)
    if new.rate is not None:
        set_rate(connection, new.name, new.rate)


def seed(connection: Connection) -> None:
    """Writes the route of a new database: all SMS go to the sandbox carrier."""
    group = connection.one(repository.INSERT_GROUP, name="sms")
    add(
        connection,
        NewRoute("sandbox", "sandbox", {}, group="sms", window=MOST_WINDOW, short_code="30101"),
    )
    rules = [(product, ANYWHERE, group) for product in ("sms_premium", "sms_low_cost")]
    connection.many(repository.INSERT_RULE, rules)


def _insert(connection: Connection, new: NewRoute) -> int | None:
    return connection.one(
        repository.INSERT_ROUTE,
        name=new.name,
        driver=new.driver,
        settings=json.dumps(dict(new.settings)),
        window=new.window,
        links=new.links,
        short_code=new.short_code,
    )


def _group(rule: Rule, members: list[Member]) -> RouteGroup | None:
    if not members:
        return None
    return RouteGroup(
        rule.group, rule.name, rule.product, _slice_size(members), _short_code(members)
    )


def _slice_size(members: list[Member]) -> int:
    rates = [member.rate for member in members if member.rate]
    slowest = min(rates, default=MOST_IN_A_SLICE / SLICE_SECONDS)
    return min(MOST_IN_A_SLICE, max(LEAST_IN_A_SLICE, int(slowest * SLICE_SECONDS)))


def _short_code(members: list[Member]) -> str:
    """That of the first route, by tier, that has one."""
    return next((member.short_code for member in members if member.short_code), "")


def _touch(name: str, touched: int) -> None:
    if not touched:
        raise NoSuchRoute(name)
