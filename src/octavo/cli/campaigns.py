"""`octavo campaign ...`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, moment, pairs, say, table
from octavo.kit.clock import system_clock
from octavo.kit.money import Money, plain

if TYPE_CHECKING:
    from octavo.cli.repository import CampaignRow
    from octavo.db.connection import Connection
    from octavo.db.statements.verifying import ReasonSum


@click.group()
def campaign() -> None:
    """Campaigns of all accounts."""


@campaign.command("list", epilog=example("octavo campaign list --last 5"))
@click.option("--account", help="Only of this account, by number or login.")
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True)
@as_json
@operator
def list_(octavo: Operator, account: str | None, last: int, as_json: bool) -> None:
    """List the campaigns, the newest first."""
    from octavo.accounts.service import find
    from octavo.cli import repository

    def unit(c: "Connection") -> "list[CampaignRow]":
        owner = find(c, account).id if account else 0
        every = int(account is None)
        return c.all(repository.CAMPAIGNS, every=every, account_id=owner, most=last)

    found = octavo.read(unit)
    if as_json:
        dump([_told(row) for row in found])
        return
    table(
        ("ticket", "account", "product", "state", "audience", "pending", "send at"),
        [
            (r.ticket, r.account, r.product, _state(r), r.audience, r.pending, moment(r.send_at))
            for r in found
        ],
    )


@campaign.command(epilog=example("octavo campaign show sms_5f3fbce61266e"))
@click.argument("ticket")
@as_json
@operator
def show(octavo: Operator, ticket: str, as_json: bool) -> None:
    """Show a campaign and its closing equation."""
    from octavo.db.statements import verifying

    def unit(c: "Connection") -> "tuple[CampaignRow, list[ReasonSum]]":
        row = _find(c, ticket)
        return row, c.all(verifying.REASON_SUMS, campaign=row.id)

    row, reasons = octavo.read(unit)
    if as_json:
        dump({**_told(row), "reasons": _reasons(reasons)})
        return
    pairs(
        {
            "ticket": row.ticket,
            "account": row.account,
            "product": row.product,
            "sender": row.sender,
            "state": _state(row),
            "send at": moment(row.send_at),
            "parts": row.parts,
            **{name: plain(amount) for name, amount in _money(row).items()},
        }
    )
    say("")
    say(equation(row, reasons))


@campaign.command(epilog=example("octavo campaign pause sms_5f3fbce61266e"))
@click.argument("ticket")
@as_json
@operator
def pause(octavo: Operator, ticket: str, as_json: bool) -> None:
    """Stop sending a campaign until it is resumed."""
    from octavo.ledger import campaigns

    state = _changed(octavo, ticket, lambda c, account: campaigns.pause(c, account, ticket))
    if as_json:
        dump({"ticket": ticket, "state": state})
    else:
        say(f"{ticket} is paused")


@campaign.command(epilog=example("octavo campaign resume sms_5f3fbce61266e"))
@click.argument("ticket")
@as_json
@operator
def resume(octavo: Operator, ticket: str, as_json: bool) -> None:
    """Go on with a paused campaign."""
    from octavo.ledger import campaigns

    state = _changed(
        octavo, ticket, lambda c, account: campaigns.resume(c, account, ticket, system_clock())
    )
    if as_json:
        dump({"ticket": ticket, "state": state})
    else:
        say(f"{ticket} goes on")


@campaign.command(epilog=example("octavo campaign cancel sms_5f3fbce61266e"))
@click.argument("ticket")
@as_json
@operator
def cancel(octavo: Operator, ticket: str, as_json: bool) -> None:
    """Skip whoever has not been written to and give the money back."""
    from octavo.ledger import campaigns

    state = _changed(
        octavo, ticket, lambda c, account: campaigns.cancel(c, account, ticket, system_clock())
    )
    if as_json:
        dump({"ticket": ticket, "state": state})
    else:
        say(f"{ticket} is being canceled")


def _changed(octavo: Operator, ticket: str, change: Callable[["Connection", int], None]) -> str:
    """Changes a campaign of whatever account; its state afterwards."""

    def unit(c: "Connection") -> str:
        change(c, _find(c, ticket).account)
        return _state(_find(c, ticket))

    return octavo.write(unit)


def equation(row: "CampaignRow", reasons: "list[ReasonSum]") -> str:
    """The closing equation (P2), with the reasons of what failed or was skipped."""
    by_state = _reasons(reasons)
    terms = []
    for name, n in _counts(row).items():
        why = ", ".join(f"{reason} {m}" for reason, m in by_state.get(name, {}).items())
        terms.append(f"{n} {name} ({why})" if why else f"{n} {name}")
    return f"audience {row.audience} = " + " + ".join(terms)


def _find(connection: "Connection", ticket: str) -> "CampaignRow":
    from octavo.cli import repository
    from octavo.ledger.campaigns import NoSuchCampaign

    found = connection.one(repository.CAMPAIGN, ticket=ticket)
    if found is None:
        raise NoSuchCampaign(ticket)
    return found


def _state(row: "CampaignRow") -> str:
    from octavo.db.codes import CampaignState

    return CampaignState(row.state).name.lower()


def _counts(row: "CampaignRow") -> dict[str, int]:
    return {
        "pending": row.pending,
        "accepted": row.accepted,
        "delivered": row.delivered,
        "failed": row.failed,
        "skipped": row.skipped,
        "unknown": row.unknown,
    }


def _money(row: "CampaignRow") -> dict[str, Money]:
    """What the order first held, what of it was spent or given back, and its fee."""
    return {
        "cost": Money(row.held),
        "captured": Money(row.captured),
        "released": Money(row.released),
        "fee": Money(row.fee),
    }


def _reasons(reasons: "list[ReasonSum]") -> dict[str, dict[str, int]]:
    from octavo.db.codes import MessageState

    told: dict[str, dict[str, int]] = {}
    for r in sorted(reasons):
        told.setdefault(MessageState(r.state).name.lower(), {})[r.reason] = r.n
    return told


def _told(row: "CampaignRow") -> dict[str, Json]:
    return {
        "ticket": row.ticket,
        "account": row.account,
        "channel": row.channel,
        "product": row.product,
        "sender": row.sender,
        "state": _state(row),
        "created_at": moment(row.created_at),
        "send_at": moment(row.send_at),
        "parts": row.parts,
        **{name: plain(amount) for name, amount in _money(row).items()},
        "audience": row.audience,
        **_counts(row),
    }
