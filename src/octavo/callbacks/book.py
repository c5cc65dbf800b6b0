"""What one endpoint has to call, is calling and has called: in order for each message.

Pure: no clock, no network, no store. A call that fails becomes a row to be tried again, and so does
whatever its message has to tell after it. The cursor stands at the first call that is neither
taken nor a row.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from octavo.callbacks.bodies import body_of
from octavo.callbacks.pace import too_old
from octavo.callbacks.schemas import Due, Happening, Page, Place, RetryRow
from octavo.kit.clock import MINUTE, SECOND, Instant

BEHIND_FOR = 5 * SECOND
"""Microseconds until a callback behind another of its message is looked at."""
PARKED_FOR = MINUTE
"""As long as a call under way may go on after its process died, before it is made again."""

Message = tuple[int, int]


@dataclass(slots=True, eq=False)
class Call:
    """One callback on its way. `stored`: it has a row; `settled`: the cursor may pass it."""

    happening: Happening
    body: bytes
    tries: int = 0
    next_try_at: Instant = Instant(0)
    stored: bool = False
    settled: bool = False
    begun: Instant = Instant(0)

    def row(self) -> RetryRow:
        """As it is stored."""
        h = self.happening
        return RetryRow(h.campaign, h.seq, h.place, self.tries, h.since, self.next_try_at)


class Changes(NamedTuple):
    """What a save writes: the cursor, new rows, rows tried again in vain, rows that are done."""

    place: Place
    failed: tuple[RetryRow, ...]
    again: tuple[RetryRow, ...]
    done: tuple[RetryRow, ...]
    dropped: int


class Book:
    """The calls of one endpoint, from `place` on; dates are told in `zone`."""

    def __init__(self, place: Place, zone: ZoneInfo) -> None:
        self.read_to = place
        self._flying: dict[Call, None] = {}
        self._zone = zone
        self._saved_to = place
        self._line: deque[Call] = deque()
        self._ready: deque[Call] = deque()
        self._busy: dict[Message, list[Call]] = {}
        self._behind: set[Message] = set()
        self._mine: set[Place] = set()
        self._failed: list[RetryRow] = []
        self._again: list[RetryRow] = []
        self._done: list[RetryRow] = []
        self._dropped = 0

    @property
    def ready(self) -> int:
        """Calls that could be made."""
        return len(self._ready)

    @property
    def held_rows(self) -> int:
        """Rows that are in our hands: the store may still give them as due."""
        return len(self._mine)

    @property
    def crowded(self) -> bool:
        """Too much is remembered to read on before what was read is called."""
        return len(self._line) > 2_000 or len(self._behind) > 1_000

    # -- work comes in -------------------------------------------------------------------------

    def add_page(self, page: Page, now: Instant) -> None:
        """What was read from `read_to` on."""
        if not self._ready:
            # What failed by now is in the store, where the page was compared with it, or unsaved.
            self._behind = {(row.campaign, row.seq) for row in (*self._failed, *self._again)}
        for happening in page.happenings:
            self._add(happening, behind=happening.place in page.behind, now=now)
        self.read_to = page.next

    def _add(self, happening: Happening, *, behind: bool, now: Instant) -> None:
        body = body_of(happening, self._zone)
        if body is None or too_old(happening.since, now):
            self._dropped += body is not None
            return
        call = Call(happening, body)
        self._line.append(call)
        if behind:
            self._put_behind(call, now)
        else:
            self._ready.append(call)

    def add_due(self, due: Iterable[Due], now: Instant) -> None:
        """Rows that are due; those in our hands already are left alone."""
        for d in due:
            if d.place in self._mine or (d.campaign, d.seq) in self._busy:
                continue
            body = body_of(d.happening, self._zone) if d.happening else None
            if d.happening is None or body is None or too_old(d.since, now):
                self._dropped += 1
                self._done.append(RetryRow(d.campaign, d.seq, d.place, d.tries, d.since, now))
            else:
                call = Call(d.happening, body, d.tries, stored=True, settled=True)
                self._ready.append(call)
            self._mine.add(d.place)

    # -- calls go out and come back ------------------------------------------------------------

    def next(self, now: Instant) -> Call | None:
        """The call to make next; it is in flight from now on."""
        while self._ready:
            call = self._ready.popleft()
            message = call.happening.message
            if message in self._behind and not call.stored:
                self._put_behind(call, now)
            elif message in self._busy:
                self._busy[message].append(call)
            else:
                self._busy[message] = []
                self._flying[call] = None
                call.begun = now
                return call
        return None

    def taken(self, call: Call) -> None:
        """The customer has it."""
        self._flying.pop(call, None)
        call.settled = True
        if call.stored:
            self._done.append(call.row())
        self._ready.extendleft(reversed(self._busy.pop(call.happening.message)))

    def failed(self, call: Call, wait: int, now: Instant) -> None:
        """The customer does not have it: it is tried again `wait` microseconds from now, and what
        comes after it for its message waits.
        """
        self._flying.pop(call, None)
        call.tries += 1
        call.next_try_at = Instant(now + wait)
        if call.stored:
            self._again.append(call.row())
        else:
            self._store(call)
        self._behind.add(call.happening.message)
        for waiting in self._busy.pop(call.happening.message):
            self._put_behind(waiting, now)

    def _put_behind(self, call: Call, now: Instant) -> None:
        call.next_try_at = Instant(now + BEHIND_FOR)
        self._behind.add(call.happening.message)
        if call.stored:
            self._again.append(call.row())
        else:
            self._store(call)

    def _store(self, call: Call) -> None:
        call.stored = call.settled = True
        self._failed.append(call.row())

    # -- saving --------------------------------------------------------------------------------

    def has_changes(self) -> bool:
        """Whether a save would say anything new."""
        self._advance()
        return (
            bool(self._failed or self._again or self._done or self._dropped)
            or self._place() != self._saved_to
        )

    def changes(self, now: Instant, *, last: bool = False) -> Changes:
        """What to save; `keep` or `restore` must follow.

        Calls under way for over a second become rows: one slow answer must not hold the cursor.
        In the `last` save all do: nobody waits for their answers any more.
        """
        for call in self._flying:
            if not call.stored and (last or now - call.begun > SECOND):
                call.next_try_at = Instant(now + (0 if last else PARKED_FOR))
                self._store(call)
                self._mine.add(call.happening.place)
        self._advance()
        changes = Changes(
            self._place(), tuple(self._failed), tuple(self._again), tuple(self._done), self._dropped
        )
        self._failed, self._again, self._done, self._dropped = [], [], [], 0
        return changes

    def keep(self, changes: Changes) -> None:
        """They are on disk."""
        self._saved_to = changes.place
        self._mine.difference_update(row.place for row in (*changes.again, *changes.done))

    def restore(self, changes: Changes) -> None:
        """They are not: the next save says them again."""
        self._failed = [*changes.failed, *self._failed]
        self._again = [*changes.again, *self._again]
        self._done = [*changes.done, *self._done]
        self._dropped += changes.dropped

    def _advance(self) -> None:
        while self._line and self._line[0].settled:
            self._line.popleft()

    def _place(self) -> Place:
        return self._line[0].happening.place if self._line else self.read_to
