"""Ending slices, further passes and the end of a campaign (design 4.7, 6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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


class Done(NamedTuple):
    """A slice that its holder is done with: everything up to `done` is settled.

    `state` is its campaign's, `after` how long the retry of refused messages waits, in
    microseconds.
    """

    slice: int
    campaign: int
    pass_: int
    lo: int
    hi: int
    done: int
    state: CampaignState
    after: int = RETRY_AFTER


def give_back(connection: Connection, slices: Sequence[Done], now: Instant) -> None:
    """Slices leave their holder.

    Those with messages left wait for the next claim (parked, if the campaign is paused); the
    others are closed.
    """
    for s in slices:
        if s.done < s.hi:
            _return(connection, s, s.done, now)
    close(connection, [s for s in slices if s.done >= s.hi], now)


def close(connection: Connection, slices: Sequence[Done], now: Instant) -> None:
    """Ends slices, unless messages of their pass are pending; messages of the next get a slice.

    Ends each campaign with its last open slice.
    """
    if not slices:
        return
    left = dict(connection.all(passes.LEFT_IN, slices=[s.slice for s in slices]))
    closed = [s for s in slices if left.get(s.slice) != passes.THIS_PASS]
    connection.many(passes.CLOSE_SLICE, [(s.slice,) for s in closed])
    work: Counter[int] = Counter()
    for s in closed:
        work[s.campaign] -= 1
        if left.get(s.slice) == passes.NEXT_PASS:
            work[s.campaign] += follow_up(
                connection, slice_id=s.slice, pass_=s.pass_ + 1, run_at=now + s.after
            )
    for s in slices:
        if left.get(s.slice) == passes.THIS_PASS:
            _return(connection, s, s.lo - 1, now)
    add_work(connection, work, now)


def follow_up(connection: Connection, *, slice_id: int, pass_: int, run_at: int) -> int:
    """A slice like `slice_id` for a further pass; the number opened (0 if one is open)."""
    made = connection.one(passes.FOLLOW_UP, slice_id=slice_id, pass_=pass_, run_at=run_at)
    return 0 if made is None else 1


def add_work(connection: Connection, work: Mapping[int, int], now: Instant) -> None:
    """Counts what is still to do, by campaign; at zero one is finished, paused or not: what it can
    no longer cost is released.
    """
    moved = [(by, campaign) for campaign, by in sorted(work.items()) if by]
    if not moved:
        return
    connection.many(passes.ADD_WORK, moved)
    ended = connection.all(passes.WITHOUT_WORK, campaigns=[campaign for _, campaign in moved])
    if not ended:
        return
    finished = connection.all(passes.FINISH, campaigns=ended, now=now)
    for campaign in connection.all(passes.WITH_MONEY_LEFT, campaigns=finished):
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


def _return(connection: Connection, s: Done, done: int, now: Instant) -> None:
    # Who resumes a campaign wakes what is parked by then: it must not have happened meanwhile.
    paused = (
        s.state is CampaignState.PAUSED
        and connection.one(passes.STATE_KEPT, campaign=s.campaign) == CampaignState.PAUSED
    )
    connection.run(
        passes.RETURN_SLICE,
        slice_id=s.slice,
        state=SliceState.PARKED if paused else SliceState.READY,
        run_at=FOREVER + now if paused else now,
        cur=done,
    )
