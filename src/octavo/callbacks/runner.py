"""One endpoint at work: reads what happened, calls, saves how far it is."""

import asyncio
import contextlib
from random import Random
from time import monotonic
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from octavo.callbacks import service
from octavo.callbacks.book import Book, Call
from octavo.callbacks.client import Answer
from octavo.callbacks.pace import LEAST, MOST, Pace, pause, wait
from octavo.callbacks.schemas import Held
from octavo.callbacks.service import LEASE, EndpointLost, Saved
from octavo.db.codes import CallbackKind
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import SECOND, Clock, Instant
from octavo.kit.errors import StoreUnavailable

SAVE_EVERY = 1.0
ANSWERS_A_SAVE = 100
RENEW_EVERY = 10.0
SURE_FOR = LEASE / SECOND - 5
"""Seconds after a save in which nobody else can have taken the endpoint."""
LOOK_EVERY = 0.25
"""Seconds between looks for more while calls are under way."""
DUE_EVERY = 1.0
DUE_AT_ONCE = 2 * MOST
LOW = MOST
"""Calls read and not yet made, below which more is read."""

log = structlog.get_logger()


class Poster(Protocol):
    """Makes calls."""

    async def post(self, url: str, body: bytes, id_: str, timestamp: int) -> Answer:
        """One call; whatever goes wrong is in the answer."""


class Observer(Protocol):
    """Watches callbacks."""

    def called(self, kind: CallbackKind, *, taken: int, failed: int, seconds: float) -> None:
        """Calls were answered, or failed, since the last time; `seconds` is their sum."""

    def dropped(self, kind: CallbackKind, calls: int) -> None:
        """Calls were given up for their age."""


class Capacity:
    """Calls in flight that all endpoints together may have beyond the few that each may."""

    def __init__(self, spare: int) -> None:
        self._spare = spare

    def borrow(self) -> bool:
        """Whether there was one to spare."""
        if not self._spare:
            return False
        self._spare -= 1
        return True

    def give_back(self) -> None:
        """A borrowed call has ended."""
        self._spare += 1


