"""The process dies at a chosen instant: around each commit, around each write to the carrier."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from octavo.db.codes import CampaignState, MessageState
from octavo.db.connection import Connection
from octavo.drivers.sandbox.outbox import read_outbox
from octavo.kit.clock import system_clock
from octavo.ledger import campaigns
from octavo.routes import service as routes
from octavo.routes.service import MOST_WINDOW
from tests.crash.judge import (
    MOST_IN_DOUBT,
    Books,
    Key,
    doubted,
    opened,
)
from tests.crash.load import Answer, Customer, Notes, Order, make_order
from tests.crash.site import ENGINES, Site, made_on

pytestmark = pytest.mark.slow


Unit = Callable[[Connection], None]


class Desk:
    """One customer with one server, and what both know."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.server = site.api
        self.notes = Notes()
        self.deaths = 0
        self._customer = Customer(site.api.port, self.notes)
        self._rng = random.Random(1)

    def order(self, size: int = 500, *, repeat: bool = False, **more: object) -> Order:
        """Makes an order and tries it once; `retry` finds out what became of it."""
        mark = f"m{len(self.notes.orders)}"
        order = make_order(mark, self._rng, size=size, repeat=repeat, guarded=True, **more)
        self.notes.orders[mark] = order
        # What is left of a connection to a server that died would be taken for this one's death.
        self._customer.close()
        answer = self._customer.post(order)
        if answer.status == 201:
            self.notes.taken[mark] = str(answer.body["sms_ticket"])
        else:
            assert answer.status == 0
        return order

    def retry(self) -> dict[str, Answer]:
        """Tries again what got no answer; the answers by mark."""
        unheard = [o for m, o in self.notes.orders.items() if m not in self.notes.taken]
        return {order.mark: self._retry(order) for order in unheard}

    def _retry(self, order: Order) -> Answer:
        answer = self._customer.send(order, broken=True)
        assert self.notes.problems == []
        return answer

    def dies(self, moment: str, *, repeat: bool = False, order: bool = True) -> None:
        """Starts the server, orders if it lives that long, and sees it die at a moment."""
        self.server.launch(CRASH_AT=moment)
        if order and self.server.wait_ready_or_dead():
            self.order(repeat=repeat)
        self.server.wait_killed()
        self.site.bury(self.server)
        self.deaths += 1

    def starts(self) -> None:
        """Starts the server with no fault in it, and waits until it has looked at the past."""
        self.site.start()

    def ends(self) -> Books:
        """Settles, stops and judges."""
        if not self.server.running():
            self.starts()
        self.retry()
        return self.site.ends(self.notes, self.deaths)

    def write(self, unit: Unit) -> None:
        """A short write beside the server, as commands do."""
        self.site.write(unit)

    def taken(self) -> Counter[Key]:
        """How often the carrier took each message so far."""
        lines = read_outbox(self.server.data_dir)
        return Counter((line.campaign, line.seq) for line in lines if line.ids)

    def doubts(self) -> Counter[Key]:
        """How often each message has come into doubt so far."""
        with closing(opened(self.server.data_dir, self.server.url)) as raw:
            return Counter(doubted(raw))

    def close(self) -> None:
        self._customer.close()


@pytest.fixture
def desk(request: pytest.FixtureRequest, prepared: Path, tmp_path: Path) -> Iterator[Desk]:
    """On SQLite unless the test names another engine."""
    with made_on(getattr(request, "param", "sqlite"), tmp_path, prepared, workers=0) as site:
        desk = Desk(site)
        yield desk
        desk.close()


on_each_engine = pytest.mark.parametrize("desk", ENGINES, indirect=True)
"""For what differs by engine: the commit."""


@on_each_engine
def test_an_order_is_there_exactly_when_its_commit_was(desk: Desk) -> None:
    for moment in ("accept:before:1", "accept:during:1", "accept:after:1"):
        desk.dies(moment)
    desk.starts()
    answers = desk.retry()
    assert answers["m0"].status == 201
    assert answers["m1"].status in {201, 400}
    assert answers["m2"].body["code"] == 120
    desk.ends()


DISPATCH = {
    "claim:before:1": "no doubt",
    "claim:during:1": "none or no doubt",
    "claim:after:1": "none",
    "granted:-:1": "none",
    "offer:before:1": "none",
    "offer:during:1": "some",
    "offer:after:1": "all",
    "answered:-:1": "all",
    "settle:before:1": "all",
    "settle:during:1": "all or no doubt",
    "settle:after:1": "no doubt",
}
"""How much of what comes into doubt at a moment the carrier has: all rows of the first grant of a
process are offered in one write, and answered in one batch.
"""


