"""What an order's owner may do to it once it is accepted: pause, resume, cancel (design 4.10)."""

from octavo.db.codes import CampaignState, EventKind, MessageState
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, keeping, tasks
from octavo.db.statements import passes as statements
from octavo.kit.clock import FOREVER, HOUR, Instant
from octavo.kit.errors import OctavoError
from octavo.ledger import passes
from octavo.ledger.events import Journal
from octavo.ledger.tally import Tally

CANCEL = "cancel"
CANCELED = "canceled"
SEAL = "seal"
SEAL_AFTER = 72 * HOUR
"""Beyond validity: then a silent message stays silent and what is held is given back."""

_SLICES_A_STEP = 4


class NoSuchCampaign(OctavoError):
    """The account has no campaign with this ticket."""


class NotInThisState(OctavoError):
    """The campaign is past what was asked; `state` is where it stands."""

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
    connection.run(keeping.PARK_SLICES, campaign=found.id, run_at=FOREVER)


def resume(connection: Connection, account: int, ticket: str, now: Instant) -> None:
    """A paused campaign goes on. Raises NoSuchCampaign, NotInThisState."""
    found = standing(connection, account, ticket)
    state = CampaignState.SCHEDULED if found.send_at > now else CampaignState.SENDING
    _change(connection, found, state, CampaignState.PAUSED)
    connection.run(
        keeping.UNPARK_SLICES,
        campaign=found.id,
        forever=FOREVER,
        now=now,
        send_at=found.send_at,
    )


def cancel(connection: Connection, account: int, ticket: str, now: Instant) -> None:
    """Skips whoever has not been written to; a task does it in steps.

    Raises NoSuchCampaign, NotInThisState.
    """
    found = standing(connection, account, ticket)
    _change(
        connection,
        found,
        CampaignState.CANCELING,
        CampaignState.SCHEDULED,
        CampaignState.SENDING,
        CampaignState.PAUSED,
    )
    connection.run(
        tasks.PLAN_TASK, kind=CANCEL, key=str(found.id), args="{}", run_at=now, priority=0
    )


def cancel_step(connection: Connection, campaign: int, now: Instant) -> bool:
    """Skips the rest of a few slices; True when the campaign is canceled."""
    account = connection.one(keeping.ACCOUNT_OF, campaign=campaign)
    if account is None:
        return True
    tally, journal = Tally(), Journal()
    found = connection.all(keeping.OPEN_SLICES, campaign=campaign, most=_SLICES_A_STEP)
    for s in found:
        _skip_rest(connection, campaign, account, s, tally, journal, now)
    tally.write(connection, "", now)
    journal.write(connection, now)
    for s in found:
        passes.close(
            connection,
            slice_id=s.id,
            campaign=campaign,
            pass_=s.pass_,
            lo=s.lo,
            hi=s.hi,
            campaign_state=CampaignState.CANCELING,
            now=now,
        )
    unclosed = connection.one(keeping.UNCLOSED_SLICES, campaign=campaign)
    if found or unclosed:
        return False
    passes.end(connection, campaign, CampaignState.CANCELING, CampaignState.CANCELED, now)
    _plan_seal(connection, campaign, now)
    return True


def _plan_seal(connection: Connection, campaign: int, now: Instant) -> None:
    """What a canceled campaign still holds for messages in doubt is released by a task."""
    policy = connection.one(statements.POLICY, campaign=campaign)
    spent = connection.one(statements.CAPTURED, campaign=campaign)
    if policy is not None and spent is not None and spent.unknown:
        due = now + policy.validity + SEAL_AFTER
        connection.run(
            tasks.PLAN_TASK, kind=SEAL, key=str(campaign), args="{}", run_at=due, priority=0
        )


def seal_canceled(connection: Connection, campaign: int, now: Instant) -> None:
    """Releases what a canceled campaign still holds; it stays canceled."""
    passes.settle_hold(connection, campaign, keep_unknown=False, now=now)
    connection.run(keeping.SET_SEALED_AT, campaign=campaign, now=now)


def seal_some(connection: Connection, most: int, now: Instant) -> int:
    """Freezes campaigns that are long finished and releases what is still held; how many."""
    due = connection.all(keeping.UNSEALED, before=now - SEAL_AFTER, most=most)
    journal = Journal()
    for campaign in due:
        account = connection.one(keeping.ACCOUNT_OF, campaign=campaign) or 0
        for seq in connection.all(keeping.SILENT, campaign=campaign):
            journal.tell(account, campaign, EventKind.UNKNOWN, seq, "silent", now)
        passes.end(connection, campaign, CampaignState.FINISHED, CampaignState.SEALED, now)
        connection.run(keeping.SET_SEALED_AT, campaign=campaign, now=now)
    journal.write(connection, now)
    return len(due)


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


def _skip_rest(
    connection: Connection,
    campaign: int,
    account: int,
    s: keeping.OpenSlice,
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> None:
    rows = connection.all(keeping.PENDING_IN, campaign=campaign, lo=s.lo, hi=s.hi, pass_=s.pass_)
    state = int(MessageState.SKIPPED)
    connection.many(
        dispatching.END_MESSAGE,
        [(state, CANCELED, 0, None, now, campaign, seq, s.pass_) for seq in rows],
    )
    if rows:
        tally.move(campaign, MessageState.PENDING, MessageState.SKIPPED, len(rows))
        tally.reason(campaign, MessageState.SKIPPED, CANCELED, len(rows))
    for seq in rows:
        journal.tell(account, campaign, EventKind.SKIPPED, seq, CANCELED, now)
