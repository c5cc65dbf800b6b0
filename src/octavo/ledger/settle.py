"""Settling: what the carrier answered becomes the ledger's truth, and intent moves on."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import CampaignState, EventKind, MessageState, PartState, Purpose
from octavo.db.connection import Connection
from octavo.db.statement import Command, Value
from octavo.db.statements import dispatching
from octavo.kit.clock import Instant
from octavo.ledger.doubt import Lost, lose
from octavo.ledger.errors import LedgerDisagrees, LinkLost
from octavo.ledger.events import Journal
from octavo.ledger.links import Link
from octavo.ledger.orders import OPTED_OUT, suppressing_scope
from octavo.ledger.passes import MOST_ATTEMPTS, give_back
from octavo.ledger.tally import Tally


class Answer(NamedTuple):
    """What became of one message of a grant.

    At most one of: `refused` (for good, the carrier's code), `delayed` (for now; `cost` is 1 when
    it counts as an attempt), `lost`. Else it was accepted, with an id a part in `ids`, or none
    from a carrier that gives none.
    """

    slice: int
    campaign: int
    account: int
    seq: int
    pass_: int
    address: str
    price: int
    attempts: int
    ids: tuple[str, ...] = ()
    refused: str | None = None
    delayed: str | None = None
    cost: int = 1
    lost: bool = False

    @property
    def accepted(self) -> bool:
        """The carrier took it."""
        return self.refused is None and self.delayed is None and not self.lost


class Progress(NamedTuple):
    """Where a held slice stands after these answers.

    `sent_hi` is the last row written to the socket, `outstanding` the rows sent and unanswered,
    `intent_hi` what the holder asks for, `after` how long refused rows wait (microseconds).
    `dropped` promises that nothing beyond `sent_hi` will leave: only then may the intent be drawn
    back, since rows can be written to the socket while a settle is on its way.
    """

    slice: int
    campaign: int
    account: int
    pass_: int
    lo: int
    hi: int
    purpose: int
    sent_hi: int
    intent_hi: int
    old_intent_hi: int
    grant_hi: int
    outstanding: int
    after: int
    dropped: bool = False


class Settled(NamedTuple):
    """What the holder learns.

    `stopped`: slices whose campaign may send no more: nothing further may leave; the holder drops
    the rest and says so with its next settle. `skipped`: (campaign, seq) that opted out while waiting for their intent.
    """

    stopped: set[int]
    skipped: set[tuple[int, int]]


def settle(
    connection: Connection,
    link: Link,
    answers: Sequence[Answer],
    progress: Sequence[Progress],
    now: Instant,
) -> Settled:
    """Commits answers in whatever order they came, and raises intents in the same breath.

    1. the link is still ours, 2. accepted, refused, delayed and lost messages, 3. counts and
    captures, 4. slices: intent raised, stopped, or given back when all of a grant is settled.
    Raises LinkLost or LedgerDisagrees; nothing is kept then.
    """
    number = connection.one(dispatching.NEXT_SETTLE, link_id=link.id, link_fence=link.fence)
    if number is None:
        raise LinkLost
    tally, journal = Tally(), Journal()
    _accepted(connection, link, answers, tally, now)
    _refused(connection, link, answers, tally, journal, now)
    _delayed(connection, answers, tally, journal, link, now)
    _lost(connection, link, answers, tally, journal, now)
    states = {
        s.id: CampaignState(s.campaign_state)
        for s in connection.all(
            dispatching.HELD_SLICES, slices=[p.slice for p in progress], link_id=link.id
        )
    }
    if len(states) != len(progress):
        raise LedgerDisagrees("slices")
    skipped = _raise_intents(connection, progress, states, tally, journal, now)
    tally.write(connection, f"{link.id}:{number}", now)
    journal.write(connection, now)
    stopped = {p.slice for p in progress if states[p.slice] is not CampaignState.SENDING}
    _give_back(connection, progress, states, now)
    return Settled(stopped, skipped)


def _accepted(
    connection: Connection, link: Link, answers: Sequence[Answer], tally: Tally, now: Instant
) -> None:
    taken = [a for a in answers if a.accepted]
    _end(
        connection,
        dispatching.ACCEPT_MESSAGE,
        [(link.route, now, a.campaign, a.seq, a.pass_) for a in taken],
    )
    accepted = int(PartState.ACCEPTED)
    connection.many(
        dispatching.INSERT_PARTS,
        [
            (link.route, ref, a.campaign, a.seq, no, a.pass_, accepted)
            for a in taken
            for no, ref in enumerate(a.ids, 1)
            if ref
        ],
    )
    for a in taken:
        tally.move(a.campaign, MessageState.PENDING, MessageState.ACCEPTED)
        tally.capture(a.campaign, a.account, a.price)


def _end(connection: Connection, command: Command, rows: Sequence[Sequence[Value]]) -> None:
    """Moves messages that must all be pending in the pass that the link holds them in."""
    touched = connection.many(command, rows) if rows else 0
    if touched != len(rows):
        raise LedgerDisagrees(f"{len(rows) - touched} messages")


def _refused(
    connection: Connection,
    link: Link,
    answers: Sequence[Answer],
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> None:
    _fail(
        connection,
        link,
        [(a, a.refused) for a in answers if a.refused is not None],
        tally,
        journal,
        now,
    )


def _fail(
    connection: Connection,
    link: Link,
    failed: Sequence[tuple[Answer, str]],
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> None:
    state = int(MessageState.FAILED)
    _end(
        connection,
        dispatching.END_MESSAGE,
        [(state, why, 1, link.route, now, a.campaign, a.seq, a.pass_) for a, why in failed],
    )
    for a, why in failed:
        tally.move(a.campaign, MessageState.PENDING, MessageState.FAILED)
        tally.reason(a.campaign, MessageState.FAILED, why)
        journal.tell(a.account, a.campaign, EventKind.FAILED, a.seq, why, now)


def _delayed(
    connection: Connection,
    answers: Sequence[Answer],
    tally: Tally,
    journal: Journal,
    link: Link,
    now: Instant,
) -> None:
    """To the next pass, or failed when the message has had all its attempts."""
    again: list[Answer] = []
    spent: list[tuple[Answer, str]] = []
    for a in answers:
        if a.delayed is None:
            continue
        if a.attempts + a.cost >= MOST_ATTEMPTS:
            spent.append((a, a.delayed))
        else:
            again.append(a)
    _end(
        connection,
        dispatching.RETRY_MESSAGE,
        [(a.pass_ + 1, a.cost, now, a.campaign, a.seq, a.pass_) for a in again],
    )
    _fail(connection, link, spent, tally, journal, now)


def _lost(
    connection: Connection,
    link: Link,
    answers: Sequence[Answer],
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> None:
    lost: defaultdict[tuple[int, int], list[Lost]] = defaultdict(list)
    for a in answers:
        if a.lost:
            lost[a.campaign, a.pass_].append(Lost(a.seq, a.address))
    for (campaign, pass_), messages in lost.items():
        lose(
            connection,
            route=link.route,
            campaign=campaign,
            pass_=pass_,
            lost=messages,
            tally=tally,
            journal=journal,
            now=now,
        )


def _raise_intents(
    connection: Connection,
    progress: Sequence[Progress],
    states: dict[int, CampaignState],
    tally: Tally,
    journal: Journal,
    now: Instant,
) -> set[tuple[int, int]]:
    """Moves intents on, or draws them back to what was sent where the rest was dropped."""
    moves: list[tuple[int, int, int]] = []
    skipped: set[tuple[int, int]] = set()
    for p in progress:
        if p.dropped:
            moves.append((p.sent_hi, p.sent_hi, p.slice))
        elif states[p.slice] is not CampaignState.SENDING:
            continue
        elif p.intent_hi > p.old_intent_hi:
            skipped |= _skip_opted_out(connection, p, tally, journal, now)
            moves.append((p.grant_hi, p.intent_hi, p.slice))
    connection.many(dispatching.RAISE_INTENT, moves)
    return skipped


def _skip_opted_out(
    connection: Connection, p: Progress, tally: Tally, journal: Journal, now: Instant
) -> set[tuple[int, int]]:
    """Who opted out between the grant and this intent (P5)."""
    opted_out = connection.all(
        dispatching.NEWLY_SUPPRESSED,
        account_id=p.account,
        campaign=p.campaign,
        after=p.old_intent_hi,
        until=p.intent_hi,
        pass_=p.pass_,
        least_scope=suppressing_scope(Purpose(p.purpose)),
    )
    state = int(MessageState.SKIPPED)
    _end(
        connection,
        dispatching.END_MESSAGE,
        [(state, OPTED_OUT, 0, None, now, p.campaign, seq, p.pass_) for seq in opted_out],
    )
    for seq in opted_out:
        tally.move(p.campaign, MessageState.PENDING, MessageState.SKIPPED)
        tally.reason(p.campaign, MessageState.SKIPPED, OPTED_OUT)
        journal.tell(p.account, p.campaign, EventKind.SKIPPED, seq, OPTED_OUT, now)
    return {(p.campaign, seq) for seq in opted_out}


def _give_back(
    connection: Connection,
    progress: Sequence[Progress],
    states: dict[int, CampaignState],
    now: Instant,
) -> None:
    for p in progress:
        if p.outstanding == 0 and (p.dropped or p.sent_hi >= p.grant_hi):
            give_back(
                connection,
                slice_id=p.slice,
                campaign=p.campaign,
                pass_=p.pass_,
                lo=p.lo,
                hi=p.hi,
                done=p.sent_hi if p.dropped else p.grant_hi,
                campaign_state=states[p.slice],
                now=now,
                after=p.after,
            )