class Runner:
    """Serves an endpoint until nothing is left to tell, it is down, lost, or told to stop."""

    def __init__(
        self,
        store: Store,
        poster: Poster,
        *,
        clock: Clock,
        chance: Random,
        capacity: Capacity,
        held: Held,
        observer: Observer,
    ) -> None:
        self.held = held
        self.since = monotonic()
        self._store = store
        self._poster = poster
        self._clock = clock
        self._chance = chance
        self._capacity = capacity
        self._observer = observer
        self._book = Book(held.place, ZoneInfo(held.time_zone))
        self._pace = Pace(held.failures)
        self._error = held.error, held.error_at
        self._retrying = held.retrying
        self._hurry = False
        self._answers = self._taken = 0
        self._answer_seconds = 0.0
        self._heard = False
        self._saved = monotonic()
        self._looked = self._looked_for_due = float("-inf")
        self._exhausted = False
        self._stopping = False
        self._last_moment = float("inf")
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = log.bind(account=held.account, kind=held.kind.name.lower())

    def stop(self, patience: float = float("inf")) -> None:
        """Makes no further calls and ends when those under way are answered, or after `patience`
        seconds: calls without an answer by then are made again by whoever serves next.
        """
        self._stopping = True
        self._last_moment = min(self._last_moment, monotonic() + patience)
        self._changed.set()

    async def run(self) -> None:
        """Until there is nothing more to do."""
        try:
            while await self._round():
                pass
            await self._end()
        except EndpointLost:
            self._log.info("callback endpoint left to another worker or address")
        finally:
            self._stopping = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _round(self) -> bool:
        """Reads, calls, waits, saves; False when it is time to end."""
        self._changed.clear()
        if not self._resting():
            await self._read()
        self._call()
        if self._is_done():
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY):
                await self._changed.wait()
        if self._must_save():
            await self._save(Instant(self._clock() + LEASE))
        if monotonic() - self._saved > SURE_FOR:
            raise EndpointLost
        return True

    def _resting(self) -> bool:
        """Whether no call may begin: told to stop, or nothing but failures came back."""
        return self._stopping or (self._pace.down and self._heard)

    def _is_done(self) -> bool:
        if self._tasks:
            return monotonic() > self._last_moment
        return self._resting() or (self._exhausted and not self._book.ready)

    # -- reading -------------------------------------------------------------------------------

    async def _read(self) -> None:
        now = monotonic()
        if self._book.ready >= LOW or self._book.crowded:
            return
        try:
            if self._retrying and now - self._looked_for_due >= DUE_EVERY:
                await self._read_due(now)
            if self._book.ready < LOW and not (self._exhausted and now - self._looked < LOOK_EVERY):
                await self._read_page(now)
        except StoreUnavailable as problem:
            self._log.warning("callbacks not read", error=str(problem))
            self._exhausted, self._looked = True, now + SAVE_EVERY

    async def _read_due(self, now: float) -> None:
        most = DUE_AT_ONCE + self._book.held_rows
        at = self._clock()
        found = await self._store.read(lambda c: service.due(c, self.held, most, at))
        self._book.add_due(found, at)
        self._looked_for_due = now if len(found) < most else float("-inf")

    async def _read_page(self, now: float) -> None:
        place, retrying = self._book.read_to, self._retrying
        page = await self._store.read(
            lambda c: service.page(c, self.held, place, retrying=retrying)
        )
        self._book.add_page(page, self._clock())
        self._exhausted = page.next == place
        self._looked = now

    # -- calling -------------------------------------------------------------------------------

    def _call(self) -> None:
        """As many calls as the customer bears."""
        while not self._resting() and len(self._tasks) < self._pace.limit:
            borrowed = len(self._tasks) >= LEAST
            if borrowed and not self._capacity.borrow():
                return
            call = self._book.next(self._clock())
            if call is None:
                if borrowed:
                    self._capacity.give_back()
                return
            task = asyncio.create_task(self._make(call, borrowed=borrowed))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._call()
        if self._book.ready < LOW or self._answers >= ANSWERS_A_SAVE or not self._tasks:
            self._changed.set()

    async def _make(self, call: Call, *, borrowed: bool) -> None:
        try:
            seconds = call.begun // SECOND
            answer = await self._poster.post(self.held.url, call.body, call.happening.id, seconds)
        except Exception:
            # A fault of ours with one call must not end those of the rest.
            log.exception("callback failed", id=call.happening.id)
            answer = Answer("a fault of Octavo", 0.0)
        finally:
            if borrowed:
                self._capacity.give_back()
        self._take(call, answer)

    def _take(self, call: Call, answer: Answer) -> None:
        was_down, now = self._pace.down, self._clock()
        self._pace.answered(taken=answer.taken, seconds=answer.seconds, now=monotonic())
        self._answers += 1
        self._answer_seconds += answer.seconds
        self._heard = True
        if answer.taken:
            self._taken += 1
            self._book.taken(call)
            if was_down:
                self._hurry = True
                self._log.info("callback endpoint answers again")
        else:
            self._book.failed(call, wait(call.tries + 1, self._chance), now)
            self._retrying = True
            self._error = answer.error, now
            if self._pace.down and not was_down:
                self._log.warning("callback endpoint is down", error=answer.error)

    # -- saving --------------------------------------------------------------------------------

    def _must_save(self) -> bool:
        waited = monotonic() - self._saved
        if self._answers >= ANSWERS_A_SAVE or waited >= RENEW_EVERY:
            return True
        return waited >= SAVE_EVERY and (self._hurry or self._book.has_changes())

    async def _save(
        self, until: Instant, paused_until: Instant = Instant(0), *, last: bool = False
    ) -> None:
        """Raises EndpointLost."""
        begun, now = monotonic(), self._clock()
        changes, hurry = self._book.changes(now, last=last), self._hurry
        self._retrying = self._retrying or bool(changes.failed)
        error, error_at = self._error
        saved = Saved(
            until=until,
            failures=self._pace.failures,
            paused_until=paused_until,
            error=error,
            error_at=error_at,
            hurry=hurry,
            **changes._asdict(),
        )
        self._tell_observer()
        self._answers, self._hurry = 0, False
        try:
            await self._store.write(Rank.TASK, lambda c: service.save(c, self.held, saved, now))
        except StoreUnavailable as problem:
            self._book.restore(changes)
            self._hurry = hurry or self._hurry
            self._log.warning("callbacks not saved", error=str(problem))
            await asyncio.sleep(SAVE_EVERY)
            return
        self._book.keep(changes)
        if changes.dropped:
            self._observer.dropped(self.held.kind, changes.dropped)
        self._saved = begun
        if hurry:
            self._looked_for_due = float("-inf")

    def _tell_observer(self) -> None:
        if self._answers:
            self._observer.called(
                self.held.kind,
                taken=self._taken,
                failed=self._answers - self._taken,
                seconds=self._answer_seconds,
            )
        self._taken, self._answer_seconds = 0, 0.0

    async def _end(self) -> None:
        now = self._clock()
        paused = pause(self._pace.failures, self._chance) if self._pace.down else 0
        await self._save(now, Instant(now + paused if paused else 0), last=True)
