"""What an order's owner may do to it once it is accepted: pause, resume, cancel (design 4.10)."""

from collections import Counter
from collections.abc import Sequence

from octavo.db.codes import CampaignState, EventKind, MessageState, Skipped
from octavo.db.connection import Connection
from octavo.db.statements import keeping, tasks
from octavo.db.statements import passes as statements
from octavo.kit.clock import HOUR, SECOND, Instant
from octavo.kit.errors import OctavoError
from octavo.ledger import drafts, passes
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.events import SILENT, Item, Journal
from octavo.ledger.fairness import NO_TURN, Queue, give_turns_back

CANCEL = "cancel"
SEAL = "seal"
SEAL_AFTER = 72 * HOUR
"""Beyond validity: then a silent message stays silent and what is held is given back."""

LEASED_FOR = SECOND // 5
"""Microseconds until a cancel looks again at slices that a link has still to give back."""

_CONFIRMED = (CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED)

_SLICES_A_STEP = 4
_SILENT_A_STEP = 500


class NoSuchCampaign(OctavoError):
    """The account has no campaign with this ticket."""

    says = "There is no campaign with this ticket"


class NotInThisState(OctavoError):
    """The campaign is past what was asked; `state` is where it stands."""

    says = "The state of the campaign does not allow that"

    def __init__(self, state: CampaignState) -> None:
        super().__init__(state.name.lower())
        self.state = state


def standing(connection: Connection, account: int, ticket: str) -> keeping.Standing:
    """Where a campaign stands. Raises NoSuchCampaign."""
    found = connection.one(keeping.STANDING, account_id=account, ticket=ticket)
    if found is None:
        raise NoSuchCampaign(ticket)
    return found


def pause(connection: Connection, account: int, ticket: str) -> None:
    """Nothing further leaves but what has an intent; felt within a window.

    Raises NoSuchCampaign, NotInThisState.
    """
    found = standing(connection, account, ticket)
    _change(connection, found, CampaignState.PAUSED, CampaignState.SENDING, CampaignState.SCHEDULED)
    connection.run(keeping.PARK_SLICES, campaign=found.id)


def resume(connection: Connection, account: int, ticket: str, now: Instant) -> None:
    """A paused campaign goes on; what waits for a retry waits its whole time.

    Raises NoSuchCampaign, NotInThisState.
    """
    found = standing(connection, account, ticket)
    state = CampaignState.SCHEDULED if found.send_at > now else CampaignState.SENDING
    _change(connection, found, state, CampaignState.PAUSED)
    connection.run(keeping.UNPARK_SLICES, campaign=found.id)


def cancel(connection: Connection, account: int, ticket: str, now: Instant) -> None:
    """Skips whoever has not been written to; a task does it in steps. At any time.

    Raises NoSuchCampaign, NotInThisState.
    """
    found = standing(connection, account, ticket)
    _change(connection, found, CampaignState.CANCELING, *drafts.UNCONFIRMED, *_CONFIRMED)
    if found.state in drafts.UNCONFIRMED:
        drafts.discard(connection, found.id, now)
        return
    connection.run(
        tasks.PLAN_TASK, kind=CANCEL, key=str(found.id), args="{}", run_at=now, priority=0
    )


def cancel_step(connection: Connection, campaign: int, now: Instant) -> int | None:
    """Skips the rest of a few slices.

    Microseconds until the next step may go on, None when the campaign is canceled.
    """
    account = connection.one(keeping.ACCOUNT_OF, campaign=campaign)
    if account is None:
        return None
    batch = Batch(connection, now)
    found = connection.all(keeping.OPEN_SLICES, campaign=campaign, most=_SLICES_A_STEP)
    for s in found:
        rows = connection.all(
            keeping.PENDING_IN, campaign=campaign, lo=s.lo, hi=s.hi, pass_=s.pass_
        )
        of = Messages(account, campaign, s.pass_)
        batch.end(of, MessageState.SKIPPED, [(seq, Skipped.CANCELED) for seq in rows])
    batch.write()
    _give_turns_back(connection, account, found)
    canceling = CampaignState.CANCELING
    done = [passes.Done(s.id, campaign, s.pass_, s.lo, s.hi, s.hi, canceling) for s in found]
    passes.close(connection, done, now)
    if found:
        return 0
    if connection.one(keeping.UNCLOSED_SLICES, campaign=campaign):
        return LEASED_FOR
    passes.end(connection, campaign, CampaignState.CANCELING, CampaignState.CANCELED, now)
    _plan_seal(connection, campaign, now)
    return None


