"""Ending slices, further passes and the end of a campaign (design 4.7, 6)."""

from octavo.db.codes import CampaignState, SliceState
from octavo.db.connection import Connection
from octavo.db.statements import passes
from octavo.kit.clock import FOREVER, SECOND, Instant
from octavo.kit.money import Money
from octavo.ledger import wallet

RETRY_AFTER = 5 * SECOND
"""Microseconds before a message that was refused for now is tried again."""

MOST_ATTEMPTS = 4
"""How often one message may be put on the wire before it is failed."""

_ENDED = (CampaignState.FINISHED, CampaignState.SEALED, CampaignState.CANCELED)


def give_back(
    connection: Connection,
    *,
    slice_id: int,
    campaign: int,
    pass_: int,
    lo: int,
    hi: int,
    done: int,
    campaign_state: CampaignState,
    now: Instant,
    after: int = RETRY_AFTER,
) -> None:
    """A slice leaves its holder with everything up to `done` settled.

    With messages left it waits for the next claim (parked, if the campaign is paused); else it
    is closed. `after` is how long the retry of refused messages waits, in microseconds.
    """
    if done < hi:
        _return(connection, campaign, slice_id, done=done, state=campaign_state, now=now)
    else:
        close(
            connection,
            slice_id=slice_id,
            campaign=campaign,
            pass_=pass_,
            lo=lo,
            hi=hi,
            campaign_state=campaign_state,
            now=now,
            after=after,
        )


def close(
    connection: Connection,
    *,
    slice_id: int,
    campaign: int,
    pass_: int,
    lo: int,
    hi: int,
    campaign_state: CampaignState,
    now: Instant,
    after: int = RETRY_AFTER,
) -> None:
    """Ends a slice, unless messages of its pass are pending; messages of the next get a slice.

    Ends the campaign with its last open slice.
    """
    waiting = set(connection.all(passes.PENDING_PASSES, campaign=campaign, lo=lo, hi=hi))
    if pass_ in waiting:
        _return(connection, campaign, slice_id, done=lo - 1, state=campaign_state, now=now)
        return
    connection.run(passes.CLOSE_SLICE, slice_id=slice_id)
    opened = 0
    if pass_ + 1 in waiting:
        opened = follow_up(connection, slice_id=slice_id, pass_=pass_ + 1, run_at=now + after)
    add_work(connection, campaign, opened - 1, now)


def follow_up(connection: Connection, *, slice_id: int, pass_: int, run_at: int) -> int:
    """A slice like `slice_id` for a further pass; the number opened (0 if one is open)."""
    made = connection.one(passes.FOLLOW_UP, slice_id=slice_id, pass_=pass_, run_at=run_at)
    return 0 if made is None else 1


def add_work(connection: Connection, campaign: int, by: int, now: Instant) -> None:
    """Counts what is still to do for a campaign; at zero it is finished, paused or not."""
    if by and connection.one(passes.OPEN_WORK, campaign=campaign, by=by) == 0:
        finish(connection, campaign, now)


def finish(connection: Connection, campaign: int, now: Instant) -> None:
    """Nothing is left to send: releases what the campaign can no longer cost."""
    if connection.run(passes.FINISH_CAMPAIGN, campaign=campaign, now=now):
        settle_hold(connection, campaign, keep_unknown=True, now=now)


def end(
    connection: Connection,
    campaign: int,
    before: CampaignState,
    after: CampaignState,
    now: Instant,
) -> bool:
    """Moves a campaign out of `before` and releases what it can no longer cost."""
    moved = connection.run(
        passes.END_CAMPAIGN, campaign=campaign, from_state=before, to_state=after, now=now
    )
    if not moved:
        return False
    settle_hold(connection, campaign, keep_unknown=after is not CampaignState.SEALED, now=now)
    return True


def release_refused(connection: Connection, campaign: int, now: Instant) -> None:
    """An ended campaign held money for a message in doubt that, as it turns out, was refused."""
    ended = connection.one(passes.HELD, campaign=campaign)
    if ended is not None and ended.state in _ENDED:
        settle_hold(connection, campaign, keep_unknown=not ended.sealed, now=now)


def settle_hold(connection: Connection, campaign: int, *, keep_unknown: bool, now: Instant) -> None:
    """Releases hold less captures; what is unknown keeps its hold until it is sealed."""
    ended = connection.one(passes.HELD, campaign=campaign)
    spent = connection.one(passes.CAPTURED, campaign=campaign)
    assert ended is not None  # noqa: S101 - it was found a moment ago
    assert spent is not None  # noqa: S101 - every campaign has its counts
    kept = 0
    if keep_unknown and spent.unknown:
        kept = connection.one(passes.UNKNOWN_UNCHARGED, campaign=campaign) or 0
    amount = Money(ended.held - ended.released - spent.captured - kept)
    if amount > 0:
        ref = f"{campaign}:{ended.released}"
        wallet.release(
            connection, account=ended.account, campaign=campaign, ref=ref, amount=amount, now=now
        )
        connection.run(passes.ADD_RELEASED, campaign=campaign, amount=amount)


def _return(
    connection: Connection,
    campaign: int,
    slice_id: int,
    *,
    done: int,
    state: CampaignState,
    now: Instant,
) -> None:
    # Who resumes a campaign wakes what is parked by then: it must not have happened meanwhile.
    paused = (
        state is CampaignState.PAUSED
        and connection.one(passes.STATE_KEPT, campaign=campaign) == CampaignState.PAUSED
    )
    connection.run(
        passes.RETURN_SLICE,
        slice_id=slice_id,
        state=SliceState.PARKED if paused else SliceState.READY,
        run_at=FOREVER + now if paused else now,
        cur=done,
    )
