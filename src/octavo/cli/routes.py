"""`octavo route ...`."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, pairs, say, table

if TYPE_CHECKING:
    from octavo.db.connection import Connection
    from octavo.routes.schemas import Route


@click.group()
def route() -> None:
    """Routes: the carriers that messages go over."""


@route.command("list", epilog=example("octavo route list"))
@as_json
@operator
def list_(octavo: Operator, as_json: bool) -> None:
    """List the routes."""
    from octavo.routes.service import list_routes

    found = octavo.read(list_routes)
    if as_json:
        dump([_told(r) for r in found])
        return
    table(
        ("name", "driver", "rate", "window", "links", "short code", "state"),
        [(r.name, r.driver, _rate(r), r.window, r.links, r.short_code, _state(r)) for r in found],
    )


@route.command(epilog=example("octavo route show sandbox"))
@click.argument("name")
@as_json
@operator
def show(octavo: Operator, name: str, as_json: bool) -> None:
    """Show a route and the groups that it is in."""
    from octavo.routes.service import find, places

    def unit(c: "Connection") -> "tuple[Route, list[str]]":
        found = find(c, name)
        return found, [f"{p.group} (tier {p.tier})" for p in places(c, found.id)]

    found, groups = octavo.read(unit)
    if as_json:
        dump({**_told(found), "groups": groups})
        return
    pairs(
        {
            "name": found.name,
            "driver": found.driver,
            "rate": _rate(found),
            "window": found.window,
            "links": found.links,
            "short code": found.short_code,
            "state": _state(found),
            "groups": ", ".join(groups),
            "settings": json.dumps(dict(found.settings)),
        }
    )


@route.command(
    epilog=example("octavo route set-rate sandbox 20", "octavo route set-rate sandbox none")
)
@click.argument("name")
@click.argument("rate", metavar="PARTS-PER-SECOND")
@as_json
@operator
def set_rate(octavo: Operator, name: str, rate: str, as_json: bool) -> None:
    """Limit a route to so many parts per second; `none` lifts the limit."""
    from octavo.routes import service

    try:
        value = None if rate.lower() == "none" else float(rate)
    except ValueError:
        raise click.UsageError(f"{rate!r} is neither a number nor none") from None
    changed = _changed(octavo, name, lambda c: service.set_rate(c, name, value))
    dump(_told(changed)) if as_json else say(
        f"route {name} sends {'without limit' if value is None else f'{value:g} parts/s'}"
    )


@route.command(epilog=example("octavo route set-window sandbox 500"))
@click.argument("name")
@click.argument("window", type=int)
@as_json
@operator
def set_window(octavo: Operator, name: str, window: int, as_json: bool) -> None:
    """Set how many parts may wait for an answer on each link, from the next start on."""
    from octavo.routes import service

    changed = _changed(octavo, name, lambda c: service.set_window(c, name, window))
    dump(_told(changed)) if as_json else say(
        f"route {name} has a window of {window} parts from the next start on"
    )


@route.command(epilog=example("octavo route pause sandbox"))
@click.argument("name")
@as_json
@operator
def pause(octavo: Operator, name: str, as_json: bool) -> None:
    """Send nothing further over a route."""
    from octavo.routes import service

    changed = _changed(octavo, name, lambda c: service.pause(c, name))
    dump(_told(changed)) if as_json else say(f"route {name} is paused")


@route.command(epilog=example("octavo route resume sandbox"))
@click.argument("name")
@as_json
@operator
def resume(octavo: Operator, name: str, as_json: bool) -> None:
    """Let a paused route send again."""
    from octavo.routes import service

    changed = _changed(octavo, name, lambda c: service.resume(c, name))
    dump(_told(changed)) if as_json else say(f"route {name} sends")


def _changed(octavo: Operator, name: str, change: Callable[["Connection"], None]) -> "Route":
    """Changes a route; as it is afterwards."""
    from octavo.routes.service import find

    def unit(c: "Connection") -> "Route":
        change(c)
        return find(c, name)

    return octavo.write(unit)


def _told(found: "Route") -> dict[str, Json]:
    return {**found._asdict(), "settings": dict(found.settings)}


def _rate(found: "Route") -> str:
    return "unlimited" if found.rate is None else f"{found.rate:g}/s"


def _state(found: "Route") -> str:
    return "paused" if found.paused else "sending"
