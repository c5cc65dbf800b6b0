"""`octavo callback ...`."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, moment, table

if TYPE_CHECKING:
    from octavo.callbacks.schemas import Overview
    from octavo.db.connection import Connection


@click.group()
def callback() -> None:
    """Callbacks: the addresses that accounts are told at what happened."""


@callback.command(
    "list",
    epilog=example("octavo callback list", "octavo callback list --account demo@octavo.localhost"),
)
@click.option("--account", help="Only of this account, by number or login.")
@as_json
@operator
def list_(octavo: Operator, account: str | None, as_json: bool) -> None:
    """List the addresses, how far each is, and what the last failure was.

    `pos` is the event each stands at, `backlog` the callbacks not tried yet, `retrying` those that
    failed and are tried again, `failures` those in a row now, `dropped` those given up after 72 h.
    """
    from octavo.accounts import service as accounts
    from octavo.callbacks import service

    def unit(c: "Connection") -> "list[Overview]":
        return service.overview(c, None if account is None else accounts.find(c, account).id)

    found = octavo.read(unit)
    if as_json:
        dump([_told(o) for o in found])
        return
    heads = ("account", "kind", "url", "pos", "backlog", "retrying", "failures", "dropped", "error")
    table(
        heads,
        [
            (
                *(o.account, o.kind.name.lower(), _without_password(o.url), o.pos, o.backlog),
                *(o.retrying, o.failures, o.dropped, _error(o)),
            )
            for o in found
        ],
    )


def _told(o: "Overview") -> dict[str, Json]:
    return {
        **o._asdict(),
        "kind": o.kind.name.lower(),
        "url": _without_password(o.url),
        "paused_until": moment(o.paused_until),
        "error_at": moment(o.error_at),
    }


def _error(o: "Overview") -> str:
    return f"{moment(o.error_at)} {o.error}" if o.error else ""


def _without_password(url: str) -> str:
    """A URL as it may be shown: `https://user:***@host/`."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or ":" not in user:
        return url
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))
