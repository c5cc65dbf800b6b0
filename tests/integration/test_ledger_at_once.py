"""Everything that may happen to orders, at the same time, on PostgreSQL: it still adds up.

Each part has a connection of its own, as processes have. The order in which their transactions
meet is left to the server.
"""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import TypeVar

import pytest

from octavo.db.codes import CampaignState, InDoubt, MessageState, Purpose
from octavo.db.postgresql_session import Session
from octavo.db.unit_of_work import Unit
from octavo.drivers.protocol import Fault
from octavo.kit.clock import MINUTE, SECOND, Instant
from octavo.ledger import campaigns, events, links, receipts, tasks
from octavo.ledger.errors import LedgerDisagrees, LinkLost
from octavo.ledger.orders import NobodyLeft, PlannedOrder
from octavo.ledger.wallet import InsufficientCredit
from tests.common.engines import OnServer
from tests.common.holder import Holder, Key, ids_of
from tests.common.ledger import NOW, Choice, World

T = TypeVar("T")

LINKS = 3
TIMES = 60
"""How much faster than ours the time of these worlds goes."""

_ENDED = (CampaignState.FINISHED, CampaignState.CANCELED, CampaignState.SEALED)


class Place(World):
    """The world as one process sees it."""

    numbers = count(1)

    def __init__(self, base: World, begun: float) -> None:
        assert isinstance(base.engine, OnServer)
        self.engine = base.engine
        self.session = Session(base.engine.url, random.Random())
        self.account, self.group, self.route = base.account, base.group, base.route
        self.begun = begun
        self._numbers = Place.numbers

    @property
    def now(self) -> Instant:  # type: ignore[override]
        """Time passes by itself here."""
        return Instant(NOW + int((time.monotonic() - self.begun) * SECOND * TIMES))

    def run(self, unit: Unit[T]) -> T:
        return self.session.write(unit)

    def close(self) -> None:
        self.session.close()


