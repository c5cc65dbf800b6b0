"""Sending a campaign that was computed: its money is held, then its slices start in steps.

Confirming is one short transaction whatever the size. A task then looks through the messages once
more, when the campaign is due: who has left the audience since is skipped, so that never more is
charged than was shown (design P5, 6).
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import CampaignState, EventKind, MessageState, Skipped
from octavo.db.connection import Connection
from octavo.db.statements import drafts as statements
from octavo.db.statements import tasks
from octavo.db.statements.drafts import Draft, Starting, Waiting, WaitingSlice
from octavo.db.statements.keeping import LOCK, MOVE_CURSOR, STANDING
from octavo.db.statements.tasks import START_CAMPAIGNS, Task
from octavo.kit.clock import SECOND, Instant
from octavo.kit.errors import OctavoError
from octavo.kit.money import Money
from octavo.ledger import drafts, wallet
from octavo.ledger.audience import Audience
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.campaigns import NoSuchCampaign
from octavo.ledger.events import Item
from octavo.ledger.passes import add_work

START = "start"
"""The kind of the task."""

PAUSED_FOR = SECOND
"""Microseconds until a paused campaign that has not wholly started is looked at again."""

_LOOKS_A_STEP = 1_000
"""Messages that a step starts, each looked for on every list and tag of the audience."""


class NotReady(OctavoError):
    """The campaign is still being computed."""

    says = "The campaign is still being computed"


class AlreadySent(OctavoError):
    """The campaign was confirmed or canceled before."""

    says = "The campaign was sent or canceled before"


class Failed(OctavoError):
    """The campaign cannot be sent; `code` says why (contract 14)."""

    says = "The campaign cannot be sent"

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Confirmed(NamedTuple):
    """When a campaign leaves, what is held for it (its fee included), what is left to spend."""

    send_at: Instant
    cost: Money
    available: Money


def confirm(connection: Connection, account: int, ticket: str, now: Instant) -> Confirmed | Failed:
    """Holds what a campaign was computed to cost, and lets it start when it is due.

    Gives Failed where the campaign fails just now: that is to be kept. Raises NoSuchCampaign,
    NotReady, AlreadySent, Failed, wallet.InsufficientCredit.
    """
    connection.one(STANDING, account_id=account, ticket=ticket)
    found = connection.one(statements.DRAFT, account_id=account, ticket=ticket)
    if found is None:
        raise NoSuchCampaign(ticket)
    _require_ready(found)
    if not Audience.read(found.audience).exists(connection, account):
        code = drafts.Failure.COLLECTION_GONE
        drafts.fail(connection, found.id, CampaignState.READY_TO_BE_SENT, code, now)
        return Failed(code)
    return _confirm(connection, account, found, now)


def _require_ready(found: Draft) -> None:
    match CampaignState(found.state):
        case CampaignState.READY_TO_BE_SENT:
            return
        case CampaignState.UNDER_COMPUTATION:
            raise NotReady
        case CampaignState.FAILED:
            raise Failed(found.code)
        case _:
            raise AlreadySent


def _confirm(connection: Connection, account: int, found: Draft, now: Instant) -> Confirmed:
    hold = wallet.Hold(found.id, Money(found.cost), Money(found.fee))
    (debited,) = wallet.hold_all(connection, account=account, holds=[hold], now=now)
    send_at = Instant(max(found.send_at, now))
    connection.run(
        statements.CONFIRM,
        campaign=found.id,
        state=CampaignState.SCHEDULED if send_at > now else CampaignState.SENDING,
        held=found.cost,
        fee=found.fee,
        send_at=send_at,
    )
    connection.run(statements.CONFIRM_DRAFT, campaign=found.id, now=now)
    connection.run(
        tasks.PLAN_TASK, kind=START, key=str(found.id), args="{}", run_at=send_at, priority=0
    )
    # It is not over before those have been told who opted out from the beginning.
    add_work(connection, {found.id: 1}, now)
    return Confirmed(send_at, Money(found.cost + found.fee), Money(debited.available))


# -- starting ----------------------------------------------------------------------------------


def run_start(connection: Connection, task: Task, now: Instant) -> Instant | None:
    """One step of the job of a confirmed campaign."""
    campaign = int(task.key)
    wait = start_step(connection, campaign, now)
    if wait is not None:
        return Instant(now + wait)
    # Whoever seals the campaign begins at its beginning.
    connection.run(MOVE_CURSOR, campaign=campaign, cursor=0)
    add_work(connection, {campaign: -1}, now)
    return None


def start_step(connection: Connection, campaign: int, now: Instant) -> int | None:
    """Starts the next few slices; microseconds until the next step, None when all have started."""
    connection.one(LOCK, campaign=campaign)
    found = connection.one(statements.STARTING, campaign=campaign)
    if found is None:
        return None
    if found.state == CampaignState.PAUSED:
        return PAUSED_FOR
    if found.state not in (CampaignState.SCHEDULED, CampaignState.SENDING):
        return None
    connection.run(START_CAMPAIGNS, campaigns=[campaign])
    size = max(_LOOKS_A_STEP // Audience.read(found.audience).size, 1)
    upto = min(found.cursor + size, found.last)
    slices = connection.all(
        statements.WAITING_SLICES, campaign=campaign, after=found.cursor, upto=upto
    )
    upto = max([upto, *(s.hi for s in slices)])
    parts = _look_through(connection, campaign, found, upto, now)
    _start(connection, found, slices, parts, now)
    connection.run(MOVE_CURSOR, campaign=campaign, cursor=upto)
    return None if upto >= found.last else 0


def _look_through(
    connection: Connection, campaign: int, found: Starting, upto: int, now: Instant
) -> list[tuple[int, int]]:
    """Skips who has left the audience, and tells of those who had opted out from the beginning.

    (seq, parts) of the others.
    """
    waiting = connection.all(statements.WAITING, campaign=campaign, after=found.cursor, upto=upto)
    to_send = [w for w in waiting if w.state == MessageState.PENDING]
    still_there = _still_there(connection, found, to_send)
    batch = Batch(connection, now)
    gone = [(w.seq, Skipped.LEFT_AUDIENCE) for w in to_send if w.contact not in still_there]
    batch.end(Messages(found.account, campaign, 0), MessageState.SKIPPED, gone)
    for w in waiting:
        if w.state != MessageState.PENDING:
            told = Item(w.seq, Skipped.OPTED_OUT, now)
            batch.journal.tell(found.account, campaign, EventKind.SKIPPED, told)
    batch.write()
    return [(w.seq, w.parts) for w in to_send if w.contact in still_there]


def _still_there(connection: Connection, found: Starting, waiting: Sequence[Waiting]) -> set[int]:
    audience = Audience.read(found.audience).present(connection, found.account)
    return audience.among(connection, [w.contact for w in waiting])


def _start(
    connection: Connection,
    found: Starting,
    slices: Sequence[WaitingSlice],
    parts: Sequence[tuple[int, int]],
    now: Instant,
) -> None:
    """Makes slices due; they get their turns when they are promoted."""
    ends = [s.hi for s in slices]
    sums = [0] * len(slices)
    for seq, n in parts:
        sums[bisect_left(ends, seq)] += n
    not_after = found.send_at + found.validity
    connection.many(
        statements.START_SLICE,
        [(n, now, not_after, s.id) for s, n in zip(slices, sums, strict=True)],
    )
