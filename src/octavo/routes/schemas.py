"""What the routes domain gives to others."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from octavo.kit.errors import OctavoError

ANYWHERE = "*"
"""The country of a rule that holds where no rule names the country."""

Setting: TypeAlias = str | int | float | bool | None


class Route(NamedTuple):
    """A driver with its settings. `rate` is parts per second over all links (None: no limit).

    `window` is the parts in flight without answer on each of its `links`.
    """

    id: int
    name: str
    driver: str
    settings: Mapping[str, Setting]
    rate: float | None
    window: int
    links: int
    paused: bool
    short_code: str


class NewRoute(NamedTuple):
    """A route to be added to `group`; in a lower tier it goes first. The rest as in Route."""

    name: str
    driver: str
    settings: Mapping[str, Setting]
    group: str
    tier: int = 0
    rate: float | None = None
    window: int = 100
    links: int = 1
    short_code: str = ""


class RouteGroup(NamedTuple):
    """Routes that may stand in for each other, as a planner sees them.

    `slice_size` is the most messages of one slice; `short_code` the number that STOP goes to, ""
    if there is none.
    """

    id: int
    name: str
    product: str
    slice_size: int
    short_code: str


class RouteTable:
    """Which group serves a product in a country."""

    def __init__(self, rules: Mapping[tuple[str, str], RouteGroup | None]) -> None:
        """`rules` by product and country; None is a group without a route: it serves nothing."""
        self._rules = rules

    def group(self, product: str, country: str) -> RouteGroup | None:
        """The group of the rule for the country, else of the one for anywhere; None: no route."""
        place = country if (product, country) in self._rules else ANYWHERE
        return self._rules.get((product, place))


class NoSuchRoute(OctavoError):
    """There is no route with this name."""

    says = "There is no route with this name"


class NoSuchGroup(OctavoError):
    """There is no route group with this name."""

    says = "There is no route group with this name"


class BadRoute(OctavoError):
    """A name, rate or size that a route cannot have; the text says what it can."""
