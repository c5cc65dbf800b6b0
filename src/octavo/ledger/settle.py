"""Settling: what the carrier answered becomes the ledger's truth, and intent moves on."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from octavo.db.codes import CampaignState, MessageState, PartState, Purpose
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, links
from octavo.kit.clock import Instant
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.doubt import Lost, lose
from octavo.ledger.errors import LedgerDisagrees, LinkLost
from octavo.ledger.links import Link
from octavo.ledger.orders import OPTED_OUT, suppressing_scope
from octavo.ledger.passes import MOST_ATTEMPTS, Done, give_back


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
    the rest and says so with its next settle. `skipped`: (campaign, seq) that opted out while
    waiting for their intent. `entered`: messages that came into each state. `retried`: those that
    wait for a further pass.
    """

    stopped: set[int]
    skipped: set[tuple[int, int]]
    entered: Sequence[int]
    retried: int


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
    number = connection.one(links.NEXT_SETTLE, link_id=link.id, link_fence=link.fence)
    if number is None:
        raise LinkLost
    batch = Batch(connection, now)
    _accepted(batch, link, answers)
    _fail(batch, link, [(a, a.refused) for a in answers if a.refused is not None])
    retried = _delayed(batch, link, answers)
    _lost(batch, link, answers)
    states = {
        s.id: CampaignState(s.campaign_state)
        for s in connection.all(
            dispatching.HELD_SLICES, slices=[p.slice for p in progress], link_id=link.id
        )
    }
    if len(states) != len(progress):
        raise LedgerDisagrees("slices")
    skipped = _raise_intents(batch, progress, states)
    batch.write(f"{link.id}:{number}")
    stopped = {p.slice for p in progress if states[p.slice] is not CampaignState.SENDING}
    give_back(connection, _done(progress, states), now)
    return Settled(stopped, skipped, batch.tally.entered, retried)


def _accepted(batch: Batch, link: Link, answers: Sequence[Answer]) -> None:
    taken = [a for a in answers if a.accepted]
    batch.touch(
        dispatching.ACCEPT_MESSAGE,
        [(link.route, batch.now, a.campaign, a.seq, a.pass_) for a in taken],
    )
    accepted = int(PartState.ACCEPTED)
    batch.connection.many(
        dispatching.INSERT_PARTS,
        [
            (link.route, ref, a.campaign, a.seq, no, a.pass_, accepted)
            for a in taken
            for no, ref in enumerate(a.ids, 1)
            if ref
        ],
    )
    for a in taken:
        batch.tally.move(a.campaign, MessageState.PENDING, MessageState.ACCEPTED)
        batch.tally.capture(a.campaign, a.account, a.price)


def _fail(batch: Batch, link: Link, failed: Sequence[tuple[Answer, str]]) -> None:
    ended: defaultdict[Messages, list[tuple[int, str]]] = defaultdict(list)
    for a, why in failed:
        ended[Messages(a.account, a.campaign, a.pass_)].append((a.seq, why))
    for of, messages in ended.items():
        batch.end(of, MessageState.FAILED, messages, route=link.route, cost=1)


def _delayed(batch: Batch, link: Link, answers: Sequence[Answer]) -> int:
    """To the next pass (how many), or failed when the message has had all its attempts."""
    again: list[Answer] = []
    spent: list[tuple[Answer, str]] = []
    for a in answers:
        if a.delayed is None:
            continue
        if a.attempts + a.cost >= MOST_ATTEMPTS:
            spent.append((a, a.delayed))
        else:
            again.append(a)
    batch.touch(
        dispatching.RETRY_MESSAGE,
        [(a.pass_ + 1, a.cost, batch.now, a.campaign, a.seq, a.pass_) for a in again],
    )
    _fail(batch, link, spent)
    return len(again)


def _lost(batch: Batch, link: Link, answers: Sequence[Answer]) -> None:
    lost: defaultdict[Messages, list[Lost]] = defaultdict(list)
    for a in answers:
        if a.lost:
            lost[Messages(a.account, a.campaign, a.pass_)].append(Lost(a.seq, a.address))
    for of, messages in lost.items():
        lose(batch, of, link.route, messages)


def _raise_intents(
    batch: Batch, progress: Sequence[Progress], states: dict[int, CampaignState]
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
            skipped |= _skip_opted_out(batch, p)
            moves.append((p.grant_hi, p.intent_hi, p.slice))
    batch.connection.many(dispatching.RAISE_INTENT, moves)
    return skipped


def _skip_opted_out(batch: Batch, p: Progress) -> set[tuple[int, int]]:
    """Who opted out between the grant and this intent (P5)."""
    opted_out = batch.connection.all(
        dispatching.NEWLY_SUPPRESSED,
        account_id=p.account,
        campaign=p.campaign,
        after=p.old_intent_hi,
        until=p.intent_hi,
        pass_=p.pass_,
        least_scope=suppressing_scope(Purpose(p.purpose)),
    )
    of = Messages(p.account, p.campaign, p.pass_)
    batch.end(of, MessageState.SKIPPED, [(seq, OPTED_OUT) for seq in opted_out])
    return {(p.campaign, seq) for seq in opted_out}


def _done(progress: Sequence[Progress], states: dict[int, CampaignState]) -> list[Done]:
    return [
        Done(
            slice=p.slice,
            campaign=p.campaign,
            pass_=p.pass_,
            lo=p.lo,
            hi=p.hi,
            done=p.sent_hi if p.dropped else p.grant_hi,
            state=states[p.slice],
            after=p.after,
        )
        for p in progress
        if p.outstanding == 0 and (p.dropped or p.sent_hi >= p.grant_hi)
    ]
