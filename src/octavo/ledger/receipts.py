"""Receipts: every one is kept, matched when it can be, else tried again (design 7)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octavo.db.codes import EventKind, Match, MessageState, PartState
from octavo.db.connection import Connection
from octavo.db.statements import passes, traffic
from octavo.db.statements.traffic import Doubt, KnownPart, WaitingReceipt
from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant
from octavo.kit.tickets import is_reference
from octavo.ledger import numbering
from octavo.ledger.events import Item, Journal
from octavo.ledger.passes import release_refused
from octavo.ledger.states import Fact, after
from octavo.ledger.tally import Tally

NEXT_TRIES = (SECOND, 5 * SECOND, MINUTE, 10 * MINUTE)
"""Microseconds until a receipt without a message is tried again; hourly after that."""
GIVE_UP_AFTER = 72 * HOUR
SAME_RECIPIENT_WITHIN = 10 * MINUTE

_NOTHING = (0,) * len(MessageState)

DELIVERED = "delivered"
ACCEPTED = "accepted"
REFUSED = "refused"
"""Answers that came after their link was lost: they are kept and counted like receipts."""


class Receipt(NamedTuple):
    """What a carrier said of one part.

    `state` is "delivered", "accepted", "refused" (for the reason in `code`) or the reason of a
    failure after acceptance.
    """

    ref: str
    state: str
    at: Instant
    code: str = ""
    address: str = ""
    sender: str = ""
    reference: str = ""


@dataclass(slots=True)
class _Target:
    """A message that receipts of this batch change, as it stands in between."""

    campaign: int
    seq: int
    account: int
    state: MessageState
    reason: str
    pass_: int
    parts: int
    parts_done: int
    charged: int
    price: int
    changed: bool = False


class _Found(NamedTuple):
    """The part that a receipt speaks of. A part learnt from a doubt is not stored yet."""

    target: _Target
    match: Match
    no: int
    part_pass: int
    part_state: PartState
    stored: bool
    others: tuple[int, ...] = ()
    """Parts under the same id: a carrier that makes the parts itself gives one id for all."""


class Taken(NamedTuple):
    """What receipts did: messages that came into each state, receipts without a message yet."""

    entered: Sequence[int] = _NOTHING
    unmatched: int = 0


class Retried(NamedTuple):
    """How many receipts were looked at again, and what they did, by route."""

    looked: int
    taken: Mapping[int, Taken]


def take(connection: Connection, route: int, receipts: Sequence[Receipt], now: Instant) -> Taken:
    """Stores receipts and applies those whose message is known."""
    if not receipts:
        return Taken()
    numbers = numbering.take(connection, "receipt", len(receipts), now)
    batch = _Batch(connection, route, f"receipt:{numbers[0]}", now)
    # The recipient alone tells a message only when no answer of its own may be on its way to us:
    # a receipt of today must not settle the doubt of yesterday because it overtook its settle.
    found = batch.find(receipts, by_recipient=False)
    rows = []
    unmatched = 0
    for number, r, hit in zip(numbers, receipts, found, strict=True):
        done = hit is not None and batch.apply(r, hit)
        match = hit.match if hit is not None and done else Match.NONE
        unmatched += match is Match.NONE
        rows.append((
            number, route, r.ref, r.state, r.code, r.address, r.sender, r.reference, r.at, now,
            int(match), hit.target.campaign if hit else None, hit.target.seq if hit else None,
            now + NEXT_TRIES[0], 0,
        ))  # fmt: skip
    connection.many(traffic.INSERT_RECEIPT, rows)
    return Taken(batch.write(), unmatched)


def retry(connection: Connection, most: int, now: Instant) -> Retried:
    """Tries receipts again that found no message."""
    waiting = connection.all(traffic.WAITING_RECEIPTS, now=now, most=most)
    of_route: defaultdict[int, list[WaitingReceipt]] = defaultdict(list)
    for w in waiting:
        of_route[w.route].append(w)
    taken: dict[int, Taken] = {}
    for route, mine in of_route.items():
        batch = _Batch(connection, route, f"receipt:{mine[0].id}:{mine[0].tries}", now)
        receipts = [
            Receipt(w.ref, w.state, Instant(w.at), w.code, w.address, w.sender, w.reference)
            for w in mine
        ]
        updates = []
        for w, r, hit in zip(mine, receipts, batch.find(receipts, by_recipient=True), strict=True):
            done = hit is not None and batch.apply(r, hit)
            match = hit.match if hit is not None and done else _unmatched(w, now)
            wait = NEXT_TRIES[w.tries + 1] if w.tries + 1 < len(NEXT_TRIES) else HOUR
            target = hit.target if hit else None
            updates.append((
                int(match), target.campaign if target else None, target.seq if target else None,
                now + wait, w.tries + 1, w.id,
            ))  # fmt: skip
        connection.many(traffic.UPDATE_RECEIPT, updates)
        taken[route] = Taken(batch.write())
    return Retried(len(waiting), taken)


def _unmatched(w: WaitingReceipt, now: Instant) -> Match:
    return Match.GIVEN_UP if now - w.received_at > GIVE_UP_AFTER else Match.NONE


# Looked up, as making an enum's member costs more than the rest of reading a row.
_MESSAGE_STATE = tuple(MessageState)
_PART_STATE = tuple(PartState)
_PART_STATES = {DELIVERED: PartState.DELIVERED, ACCEPTED: PartState.ACCEPTED}


class _Batch:
    """Receipts of one route in one transaction."""

    def __init__(self, connection: Connection, route: int, ref: str, now: Instant) -> None:
        self._connection = connection
        self._route = route
        self._ref = ref
        self._now = now
        self._targets: dict[tuple[int, int], _Target] = {}
        self._parts: dict[tuple[int, int, int, str], PartState] = {}
        self._learnt: list[tuple[int | str, ...]] = []
        self._settled: list[tuple[int, int]] = []
        self._refused: set[int] = set()
        self._sealed: dict[int, bool] = {}
        self._tally = Tally()
        self._journal = Journal()

    def find(self, receipts: Sequence[Receipt], *, by_recipient: bool) -> list[_Found | None]:
        """The part that each receipt speaks of: by id, else by reference, else by recipient."""
        known: defaultdict[str, list[KnownPart]] = defaultdict(list)
        refs = sorted({r.ref for r in receipts if r.ref})
        for part in self._connection.all(traffic.PARTS_BY_REF, route_id=self._route, refs=refs):
            known[part.ref].append(part)
        return [
            self._by_id(r, known.get(r.ref)) or self._by_doubt(r, by_recipient=by_recipient)
            for r in receipts
        ]

    def _by_id(self, r: Receipt, parts: list[KnownPart] | None) -> _Found | None:
        if not parts:
            return None
        # Carriers use ids again after some time: the recipient decides, then the newest.
        p = parts[0]
        if len(parts) > 1 or (r.address and p.address != r.address):
            fitting = [p for p in parts if p.address == r.address] if r.address else parts
            if not fitting:
                return None
            p = max(fitting, key=lambda p: (p.campaign, p.seq))
        target = self._target(p.campaign, p.seq, p)
        state, mine = _PART_STATE[p.part_state], (p.campaign, p.seq, p.part_pass)
        same = [q for q in parts if (q.campaign, q.seq, q.part_pass) == mine]
        others = tuple(q.no for q in same if q.no != p.no) if len(same) > 1 else ()
        return _Found(target, Match.ID, p.no, p.part_pass, state, stored=True, others=others)

    def _by_doubt(self, r: Receipt, *, by_recipient: bool) -> _Found | None:
        if not r.address or not (r.reference or by_recipient):
            return None
        doubts = self._connection.all(traffic.DOUBTS_OF, route_id=self._route, address=r.address)
        named = [d for d in doubts if r.reference and is_reference(r.reference, d.reference)]
        if named:
            return self._doubtful(named[0], Match.REFERENCE)
        near = [
            d for d in doubts if d.sender == r.sender and abs(r.at - d.at) <= SAME_RECIPIENT_WITHIN
        ]
        if by_recipient and not r.reference and len(near) == 1:
            return self._doubtful(near[0], Match.RECIPIENT)
        return None

    def _doubtful(self, d: Doubt, match: Match) -> _Found:
        target = self._target(d.campaign, d.seq, d)
        no = target.parts_done + 1
        return _Found(target, match, no, d.doubt_pass, PartState.ACCEPTED, stored=False)

    def _target(self, campaign: int, seq: int, row: KnownPart | Doubt) -> _Target:
        key = campaign, seq
        if key not in self._targets:
            self._targets[key] = _Target(
                campaign, seq, row.account, _MESSAGE_STATE[row.state],
                row.reason, row.pass_, row.parts, row.parts_done, row.charged, row.price,
            )  # fmt: skip
        return self._targets[key]

    def apply(self, r: Receipt, found: _Found) -> bool:
        """Moves part and message; False when the receipt must wait for a later try."""
        t = found.target
        if t.state is MessageState.PENDING:
            # A further pass is under way: what it ends in comes first.
            return False
        if t.state is MessageState.DELIVERED or t.parts_done >= t.parts:
            return True
        delivered = r.state == DELIVERED
        new = _PART_STATES.get(r.state, PartState.FAILED)
        key = (t.campaign, t.seq, found.no, r.ref)
        known = self._parts.get(key, found.part_state)
        if known is PartState.DELIVERED or (new is PartState.ACCEPTED and found.stored):
            return True
        if r.ref and t.parts > 1:  # of one part, the message's state says it all
            for no in (found.no, *found.others):
                self._parts[t.campaign, t.seq, no, r.ref] = new
        if r.ref and not found.stored:
            self._learnt.append(
                (self._route, r.ref, t.campaign, t.seq, found.no, found.part_pass, int(new))
            )
        self._move(t, r, found, delivered=delivered)
        return True

    def _move(self, t: _Target, r: Receipt, found: _Found, *, delivered: bool) -> None:
        if delivered:
            t.parts_done += 1 + len(found.others)
            t.changed = True
            fact = Fact.DELIVERED if t.parts_done >= t.parts else Fact.ACCEPTED
        elif r.state == ACCEPTED:
            fact = Fact.ACCEPTED
        elif r.state == REFUSED and found.part_pass == t.pass_:
            fact = Fact.REFUSED
        elif found.part_pass == t.pass_:
            fact = Fact.UNDELIVERED
        else:
            return
        before, state = t.state, after(t.state, fact, t.reason)
        if state is None:
            return
        if state is not MessageState.ACCEPTED and not found.stored:
            self._settled.append((t.campaign, t.seq))
        reason = ""
        if state is MessageState.FAILED:
            reason = (r.code or REFUSED) if fact is Fact.REFUSED else r.state
        self._count(t, before, state, reason)
        if fact is Fact.REFUSED:
            self._refused.add(t.campaign)
        else:
            self._charge(t)
        if state is not MessageState.ACCEPTED:
            kind = EventKind.DELIVERED if state is MessageState.DELIVERED else EventKind.FAILED
            self._journal.tell(t.account, t.campaign, kind, Item(t.seq, reason, r.at))
        t.state, t.reason, t.changed = state, reason, True

    def _count(self, t: _Target, before: MessageState, state: MessageState, reason: str) -> None:
        self._tally.move(t.campaign, before, state)
        if before is MessageState.FAILED:
            self._tally.reason(t.campaign, before, t.reason, -1)
        if state is MessageState.FAILED:
            self._tally.reason(t.campaign, state, reason)

    def _charge(self, t: _Target) -> None:
        """What the carrier took costs its price, once; what a seal gave back stays given back."""
        if t.charged == 0 and not self._is_sealed(t.campaign):
            self._tally.capture(t.campaign, t.account, t.price)
            t.charged = t.price

    def _is_sealed(self, campaign: int) -> bool:
        if campaign not in self._sealed:
            found = self._connection.one(traffic.SEALED, campaign=campaign)
            self._sealed[campaign] = bool(found)
        return self._sealed[campaign]

    def write(self) -> Sequence[int]:
        """Writes what the batch changed; messages that came into each state."""
        c = self._connection
        c.many(traffic.LEARN_PART, self._learnt)
        c.many(
            traffic.SET_PART,
            [
                (int(state), self._route, ref, campaign, seq, no)
                for (campaign, seq, no, ref), state in self._parts.items()
            ],
        )
        c.many(
            traffic.SET_MESSAGE,
            [
                (int(t.state), t.reason, t.parts_done, t.charged, self._now, t.campaign, t.seq)
                for t in self._targets.values()
                if t.changed
            ],
        )
        c.many(passes.FORGET_DOUBT, self._settled)
        self._tally.write(c, self._ref, self._now)
        self._journal.write(c, self._now)
        for campaign in sorted(self._refused):
            release_refused(c, campaign, self._now)
        return self._tally.entered
