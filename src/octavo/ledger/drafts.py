"""Campaigns on lists and tags until they are confirmed: made, looked at, failed, thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from octavo.db.codes import CampaignState, InDoubt, MessageState, Purpose, Skipped
from octavo.db.connection import Connection
from octavo.db.statements import drafts, expanding, keeping, orders, passes, tasks
from octavo.db.statements.drafts import Country, Draft, Latest
from octavo.db.statements.tasks import Task
from octavo.kit.clock import Instant
from octavo.kit.money import Money
from octavo.ledger import numbering
from octavo.ledger.audience import Audience
from octavo.ledger.orders import claim_request_id, count_reasons

EXPAND = "expand"
DISCARD = "discard"
"""Kinds of tasks."""

UNCONFIRMED = (
    CampaignState.UNDER_COMPUTATION,
    CampaignState.READY_TO_BE_SENT,
    CampaignState.FAILED,
)

_SLICES_A_STEP = 4


class Failure(IntEnum):
    """Why a computation fails, besides 121 and 122 (contract 14)."""

    NOBODY_LEFT = 103
    COLLECTION_GONE = 303


class Priced(NamedTuple):
    """A country that is served: its route group, the group's slices, the price of a part."""

    country: str
    group: int
    slice_size: int
    price: Money


@dataclass(frozen=True, kw_only=True)
class NewDraft:
    """What a campaign on lists or tags asks for. `stop_code` is what it fails with as soon as it
    reaches one of `stop_countries`; 0: nothing.
    """

    account: int
    ticket: str
    channel: str
    product: str
    purpose: Purpose
    sender: str
    text: str
    options: str
    send_at: Instant
    in_doubt: InDoubt
    in_doubt_after: int
    validity: int
    audience: Audience
    countries: Sequence[Priced]
    part_rules: str
    most_parts: int
    leave_out_suppressed: bool
    stop_countries: Sequence[str]
    stop_code: int
    fee: Money
    request_id: str | None = None


def create(connection: Connection, new: NewDraft, now: Instant) -> int:
    """Makes a campaign whose messages are computed by a task; its number.

    Raises orders.DuplicateRequest.
    """
    claim_request_id(connection, new.account, new.request_id, new.ticket, now)
    (campaign,) = numbering.take(connection, "campaign", 1, now)
    connection.run(
        orders.INSERT_CAMPAIGN,
        id=campaign,
        account_id=new.account,
        ticket=new.ticket,
        channel=new.channel,
        product=new.product,
        purpose=new.purpose,
        priority=new.purpose,
        sender=new.sender,
        text=new.text,
        options=new.options,
        send_at=new.send_at,
        state=CampaignState.UNDER_COMPUTATION,
        in_doubt=new.in_doubt,
        in_doubt_after=new.in_doubt_after,
        validity=new.validity,
        parts=0,
        held=0,
        fee=0,
        created_at=now,
    )
    connection.run(
        orders.INSERT_COUNT,
        campaign_id=campaign,
        account_id=new.account,
        audience=0,
        pending=0,
        skipped=0,
        open_work=0,
    )
    connection.run(
        drafts.INSERT_DRAFT,
        campaign_id=campaign,
        account_id=new.account,
        audience=new.audience.stored(),
        part_rules=new.part_rules,
        most_parts=new.most_parts,
        leave_out=int(new.leave_out_suppressed),
        stop_countries=" ".join(new.stop_countries),
        stop_code=new.stop_code,
        fee=new.fee,
    )
    connection.many(drafts.INSERT_COUNTRIES, [(campaign, *c) for c in new.countries])
    _plan(connection, EXPAND, campaign, now)
    return campaign


def look(connection: Connection, account: int, ticket: str) -> Draft | None:
    """A campaign on lists or tags as it stands; None when the account has none of this name."""
    return connection.one(drafts.DRAFT, account_id=account, ticket=ticket)


def latest(connection: Connection, account: int, channel: str) -> Latest | None:
    """The draft of an account that was made last and waits to be confirmed."""
    return connection.one(drafts.LATEST, account_id=account, channel=channel)


def by_country(connection: Connection, campaign: int) -> list[Country]:
    """Contacts, parts and cost by country, as they were computed."""
    return connection.all(drafts.COUNTRIES, campaign=campaign)


def fail(
    connection: Connection, campaign: int, before: CampaignState, code: int, now: Instant
) -> None:
    """The campaign will not be sent; a task skips the messages that are there."""
    connection.run(keeping.SET_STATE, campaign=campaign, before=before, state=CampaignState.FAILED)
    connection.run(expanding.FAIL_DRAFT, campaign=campaign, code=code)
    _plan(connection, DISCARD, campaign, now)


def discard(connection: Connection, campaign: int, now: Instant) -> None:
    """A task skips whatever an unconfirmed campaign has, in steps."""
    _plan(connection, DISCARD, campaign, now)


def discard_step(connection: Connection, campaign: int, now: Instant) -> bool:
    """Skips the messages of a few slices; True when none is left."""
    connection.one(keeping.LOCK, campaign=campaign)
    unsent = connection.one(drafts.UNSENT, campaign=campaign)
    if unsent is None or unsent.confirmed_at is not None:
        return True
    canceled = unsent.state == CampaignState.CANCELING
    if not canceled and unsent.state != CampaignState.FAILED:
        return True
    found = connection.all(drafts.FIRST_SLICES, campaign=campaign, most=_SLICES_A_STEP)
    if not found:
        if canceled:
            connection.run(
                passes.END_CAMPAIGN,
                campaign=campaign,
                from_state=CampaignState.CANCELING,
                to_state=CampaignState.CANCELED,
                now=now,
            )
        return True
    reason = Skipped.CANCELED if canceled else Skipped.NOT_SENT
    lo, hi = found[0].lo, found[-1].hi
    n = connection.run(drafts.SKIP_RANGE, campaign=campaign, lo=lo, hi=hi, reason=reason, now=now)
    connection.run(drafts.DROP_SLICES, campaign=campaign, upto=hi)
    connection.run(drafts.COUNT_SKIPPED, campaign=campaign, n=n, slices=len(found))
    count_reasons(connection, campaign, MessageState.SKIPPED, {reason: n})
    return False


def run_discard(connection: Connection, task: Task, now: Instant) -> Instant | None:
    """One step of the job of a campaign that will not be sent."""
    return None if discard_step(connection, int(task.key), now) else now


def _plan(connection: Connection, kind: str, campaign: int, now: Instant) -> None:
    connection.run(tasks.PLAN_TASK, kind=kind, key=str(campaign), args="{}", run_at=now, priority=0)