class Traffic:
    """What all parts know of: orders, and what the carrier took."""

    def __init__(self, base: World, seed: int) -> None:
        self.base = base
        self.seed = seed
        self.begun = time.monotonic()
        self.ending = threading.Event()
        self.orders: dict[int, PlannedOrder] = {}
        self.taken: list[tuple[Key, str]] = []
        self.wire: Counter[tuple[int, int]] = Counter()
        self.problems: list[BaseException] = []
        self.accounts = [base.account, base.make_account("3")]

    def place(self) -> Place:
        return Place(self.base, self.begun)

    def run(self, *parts: Callable[[Place, random.Random], None], seconds: float) -> None:
        """Runs the parts, each again and again in a thread of its own."""
        threads = [
            threading.Thread(target=self._repeat, args=(part, n)) for n, part in enumerate(parts)
        ]
        for thread in threads:
            thread.start()
        self.ending.wait(seconds)
        self.ending.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def _repeat(self, part: Callable[[Place, random.Random], None], n: int) -> None:
        place, rng = self.place(), random.Random(f"{self.seed}-{n}")
        try:
            while not self.ending.is_set():
                part(place, rng)
        except BaseException as error:
            self.problems.append(error)
            self.ending.set()
            raise
        finally:
            place.close()

    # -- parts ---------------------------------------------------------------------------------

    def order(self, place: Place, rng: random.Random) -> None:
        account = rng.choice(self.accounts)
        planned = place.plan(
            rng.choice([1, 1, 5, 20]),
            account=account,
            in_doubt=rng.choice(list(InDoubt)),
            in_doubt_after=MINUTE,
            purpose=rng.choice(list(Purpose)),
            send_at=Instant(place.now + rng.choice([0, 0, 10 * SECOND])),
            slice_size=rng.choice([1, 4, 20]),
        )
        try:
            self.orders[place.accept(planned).campaign] = planned
        except InsufficientCredit:
            place.top_up(account, "2")
        except NobodyLeft:
            return
        time.sleep(rng.random() * 0.02)

    def hold(self, no: int) -> Callable[[Place, random.Random], None]:
        """A link of the one route; its holder dies now and then."""
        holders: list[Holder] = []

        def part(place: Place, rng: random.Random) -> None:
            if not holders:
                holders.append(self._take(place, no))
            holder = holders[0]
            try:
                self._work(holder, rng)
            except (LedgerDisagrees, LinkLost):
                holders[0] = self._take(place, no)

        return part

    def _take(self, place: Place, no: int) -> Holder:
        link = place.run(
            lambda c: links.take(c, route=place.route, no=no, worker="w", now=place.now)
        )
        assert link is not None
        return Holder(place, link, window=6, most=12)

    def _work(self, holder: Holder, rng: random.Random) -> None:
        holder.claim()
        for key in holder.pump():
            self.wire[key[:2]] += 1
        for key in sorted(holder.in_flight):
            match rng.randrange(12):
                case 0:
                    self.wire[key[:2]] -= 1
                    holder.refused(key, rng.choice([Fault.PERMANENT, Fault.TEMPORARY]))
                case 1:
                    if rng.random() < 0.5:
                        self.taken.append((key, holder.in_flight[key][1].address))
                    holder.lost(key)
                case 2:
                    continue
                case _:
                    self.taken.append((key, holder.in_flight[key][1].address))
                    holder.accepted(key)
        if rng.randrange(25) == 0:
            raise LinkLost  # a crash: what is in flight is forgotten
        if holder.wants_settle():
            holder.settle()
        else:
            time.sleep(0.005)

    def report(self, place: Place, rng: random.Random) -> None:
        """Receipts, some twice, some early, some without a known id."""
        some = [rng.choice(self.taken) for _ in range(rng.randrange(1, 12)) if self.taken]
        states = [receipts.DELIVERED] * 4 + ["expired", "undeliverable"]
        told = [
            receipts.Receipt(ids_of(key)[0], rng.choice(states), place.now, "", address, "Octavo")
            for key, address in some
        ]
        place.receipts(*told)
        time.sleep(rng.random() * 0.01)

    def command(self, place: Place, rng: random.Random) -> None:
        time.sleep(rng.random() * 0.02)
        if self.orders:
            order = self.orders[rng.choice(list(self.orders)[-30:])]
            how = rng.choice([self.pause, self.resume, self.pause, self.resume, self.cancel])
            how(place, order)

    def pause(self, place: Place, order: PlannedOrder) -> None:
        with suppress(campaigns.NotInThisState):
            place.run(lambda c: campaigns.pause(c, order.account, order.ticket))

    def resume(self, place: Place, order: PlannedOrder) -> None:
        with suppress(campaigns.NotInThisState):
            place.run(lambda c: campaigns.resume(c, order.account, order.ticket, place.now))

    def cancel(self, place: Place, order: PlannedOrder) -> None:
        with suppress(campaigns.NotInThisState):
            place.run(lambda c: campaigns.cancel(c, order.account, order.ticket, place.now))

    def keep_house(self, place: Place, rng: random.Random) -> None:
        """Not `housekeeping`: time goes so fast that something is always due."""
        place.run(lambda c: tasks.promote(c, 50, place.now))
        place.run(lambda c: tasks.step(c, place.now))
        place.run(lambda c: events.number_events(c, 50))
        place.run(lambda c: receipts.retry(c, 50, place.now))
        place.run(lambda c: campaigns.seal_some(c, 10, place.now))
        time.sleep(rng.random() * 0.01)

    # -- the end -------------------------------------------------------------------------------

    def finish(self) -> None:
        """Everybody resumes, the carrier takes all: nothing may stay pending."""
        place, rng = self.place(), random.Random(1)
        for order in self.orders.values():
            self.resume(place, order)
        holders = [self._take(place, no) for no in range(LINKS)]
        for _ in range(400):
            for _ in range(20):
                self.keep_house(place, rng)
            for holder in holders:
                for key in holder.work():
                    self.wire[key[:2]] += 1
            states = {self.base.state(campaign) for campaign in self.orders}
            if states <= set(_ENDED):
                break
            self._begun_earlier(place)
        place.close()
        assert states <= set(_ENDED)

    def _begun_earlier(self, place: Place) -> None:
        """Time jumps ahead, past what is waited for."""
        self.begun -= 20 / TIMES
        place.begun = self.begun

    def check(self) -> None:
        assert self.problems == []
        assert self.base.breaches() == []
        twice = [message for message, n in self.wire.items() if n > 1]
        never = [m for m in twice if self.orders[m[0]].in_doubt is InDoubt.NEVER_REPEAT]
        assert never == []
        positions = self.base.sql("SELECT pos FROM event WHERE pos IS NOT NULL ORDER BY pos")
        assert [pos for (pos,) in positions] == list(range(1, len(positions) + 1))


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    monkeypatch.setattr(Choice, "name", "postgresql")
    base = World()
    yield Traffic(base, time.time_ns() % 1_000_000)
    base.close()


def run(traffic: Traffic, seconds: float) -> None:
    sys.stdout.write(f"seed {traffic.seed}\n")
    holders = [traffic.hold(no) for no in range(LINKS)]
    traffic.run(
        traffic.order,
        traffic.order,
        *holders,
        traffic.report,
        traffic.report,
        traffic.command,
        traffic.keep_house,
        traffic.keep_house,
        seconds=seconds,
    )
    traffic.check()
    traffic.finish()
    traffic.check()
    sys.stdout.write(
        f"{len(traffic.orders)} orders, {sum(traffic.wire.values())} messages on the wire\n"
    )
    for campaign in traffic.orders:
        assert traffic.base.counted(campaign, MessageState.PENDING) == 0


def test_it_adds_up(traffic: Traffic) -> None:
    run(traffic, seconds=3)


@pytest.mark.slow
def test_it_still_adds_up(traffic: Traffic) -> None:
    run(traffic, seconds=40)
