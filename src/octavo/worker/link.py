"""One link at work: claim, send under intent, settle; over and over (design 4)."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter

import structlog

from octavo.db.connection import Connection
from octavo.db.statements.dispatching import PendingRow
from octavo.db.unit_of_work import Rank, Store
from octavo.drivers.protocol import Driver, LinkDown, Outcome, Submission
from octavo.kit.clock import SECOND, Clock
from octavo.kit.errors import StoreInDoubt, StoreUnavailable
from octavo.kit.tickets import reference
from octavo.ledger import claim, links, receipts, settle
from octavo.ledger.errors import LedgerDisagrees, LinkLost
from octavo.ledger.links import Link
from octavo.ledger.settle import Answer
from octavo.worker.answers import answer_of, late, retry_after
from octavo.worker.crew import Crew
from octavo.worker.holds import LATE, Hold, Holds
from octavo.worker.observer import LinkObserver
from octavo.worker.sink import LinkSink
from octavo.worker.texts import Texts

CHUNK = 250
"""Answers that make a settle worth its commit; it also runs when the oldest has waited 20 ms."""
LONGEST_WAIT = 0.020
POLL = 0.100
"""Seconds between looks for work when nobody hints; enough by itself (design 4.11)."""
LAST_SETTLES = 10
"""Tries of the last settle of a drain, while the store is busy."""
DOWN_FOR = 10.0
"""Seconds without a connection after which `/readyz` says so."""
RENEW_EVERY = 4.0
"""Seconds. A renewal also says that the link is bound, which lower tiers trust for 10 s: two may
fail before they step in (design 4.3 allows 10 s)."""
STOP_BEFORE_END = 5.0
LEASE_SECONDS = links.LEASE / SECOND

SHARE_EVERY = 0.25
"""Seconds between looks whether one more link may be taken."""

log = structlog.get_logger()


class LinkRunner:
    """Holds one link of a route and drives its driver.

    `window` is the parts that may be in flight without an answer (W); at most
    D = W + two chunks are under an intent and unsettled.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        make_driver: Callable[[], Driver],
        *,
        route: int,
        no: int,
        worker: str,
        window: int,
        crew: Crew,
        observer: LinkObserver,
    ) -> None:
        self._store = store
        self._clock = clock
        self._make_driver = make_driver
        self._route, self._no, self._worker = route, no, worker
        self._crew = crew
        self._observer = observer
        self.most_in_doubt = window + 2 * CHUNK
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._texts = Texts()
        self._down_since: float | None = asyncio.get_running_loop().time()
        self._reset()

    def _reset(self) -> None:
        self._holds = Holds()
        self._in_flight: dict[tuple[int, int, int], tuple[Hold, PendingRow]] = {}
        self._answers: list[tuple[Answer, int]] = []
        self._answered_at = 0.0
        self._claim_at = 0.0
        self._paced = False
        self._lost_gates = 0
        self._lease_ends = 0.0
        self._renew_at = 0.0

    # -- life ----------------------------------------------------------------------------------

    def wake(self) -> None:
        """A hint that there is work."""
        self._claim_at = 0.0
        self._wake.set()

    @property
    def name(self) -> str:
        """For people: the link's route and its number there."""
        return f"link {self._no} of route {self._route}"

    def is_down(self) -> bool:
        """It has not been connected for so long that somebody should look."""
        since = self._down_since
        return since is not None and asyncio.get_running_loop().time() - since > DOWN_FOR

    def stop(self) -> None:
        """Asks the runner to settle what is in flight and end."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Takes the link, works, and takes it anew whenever it was lost; until `stop`."""
        while not self._stopping.is_set():
            if not self._crew.may_take():
                self._down_since = None  # another worker's concern
                await self._idle(SHARE_EVERY)
                continue
            link = await self._take()
            if link is not None:
                self._crew.took(self)
                await self._serve(link)
                self._crew.gave(self)

    async def _take(self) -> Link | None:
        begun = asyncio.get_running_loop().time()
        try:
            link = await self._store.write(
                Rank.CLAIM,
                lambda c: links.take(
                    c, route=self._route, no=self._no, worker=self._worker, now=self._clock()
                ),
            )
        except StoreUnavailable as error:
            log.warning("link not taken", route=self._route, no=self._no, error=str(error))
        except Exception:
            log.exception("link not taken", route=self._route, no=self._no)
        else:
            if link is not None:
                self._lease_ends = begun + LEASE_SECONDS
                self._renew_at = begun
                self._observer.taken(link)
                return link
            self._down_since = None
        await self._idle(1.0)
        return None

    async def _serve(self, link: Link) -> None:
        """Works until the link is lost, down, left to another, or `stop`.

        A fault of ours must not end it for good: what was on the wire is settled by taking the
        link anew, as after a crash.
        """
        if self._down_since is None:
            self._down_since = asyncio.get_running_loop().time()
        try:
            self._driver = self._make_driver()
        except Exception:
            log.exception("driver not made", route=self._route, no=self._no)
            await self._idle(1.0)
            return
        try:
            await self._driver.start(
                LinkSink(self._store, self._clock, self._route, self.take_outcomes, self._observer)
            )
            self._down_since = None
            self._observer.connected(up=True)
            await self._work(link)
            await self._driver.stop(drain=True)
            await self._settle_rest(link)
            await self._store.write(Rank.CLAIM, lambda c: links.release(c, link))
        except LinkDown as down:
            log.warning("link down", route=self._route, no=self._no, error=str(down))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), down.after)
        except (LinkLost, LedgerDisagrees) as error:
            log.warning("link lost", route=self._route, no=self._no, error=repr(error))
            self._observer.lost()
            await self._give_up()
        except Exception:
            log.exception("link failed", route=self._route, no=self._no)
            await self._give_up()
            await self._idle(1.0)
        self._observer.connected(up=False)
        if self._down_since is None:
            self._down_since = asyncio.get_running_loop().time()
        self._reset()

    async def _give_up(self) -> None:
        # An answer that comes while the driver stops must not send the next message.
        self._holds.drop_all()
        try:
            await self._driver.stop(drain=False)
        except Exception:
            log.exception("driver did not stop", route=self._route, no=self._no)
        try:
            await self._keep_late_answers()
        except Exception:
            log.exception("late answers lost", route=self._route, no=self._no)

    async def _work(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        while self._driver.is_up() and not self._is_ending():
            self._wake.clear()
            self._pump()
            now = loop.time()
            self._holds.drop_late(now - LATE)
            if now >= self._renew_at:
                await self._renew(link)
            if self._settle_due(now):
                await self._settle(link)
            if self._wants_more() and now >= self._claim_at:
                await self._claim(link)
            self._pump()
            await self._idle(self._pause(loop.time()))

    def _is_ending(self) -> bool:
        """Nothing further is claimed or sent."""
        return self._stopping.is_set() or self._crew.is_over(self)

    async def _idle(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)
        else:
            await asyncio.sleep(0)

    def _pause(self, now: float) -> float:
        """Seconds until there is something to do without a hint."""
        if self._settle_due(now):
            return 0.0
        pause = min(POLL, max(self._claim_at - now, 0.0) or POLL)
        if self._wants_more() and self._claim_at <= now:
            return 0.0
        if self._answers:
            pause = min(pause, max(self._answered_at + LONGEST_WAIT - now, 0.001))
        due = self._holds.next_due()
        if due is not None and self._driver.room() > 0:
            pause = min(pause, max(due - now, 0.001))
        return pause

    # -- lease ---------------------------------------------------------------------------------

    async def _renew(self, link: Link) -> None:
        begun = asyncio.get_running_loop().time()
        try:
            ours = await self._store.write(
                Rank.SETTLE,
                lambda c: links.renew(c, link, bound=True, now=self._clock()),
            )
        except StoreUnavailable:
            if begun > self._lease_ends - STOP_BEFORE_END:
                raise LinkLost from None
            self._renew_at = begun + 1.0
            return
        if not ours:
            raise LinkLost
        self._lease_ends = begun + LEASE_SECONDS
        self._renew_at = begun + RENEW_EVERY

    def _lease_is_short(self) -> bool:
        """From then on nothing leaves: another worker may soon hold the link."""
        return asyncio.get_running_loop().time() > self._lease_ends - STOP_BEFORE_END

    # -- claim and send ------------------------------------------------------------------------

    def _wants_more(self) -> bool:
        """On a route with a rate, what is booked while the window is full would be wasted."""
        full = self._paced and self._driver.room() <= 0
        return not full and self._holds.unsent < self.most_in_doubt

    async def _claim(self, link: Link) -> None:
        credit = self.most_in_doubt - self._holds.intended
        loop, begun, now = asyncio.get_running_loop(), 0.0, self._clock()

        def unit(connection: Connection) -> claim.Grant:
            # Not before its turn has come: time that it waited could not be sent in any more.
            nonlocal begun, now
            begun, now = loop.time(), self._clock()
            return claim.claim(connection, link, credit=credit, now=now)

        asked = perf_counter()
        try:
            grant = await self._store.write(Rank.CLAIM, unit)
        except StoreInDoubt:
            raise LinkLost from None  # slices may be leased that nobody here knows of
        except StoreUnavailable:
            self._claim_later(1.0)
            return
        waited = None if grant.due_since is None else now - grant.due_since
        self._observer.claimed(grant, waited, perf_counter() - asked)
        if grant.slices:
            self._paced = grant.rate is not None
            self._holds.add(grant, begun + (grant.start - now) / SECOND)
        elif grant.lost_gate:
            # Each link of the route waits otherwise, and otherwise each time.
            self._lost_gates += 1
            self._claim_later((1 + (self._no + self._lost_gates) % 5) / 1_000)
        elif grant.wait_until is not None:
            self._claim_later((grant.wait_until - now) / SECOND)
        else:
            self._claim_later(POLL)

    def _claim_later(self, seconds: float) -> None:
        self._claim_at = asyncio.get_running_loop().time() + max(seconds, 0.001)

    def _pump(self) -> None:
        """Writes to the socket what has an intent on disk, its time, and room in the window."""
        room = self._driver.room()
        if room <= 0 or self._is_ending() or self._lease_is_short():
            return
        batch: list[Submission] = []
        alone = not self._in_flight
        now = asyncio.get_running_loop().time()
        for hold, row in self._holds.next_ready(now, room, late=now - LATE, alone=alone):
            self._in_flight[row.campaign, row.seq, hold.slice.pass_] = hold, row
            batch.append(
                Submission(
                    row.campaign,
                    row.seq,
                    hold.slice.pass_,
                    row.address,
                    row.sender,
                    self._texts.text(row),
                    row.parts,
                    reference(row.campaign, row.seq),
                )
            )
        if batch:
            self._driver.offer(batch)
            self._observer.sent(len(batch))

    # -- answers and settle --------------------------------------------------------------------

    def take_outcomes(self, batch: Sequence[Outcome]) -> None:
        """Answers of the carrier, in any order."""
        if not self._answers:
            self._answered_at = asyncio.get_running_loop().time()
        for outcome in batch:
            held = self._in_flight.pop((outcome.campaign, outcome.seq, outcome.pass_), None)
            if held is not None:
                hold, row = held
                hold.after = max(hold.after, retry_after(outcome, hold.slice.pass_))
                self._answers.append((answer_of(outcome, hold, row), row.parts))
        self._pump()
        self._wake.set()

    def _settle_due(self, now: float) -> bool:
        if self._answers:
            full = len(self._answers) >= CHUNK or not self._in_flight
            return full or now >= self._answered_at + LONGEST_WAIT
        credit = self.most_in_doubt - self._holds.intended
        return self._holds.wants_intent(credit) or self._holds.has_ended()

    async def _settle(self, link: Link) -> None:
        taken, self._answers = self._answers, []
        answered = Counter(answer.slice for answer, _ in taken)
        parts = sum(parts for _, parts in taken)
        credit = self.most_in_doubt - self._holds.intended + parts
        told = self._holds.progress(credit, answered)
        answers = [answer for answer, _ in taken]
        begun, now = perf_counter(), self._clock()
        try:
            result = await self._store.write(
                Rank.SETTLE, lambda c: settle.settle(c, link, answers, told, now)
            )
        except StoreUnavailable as error:
            self._answers = taken + self._answers
            log.warning("settle postponed", route=self._route, error=str(error))
            if self._lease_is_short() or isinstance(error, StoreInDoubt):
                raise LinkLost from None
            await asyncio.sleep(0.2)
            return
        except Exception as error:
            # They are kept as late answers when the link is given up.
            self._answers = taken + self._answers
            if isinstance(error, LinkLost):
                self._observer.fenced()
            raise
        for slice_id, n in answered.items():
            self._holds.by_slice[slice_id].outstanding -= n
        self._holds.intended -= parts
        self._holds.settled(told, result.stopped, result.skipped)
        self._observer.settled(result, self._holds.intended, perf_counter() - begun)

    async def _settle_rest(self, link: Link) -> None:
        """The last settle of a drain: nothing further leaves, intents are drawn back."""
        self._holds.drop_all()
        for _ in range(LAST_SETTLES):
            await self._settle(link)
            if not self._answers and not self._holds.has_ended():
                return

    async def _keep_late_answers(self) -> None:
        """What the carrier said to a holder that lost its link still counts."""
        now = self._clock()
        known = [one for answer, _ in self._answers for one in late(answer, now)]
        taken = await self._store.write(
            Rank.ACCEPT, lambda c: receipts.take(c, self._route, known, now)
        )
        self._observer.reported(taken, None)
