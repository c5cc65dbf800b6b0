"""What the ledger tells whoever measures it, and the backlog that is read of it, on each engine."""

from collections.abc import Iterator

import pytest

from octavo.callbacks import backlog as callbacks
from octavo.callbacks import service
from octavo.db.codes import CallbackKind, EventKind, InDoubt, MessageState, Purpose
from octavo.db.statements.backlog import Due
from octavo.kit.clock import HOUR, SECOND, Instant
from octavo.kit.money import money
from octavo.ledger import links, receipts
from octavo.ledger.events import Item, Journal, number_events
from octavo.ledger.receipts import Receipt, Taken
from octavo.ledger.settle import Settled
from octavo.metrics import backlog
from octavo.metrics.backlog import Backlog
from tests.common.holder import Holder, ids_of
from tests.common.ledger import World

URL = "https://example.org/"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def entered(taken: Taken | Settled) -> dict[MessageState, int]:
    """Messages that came into each state, without those that none came into."""
    return {state: n for state, n in zip(MessageState, taken.entered, strict=True) if n}


def take(world: World, *told: Receipt) -> Taken:
    return world.run(lambda c: receipts.take(c, world.route, told, world.now))


def read(world: World) -> Backlog:
    return world.run(lambda c: backlog.read(c, world.now))


def test_a_settle_tells_what_became_of_messages(world: World) -> None:
    world.send(5)
    holder = Holder(world)
    holder.claim()
    first, second, third, fourth, fifth = holder.pump()
    holder.accepted(first)
    holder.accepted(second)
    holder.refused(third)
    holder.throttled(fourth)
    holder.lost(fifth)
    settled = holder.settle()
    assert entered(settled) == {
        MessageState.ACCEPTED: 2,
        MessageState.FAILED: 1,
        MessageState.UNKNOWN: 1,
    }
    assert settled.retried == 1


def test_a_takeover_tells_what_was_left_and_what_is_in_doubt(world: World) -> None:
    first = world.link()
    assert (first.left, first.lost) == (0, 0)
    world.send(3)
    holder = Holder(world, first)
    holder.claim()
    world.later(links.LEASE + SECOND)
    taken = world.link(worker="other")
    assert (taken.left, taken.lost) == (1, 3)


def test_receipts_tell_what_they_did(world: World) -> None:
    world.send(2)
    holder = Holder(world)
    holder.claim()
    keys = holder.pump()
    refs = [ids_of(key, 1)[0] for key in keys]
    early = Receipt(refs[0], receipts.DELIVERED, world.now)
    unknown = take(world, early)
    assert (entered(unknown), unknown.unmatched) == ({}, 1)
    for key in keys:
        holder.accepted(key)
    holder.settle()
    done = take(world, Receipt(refs[1], "undeliverable", world.now))
    assert entered(done) == {MessageState.FAILED: 1}
    assert done.unmatched == 0
    world.later(receipts.NEXT_TRIES[0])
    retried = world.run(lambda c: receipts.retry(c, 10, world.now))
    assert retried.looked == 1
    assert entered(retried.taken[world.route]) == {MessageState.DELIVERED: 1}


def test_a_grant_tells_since_when_its_oldest_slice_was_due_and_who_was_left_out(
    world: World,
) -> None:
    world.send(2)
    begun = world.now
    world.later(7 * SECOND)
    world.send(1)
    world.sql(
        "INSERT INTO suppression (account_id, address, scope, reason, at) VALUES (?, ?, 0, '', 0)",
        world.account,
        world.people(1)[0].address,
    )
    grant = world.claim(world.link())
    assert grant.due_since == begun
    # The second order is to the same person.
    assert grant.skipped == 2
    assert world.claim(world.link()).due_since is None


def test_the_backlog_of_an_empty_world_is_nothing(world: World) -> None:
    seen = read(world)
    assert set(seen.due.values()) == {Due(0, 0, None)}
    assert seen.held == {}
    assert seen.unmatched == 0
    assert set(seen.in_doubt.values()) == {0}
    assert set(seen.callbacks.values()) == {callbacks.Backlog()}


def test_the_backlog_tells_what_is_due_and_what_it_holds(world: World) -> None:
    world.send(3, slice_size=2)
    begun = world.now
    world.later(9 * SECOND)
    world.send(1, purpose=Purpose.ALERT)
    world.send(4, send_at=Instant(world.now + HOUR))
    seen = read(world)
    assert seen.at == world.now
    assert seen.due == {
        Purpose.ALERT: Due(1, 1, world.now),
        Purpose.WHOLESALE: Due(2, 3, begun),
    }
    assert seen.held == {"EUR": money("0.32")}


def test_what_is_captured_is_not_held_any_more(world: World) -> None:
    world.send(3, slice_size=2)
    holder = Holder(world)
    holder.claim()
    holder.accepted(holder.pump()[0])
    holder.settle()
    assert read(world).held == {"EUR": money("0.08")}


def test_the_backlog_tells_doubts_and_receipts_without_a_message(world: World) -> None:
    world.send(2, in_doubt=InDoubt.NEVER_REPEAT)
    holder = Holder(world)
    holder.claim()
    holder.pump()
    holder.retake()
    take(world, Receipt("nobody's", receipts.DELIVERED, world.now))
    seen = read(world)
    assert list(seen.in_doubt.values()) == [2]
    assert seen.unmatched == 1


def test_the_backlog_tells_callbacks_that_wait(world: World) -> None:
    campaign = world.send(1)
    world.sql(
        "INSERT INTO callback_endpoint (account_id, kind, url, pos) VALUES (?, 0, ?, 1)",
        world.account,
        URL,
    )
    journal = Journal()
    for seq in range(1, 701):
        journal.tell(world.account, campaign, EventKind.DELIVERED, Item(seq, "", world.now))
    journal.tell(world.account, campaign, EventKind.INBOUND, Item(1, "1", world.now))
    world.run(lambda c: journal.write(c, world.now))
    world.run(lambda c: number_events(c, 100))
    world.sql(
        "INSERT INTO callback_retry (account_id, kind, campaign_id, seq, pos, item, tries, since,"
        " next_try_at) VALUES (?, 0, 1, 1, 1, 1, 1, 1, 1)",
        world.account,
    )
    world.later(4 * SECOND)
    waits = read(world).callbacks
    assert waits[CallbackKind.DELIVERIES] == callbacks.Backlog(700, 4 * SECOND, 1)
    assert waits[CallbackKind.INBOUNDS] == callbacks.Backlog()
    overview = world.run(service.overview)
    assert [o.backlog for o in overview] == [700]


def test_the_backlog_reads_no_more_than_its_bounds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST", 2)
    monkeypatch.setattr(backlog, "MOST_COUNTED", 2)
    world.send(8, slice_size=1)
    take(world, *(Receipt(f"r{n}", receipts.DELIVERED, world.now) for n in range(5)))
    seen = read(world)
    assert seen.due[Purpose.WHOLESALE].slices == 2
    assert seen.unmatched == 2
