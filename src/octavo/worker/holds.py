"""What a link holds in memory: granted rows, their intents, and what is in flight."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from octavo.db.statements.dispatching import PendingRow
from octavo.kit.clock import SECOND
from octavo.ledger.claim import GATE, Grant, GrantedSlice
from octavo.ledger.settle import Progress

LATE = GATE / SECOND
"""Seconds behind its booked time after which a message of a route with a rate goes back to the
ledger: in any time t a route sends at most rate x (t + LATE) parts, and one message."""


class Due(NamedTuple):
    """A granted message and the loop's time from which the route's rate lets it leave.

    Not an instant: a wall clock that is set back must not hold up what was granted before.
    """

    at: float
    row: PendingRow


@dataclass(slots=True)
class Hold:
    """A leased slice: `ready` rows have an intent on disk, `waiting` rows have none yet."""

    slice: GrantedSlice
    purpose: int
    ready: deque[Due]
    waiting: deque[Due]
    sent_hi: int
    intent_hi: int
    grant_hi: int
    paced: bool = False
    """The route has a rate: each row has a time of its own to leave."""
    outstanding: int = 0
    after: int = 0
    stopped: bool = False
    undrawn: int = 0
    """Parts that were dropped while their intent is still on disk."""


@dataclass(slots=True)
class Holds:
    """All slices of a link, in the order of their grants. Counts are of parts."""

    by_slice: dict[int, Hold] = field(default_factory=dict)
    unsent: int = 0
    intended: int = 0
    """Parts under an intent that no settle has ended: never more than D."""

    def add(self, grant: Grant, start: float) -> None:
        """Takes a claim's grant; spaces its rows by the route's rate from `start` (loop's time)."""
        at = start
        for s in grant.slices:
            dues: list[Due] = []
            for row in s.rows:
                dues.append(Due(at, row))
                at += row.parts / grant.rate if grant.rate else 0.0
                self.unsent += row.parts
            ready = deque(d for d in dues if d.row.seq <= s.intent_hi)
            waiting = deque(d for d in dues if d.row.seq > s.intent_hi)
            self.intended += sum(d.row.parts for d in ready)
            self.by_slice[s.id] = Hold(
                slice=s,
                purpose=s.rows[0].purpose,
                ready=ready,
                waiting=waiting,
                sent_hi=s.rows[0].seq - 1,
                intent_hi=s.intent_hi,
                grant_hi=s.grant_hi,
                paced=grant.rate is not None,
            )

    def next_ready(
        self, now: float, room: int, *, late: float = 0.0, alone: bool = False
    ) -> list[tuple[Hold, PendingRow]]:
        """Rows that may be written to the socket now, at most `room` parts. Those of a route with
        a rate that should have left before `late` do not.

        `alone`: nothing is in flight, so that a message of more parts than the whole window may
        go by itself; it would block the link for ever.
        """
        out: list[tuple[Hold, PendingRow]] = []
        for hold in self.by_slice.values():
            ready = hold.ready
            if hold.paced and ready and ready[0].at < late:
                break
            while (
                ready and ready[0].at <= now and (ready[0].row.parts <= room or (alone and not out))
            ):
                row = ready.popleft().row
                room -= row.parts
                self.unsent -= row.parts
                hold.sent_hi = row.seq
                hold.outstanding += 1
                out.append((hold, row))
            if ready:
                break
        return out

    def next_due(self) -> float | None:
        """When the next intended row may leave (loop's time)."""
        for hold in self.by_slice.values():
            if hold.ready:
                return hold.ready[0].at
        return None

    def wants_intent(self, credit: int) -> bool:
        """A granted row waits for its intent that `credit` parts would cover."""
        return any(
            hold.waiting and not hold.stopped and hold.waiting[0].row.parts <= credit
            for hold in self.by_slice.values()
        )

    def has_ended(self) -> bool:
        """A slice has nothing left to send or hear of, or an intent to draw back."""
        return any(
            hold.undrawn or not (hold.outstanding or hold.ready or hold.waiting)
            for hold in self.by_slice.values()
        )

    def progress(self, credit: int, answered: dict[int, int]) -> list[Progress]:
        """What a settle should say of each slice; `credit` parts of new intent are asked for.

        `answered` is the number of answers in that settle, by slice.
        """
        out: list[Progress] = []
        for hold in self.by_slice.values():
            intent_hi = hold.intent_hi
            if not hold.stopped and hold.waiting:
                intent_hi, used = _reach(hold, credit)
                credit -= used
            left = hold.outstanding - answered.get(hold.slice.id, 0)
            ended = left == 0 and not hold.ready and not hold.waiting
            moved = intent_hi > hold.intent_hi or hold.undrawn
            if moved or ended or hold.slice.id in answered:
                out.append(_progress(hold, intent_hi, left, ended=ended))
        return out

    def settled(
        self, told: Iterable[Progress], stopped: set[int], skipped: set[tuple[int, int]]
    ) -> None:
        """A settle is on disk: intents are as asked, unless the campaign may send no more; who
        opted out will not be sent to.
        """
        for p in told:
            hold = self.by_slice[p.slice]
            if p.dropped:
                self.intended -= hold.undrawn
                hold.undrawn = 0
            elif p.slice in stopped:
                self.drop(hold)
            else:
                self._intend(hold, p, skipped)
            if p.outstanding == 0 and (p.dropped or p.sent_hi >= p.grant_hi):
                del self.by_slice[p.slice]

    def _intend(self, hold: Hold, p: Progress, skipped: set[tuple[int, int]]) -> None:
        while hold.waiting and hold.waiting[0].row.seq <= p.intent_hi:
            due = hold.waiting.popleft()
            if (p.campaign, due.row.seq) in skipped:
                self.unsent -= due.row.parts
            else:
                self.intended += due.row.parts
                hold.ready.append(due)
        hold.intent_hi = p.intent_hi

    def drop_late(self, late: float) -> None:
        """Gives up slices of which something should have left before `late`: sent now, it would
        come on top of what others have booked since. Not to be called while a settle is under way.
        """
        for hold in self.by_slice.values():
            head = hold.ready or hold.waiting
            if hold.paced and head and head[0].at < late:
                self.drop(hold)

    def drop_all(self) -> None:
        """Nothing more will leave over this link."""
        for hold in self.by_slice.values():
            self.drop(hold)

    def drop(self, hold: Hold) -> None:
        """Nothing more of a slice will leave: what was not sent is given up here."""
        hold.stopped = True
        self.unsent -= sum(d.row.parts for d in hold.ready)
        self.unsent -= sum(d.row.parts for d in hold.waiting)
        hold.undrawn += sum(d.row.parts for d in hold.ready)
        hold.ready.clear()
        hold.waiting.clear()


def _reach(hold: Hold, credit: int) -> tuple[int, int]:
    """How far `credit` parts of intent reach, and the parts used."""
    intent_hi, used = hold.intent_hi, 0
    for due in hold.waiting:
        if used + due.row.parts > credit:
            return intent_hi, used
        used += due.row.parts
        intent_hi = due.row.seq
    return hold.grant_hi, used


def _progress(hold: Hold, intent_hi: int, outstanding: int, *, ended: bool) -> Progress:
    s = hold.slice
    # Rows that were skipped leave gaps: with nothing left to send, all of the grant is sent.
    sent_hi = hold.grant_hi if ended and not hold.stopped else hold.sent_hi
    return Progress(
        slice=s.id,
        campaign=s.campaign,
        account=s.account,
        pass_=s.pass_,
        lo=s.lo,
        hi=s.hi,
        purpose=hold.purpose,
        sent_hi=sent_hi,
        intent_hi=intent_hi,
        old_intent_hi=hold.intent_hi,
        grant_hi=hold.grant_hi,
        outstanding=outstanding,
        after=hold.after,
        dropped=hold.stopped,
    )