@on_each_engine
def test_in_doubt_is_what_had_an_intent_and_no_outcome(desk: Desk) -> None:
    seen: list[tuple[Counter[Key], Counter[Key]]] = []
    for moment in DISPATCH:
        desk.dies(moment)
        seen.append((desk.taken(), desk.doubts()))
    desk.starts()
    seen.append((desk.taken(), desk.doubts()))
    for (moment, share), (taken, doubts), (_, later) in zip(
        DISPATCH.items(), seen, seen[1:], strict=False
    ):
        fresh = later - doubts
        found = {"no doubt"} if not fresh else shares(sum(taken[key] for key in fresh), len(fresh))
        assert found & set(share.split(" or ")), (moment, found, len(fresh))
    desk.ends()


def shares(part: int, whole: int) -> set[str]:
    return {"none"} if part == 0 else {"all"} if part == whole else {"some"}


def test_a_kill_leaves_at_most_d_in_doubt(desk: Desk) -> None:
    desk.server.start(OCTAVO_SANDBOX_ANSWER_LATENCY="3")
    for _ in range(8):
        desk.order()
    wait_sent(desk, MOST_WINDOW // 2)
    time.sleep(0.5)
    desk.server.kill9()
    desk.deaths += 1
    desk.starts()
    assert MOST_WINDOW // 2 <= desk.doubts().total() <= MOST_IN_DOUBT
    desk.ends()


def test_receipts_are_taken_once_whatever_they_interrupt(desk: Desk) -> None:
    for moment in ("receipts:before:1", "receipts:during:2", "receipts:after:1"):
        desk.dies(moment, repeat=True)
    books = desk.ends()
    assert {m.state for m in books.messages.values()} == {MessageState.DELIVERED}


def test_taking_over_is_done_once(desk: Desk) -> None:
    desk.dies("offer:during:1")
    desk.dies("take:before:1", order=False)
    desk.dies("take:during:1", order=False)
    desk.dies("take:after:1", order=False)
    desk.starts()
    assert set(desk.doubts().values()) == {1}
    books = desk.ends()
    states = Counter(m.state for m in books.messages.values())
    assert set(states) == {MessageState.DELIVERED, MessageState.UNKNOWN}


def test_repeating_is_done_once_for_each_doubt(desk: Desk) -> None:
    desk.dies("granted:-:1", repeat=True)
    for moment in ("repeat:before:1", "repeat:during:1", "repeat:after:1"):
        desk.dies(moment, order=False)
    desk.dies("offer:during:1", order=False)
    books = desk.ends()
    assert {m.state for m in books.messages.values()} == {MessageState.DELIVERED}
    assert {books.times(key) for key in books.messages} == {1}


def slowly(desk: Desk) -> None:
    """A route that takes seconds for an order, so that there is something to stop."""
    desk.write(lambda c: routes.set_rate(c, "sandbox", 200.0))


def wait_sent(desk: Desk, least: int) -> None:
    desk.server.wait(lambda: len(desk.taken()) >= least, "too little was sent")


def cancel(desk: Desk, ticket: str) -> None:
    desk.write(lambda c: campaigns.cancel(c, 1, ticket, system_clock()))


def test_canceling_goes_on_where_it_was(desk: Desk) -> None:
    slowly(desk)
    desk.server.start(CRASH_AT="cancel_step:before:1")
    for repeat in (True, False):
        desk.order(repeat=repeat)
    wait_sent(desk, 100)
    for ticket in desk.notes.taken.values():
        cancel(desk, ticket)
    desk.server.wait_killed()
    desk.dies("cancel_step:during:1", order=False)
    desk.dies("cancel_step:after:2", order=False)
    desk.deaths += 1
    books = desk.ends()
    assert {c.state for c in books.campaigns.values()} == {CampaignState.CANCELED}
    states = Counter(m.state for m in books.messages.values())
    assert states[MessageState.SKIPPED]
    assert states[MessageState.DELIVERED]


def test_what_was_in_doubt_when_it_was_canceled_is_not_repeated(desk: Desk) -> None:
    desk.dies("offer:during:1", repeat=True)
    sent = desk.taken()
    (ticket,) = desk.notes.taken.values()
    cancel(desk, ticket)
    books = desk.ends()
    assert {key: books.times(key) for key in books.sent} == sent
    assert {c.state for c in books.campaigns.values()} == {CampaignState.CANCELED}


def test_what_is_paused_stays_paused_and_then_goes_on(desk: Desk) -> None:
    slowly(desk)
    desk.server.start(CRASH_AT="drawn:before:1")
    desk.order()
    (ticket,) = desk.notes.taken.values()
    wait_sent(desk, 50)
    desk.write(lambda c: campaigns.pause(c, 1, ticket))
    desk.server.wait_killed()
    sent = desk.taken()
    desk.starts()
    later = desk.order(1)
    wait_sent(desk, len(sent) + 1)
    assert sum(desk.taken().values()) == sum(sent.values()) + len(later.texts)
    desk.write(lambda c: campaigns.resume(c, 1, ticket, system_clock()))
    wait_sent(desk, len(sent) + 50)
    desk.server.kill9()
    desk.dies("granted:-:2", order=False)
    desk.deaths += 2
    books = desk.ends()
    assert len(books.sent) > len(sent)
