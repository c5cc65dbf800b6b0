"""`octavo route ...`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, pairs, say, table

if TYPE_CHECKING:
    from octavo.db.connection import Connection
    from octavo.routes.schemas import Route, Setting


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


@route.group()
def add() -> None:
    """Add a route to a carrier."""


@add.command(
    epilog=example(
        "octavo route add smpp carrier smpp.example.net:2775 --system-id octavo"
        " --password-file /etc/octavo/carrier.password",
        "octavo route add smpp carrier smpp.example.net:3550 --system-id octavo"
        " --password-file /etc/octavo/carrier.password --set tls=yes --set id_habit=answer_hex",
    )
)
@click.argument("name")
@click.argument("address", metavar="HOST:PORT")
@click.option("--system-id", required=True, help="The account at the carrier.")
@click.option("--password-file", type=click.Path(), help="A file that holds its password.")
@click.option("--links", type=int, default=1, show_default=True, help="Binds at a time.")
@click.option("--window", type=int, default=100, show_default=True, help="Parts in flight each.")
@click.option("--rate", type=float, help="Parts per second over all links; no limit without.")
@click.option("--group", default="sms", show_default=True, help="The route group it joins.")
@click.option("--tier", type=int, default=0, show_default=True, help="0 goes first.")
@click.option("--short-code", default="", help="The number that recipients reply to.")
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE", help="See docs/carriers.md.")
@as_json
@operator
def smpp(  # noqa: PLR0917 - click gives options by name
    octavo: Operator,
    name: str,
    address: str,
    system_id: str,
    password_file: str | None,
    links: int,
    window: int,
    rate: float | None,
    group: str,
    tier: int,
    short_code: str,
    more: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add a carrier that is spoken to over SMPP 3.4, from the next start on."""
    from octavo.drivers.smpp.config import read_settings
    from octavo.routes import service
    from octavo.routes.schemas import NewRoute

    settings = _settings(address, system_id, password_file, more)
    read_settings(settings, window=window)
    new = NewRoute(name, "smpp", settings, group, tier, rate, window, links, short_code)
    added = _changed(octavo, name, lambda c: service.add(c, new))
    dump(_told(added)) if as_json else say(
        f"route {name} is in group {group} (tier {tier}) from the next start on"
    )


def _settings(
    address: str, system_id: str, password_file: str | None, more: tuple[str, ...]
) -> "dict[str, Setting]":
    host, _, port = address.rpartition(":")
    if not host:
        raise click.UsageError(f"{address!r} is no HOST:PORT")
    settings: dict[str, Setting] = {
        "host": host.strip("[]"),
        "port": port,
        "system_id": system_id,
        "password_file": None if password_file is None else str(Path(password_file).absolute()),
    }
    for pair in more:
        key, sign, value = pair.partition("=")
        if not sign:
            raise click.UsageError(f"{pair!r} is no NAME=VALUE")
        settings[key] = value
    return settings


def _told(found: "Route") -> dict[str, Json]:
    return {**found._asdict(), "settings": dict(found.settings)}


def _rate(found: "Route") -> str:
    return "unlimited" if found.rate is None else f"{found.rate:g}/s"


def _state(found: "Route") -> str:
    return "paused" if found.paused else "sending"