def _give_turns_back(
    connection: Connection, account: int, canceled: Sequence[keeping.OpenSlice]
) -> None:
    """An account does not wait longer for what it asked for and canceled."""
    parts: Counter[Queue] = Counter()
    for s in canceled:
        if s.vt != NO_TURN and not s.pass_:
            unsent, all_ = s.hi - s.cur, s.hi - s.lo + 1
            parts[Queue(account, s.group, s.priority)] += s.parts * unsent // all_
    for queue, n in sorted(parts.items()):
        give_turns_back(connection, queue, n)


def _plan_seal(connection: Connection, campaign: int, now: Instant) -> None:
    """A task releases what a canceled campaign holds for messages in doubt, and tells of those
    that stayed silent.
    """
    policy = connection.one(statements.POLICY, campaign=campaign)
    spent = connection.one(statements.CAPTURED, campaign=campaign)
    if policy is not None and spent is not None and (spent.unknown or spent.accepted):
        due = now + policy.validity + SEAL_AFTER
        connection.run(
            tasks.PLAN_TASK, kind=SEAL, key=str(campaign), args="{}", run_at=due, priority=0
        )


def seal_canceled(connection: Connection, campaign: int, now: Instant) -> bool:
    """One step: tells of silent messages; the last one, where it says True, releases what a
    canceled campaign still holds. It stays canceled.
    """
    found = connection.one(keeping.TO_SEAL, campaign=campaign)
    if found is not None and not _tell_silent(connection, found, now):
        return False
    passes.settle_hold(connection, campaign, keep_unknown=False, now=now)
    connection.run(keeping.SET_SEALED_AT, campaign=campaign, now=now)
    return True


def seal_some(connection: Connection, most: int, now: Instant) -> int:
    """Goes on with sealing campaigns that are long finished; how many were looked at.

    Each step tells of at most a chunk of silent messages; the last one freezes the campaign and
    releases what is still held.
    """
    due = connection.all(keeping.UNSEALED, before=now - SEAL_AFTER, most=most)
    for campaign in due:
        if _tell_silent(connection, campaign, now):
            passes.end(connection, campaign.id, CampaignState.FINISHED, CampaignState.SEALED, now)
            connection.run(keeping.SET_SEALED_AT, campaign=campaign.id, now=now)
    return len(due)


def _tell_silent(connection: Connection, campaign: keeping.Unsealed, now: Instant) -> bool:
    """Tells of a chunk of messages that stay in doubt for good; True when of all."""
    silent = connection.all(
        keeping.SILENT, campaign=campaign.id, after=campaign.cursor, most=_SILENT_A_STEP
    )
    journal = Journal()
    for seq in silent:
        told = Item(seq, SILENT, now)
        journal.tell(campaign.account, campaign.id, EventKind.UNKNOWN, told)
    journal.write(connection, now)
    if len(silent) == _SILENT_A_STEP:
        connection.run(keeping.MOVE_CURSOR, campaign=campaign.id, cursor=silent[-1])
        return False
    return True


def _change(
    connection: Connection,
    found: keeping.Standing,
    state: CampaignState,
    *allowed: CampaignState,
) -> None:
    if found.state not in allowed:
        raise NotInThisState(CampaignState(found.state))
    if not connection.run(keeping.SET_STATE, campaign=found.id, before=found.state, state=state):
        raise NotInThisState(CampaignState(found.state))
