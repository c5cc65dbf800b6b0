"""`octavo campaign create|status|send`: campaigns on lists and tags."""

import random
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Json, as_json, dump, example, moment, pairs, say
from octavo.kit.clock import Instant, from_datetime, system_clock
from octavo.kit.money import plain

if TYPE_CHECKING:
    from octavo.campaigns.schemas import ListOrder, Shown
    from octavo.db.connection import Connection
    from octavo.kit.errors import Refusal
    from octavo.ledger.confirm import Confirmed
    from octavo.settings import Settings

LOOK_EVERY = 0.2


@click.command(
    epilog=example(
        "octavo campaign create --account 1 --list my_list --text 'Sale! STOP at XXXXX'",
        "octavo campaign create --account 1 --list clients --tag vip --purpose alert --text Hello",
    )
)
@click.option("--account", required=True, help="The account, by number or login.")
@click.option("--list", "lists", multiple=True, help="A list that it is for; may be repeated.")
@click.option("--tag", "tags", multiple=True, help="A tag that it is for; may be repeated.")
@click.option("--segmentation", type=click.Choice(["group", "filter"]), help="Any, or all of them.")
@click.option("--text", required=True)
@click.option("--sender", help="Default: the account's.")
@click.option(
    "--type",
    "product",
    type=click.Choice(["sms_premium", "sms_low_cost"]),
    default="sms_premium",
    show_default=True,
)
@click.option(
    "--purpose",
    type=click.Choice(["alert", "wholesale"]),
    default="wholesale",
    show_default=True,
)
@click.option("--send-at", help="ISO 8601 with an offset. Default: when it is sent.")
@click.option("--with-replies", is_flag=True, help="Recipients can reply.")
@click.option("--leave-out-opted-out", is_flag=True, help="For 0.01 EUR.")
@as_json
@operator
def create(
    octavo: Operator,
    *,
    account: str,
    lists: tuple[str, ...],
    tags: tuple[str, ...],
    segmentation: str | None,
    text: str,
    sender: str | None,
    product: str,
    purpose: str,
    send_at: str | None,
    with_replies: bool,
    leave_out_opted_out: bool,
    as_json: bool,
) -> None:
    """Prepare a campaign on lists and tags; a running server computes it."""
    from octavo.campaigns.schemas import ListOrder, Segmentation
    from octavo.db.codes import Purpose

    order = ListOrder(
        text=text,
        product=product,
        purpose=Purpose[purpose.upper()],
        sender=sender,
        send_at=_instant(send_at),
        leave_out_suppressed=leave_out_opted_out,
        with_replies=with_replies,
        lists=lists,
        tags=tags,
        segmentation=Segmentation(segmentation) if segmentation else None,
    )
    settings = octavo.settings
    ticket = octavo.write(lambda c: _create(c, settings, account, order))
    if as_json:
        dump({"ticket": ticket})
    else:
        say(ticket)


@click.command(epilog=example("octavo campaign status sms_5f3fbce61266e --wait"))
@click.argument("ticket")
@click.option("--wait", is_flag=True, help="Until it is computed.")
@as_json
@operator
def status(octavo: Operator, ticket: str, *, wait: bool, as_json: bool) -> None:
    """Show how far the computation of a campaign is, and what it would cost."""
    from octavo.db.codes import CampaignState

    with octavo.reading() as reader:
        shown = reader.run(lambda c: _shown(c, ticket))
        while wait and shown.state is CampaignState.UNDER_COMPUTATION:
            time.sleep(LOOK_EVERY)
            shown = reader.run(lambda c: _shown(c, ticket))
    told: dict[str, str | int | None] = {
        "state": shown.state.name.lower(),
        "contacts": shown.contacts,
        "cost": plain(shown.cost),
        "error_code": shown.code or None,
    }
    if as_json:
        dump({"ticket": ticket, **told})
    else:
        pairs(told)


@click.command(epilog=example("octavo campaign send sms_5f3fbce61266e"))
@click.argument("ticket")
@as_json
@operator
def send(octavo: Operator, ticket: str, *, as_json: bool) -> None:
    """Hold the cost of a campaign that is ready, and send it."""
    from octavo.kit.errors import Refusal

    now = system_clock()
    confirmed = octavo.write(lambda c: _send(c, ticket, now))
    if isinstance(confirmed, Refusal):
        raise confirmed
    told: dict[str, Json] = {
        "sending_date": moment(confirmed.send_at),
        "cost": plain(confirmed.cost),
        "available": plain(confirmed.available),
    }
    if as_json:
        dump({"ticket": ticket, **told})
    else:
        say(f"{ticket} leaves {told['sending_date']}; {told['cost']} EUR are held for it")


def _create(
    connection: "Connection", settings: "Settings", account: str, order: "ListOrder"
) -> str:
    from octavo.accounts.service import find, parameters
    from octavo.campaigns import drafting, lists
    from octavo.campaigns.drafting import DraftPlanner
    from octavo.campaigns.service import DEFAULT_SENDER, SENDER_PARAMETER, Doubts
    from octavo.kit.tickets import ticket
    from octavo.prices.service import prices_of
    from octavo.routes.service import route_table

    owner = find(connection, account).id
    planner = DraftPlanner(settings.part_rules, settings.stop_countries)
    prices = prices_of(connection, owner, order.product)
    plan = planner.plan(order, prices, route_table(connection))
    audience = drafting.find_audience(connection, owner, order)
    drafting.check_mention(connection, audience, plan)
    now = system_clock()
    known = parameters(connection, owner)
    new = lists.new_draft(
        order,
        plan,
        audience,
        account=owner,
        name=ticket(lists.CHANNEL, now, random.SystemRandom().randrange(10**9)),
        sender=order.sender or known.get(SENDER_PARAMETER) or DEFAULT_SENDER,
        doubts=Doubts(
            settings.in_doubt_after_alert, settings.in_doubt_after_marketing, settings.validity
        ),
        now=now,
    )
    lists.create(connection, new, now)
    return new.ticket


def _shown(connection: "Connection", ticket: str) -> "Shown":
    from octavo.campaigns import lists
    from octavo.cli.campaigns import find_campaign

    return lists.show(connection, find_campaign(connection, ticket).account, ticket)


def _send(connection: "Connection", ticket: str, now: Instant) -> "Confirmed | Refusal":
    from octavo.campaigns import lists
    from octavo.cli.campaigns import find_campaign

    return lists.send(connection, find_campaign(connection, ticket).account, ticket, now)


def _instant(text: str | None) -> Instant | None:
    if text is None:
        return None
    try:
        moment_ = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no date such as 2030-10-03T07:42:39+02:00") from None
    if moment_.tzinfo is None:
        raise click.UsageError("The date needs an offset, such as +02:00")
    return from_datetime(moment_)
