"""Accounts share a route group by weight, whatever the sizes and times of their orders."""

from collections import Counter
from collections.abc import Iterator

import pytest

from octavo.db.codes import Purpose
from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant
from octavo.ledger import campaigns
from tests.common.holder import Holder
from tests.common.ledger import World

SLICE = 10


@pytest.fixture
def world() -> Iterator[World]:
    world = World(rate=20.0)
    yield world
    assert world.breaches() == []
    world.close()


@pytest.fixture
def holder(world: World) -> Holder:
    return Holder(world)


def serve(world: World, holder: Holder, grants: int) -> Counter[int]:
    """Parts that so many grants of half a second gave to each account."""
    served: Counter[int] = Counter()
    for _ in range(grants):
        grant = holder.claim()
        for s in grant.slices:
            served[s.account] += sum(row.parts for row in s.rows)
        world.later(SECOND // 2)
        for key in holder.pump():
            holder.accepted(key)
        holder.settle()
    return served


def test_one_large_order_and_many_small_ones_get_half_each(world: World, holder: Holder) -> None:
    large, small = world.account, world.make_account()
    world.send(200, slice_size=SLICE)
    for _ in range(100):
        world.send(account=small)

    for _ in range(10):
        served = serve(world, holder, 2)
        assert abs(served[large] - served[small]) <= SLICE


def test_parts_count_and_not_messages(world: World, holder: Holder) -> None:
    long, short = world.account, world.make_account()
    for _ in range(30):
        world.send(messages=world.people(2, parts=5))
    world.send(200, slice_size=SLICE, account=short)

    served = serve(world, holder, 20)

    assert abs(served[long] - served[short]) <= 2 * SLICE


def test_weights_are_shares(world: World, holder: Holder) -> None:
    light, heavy = world.account, world.make_account()
    world.sql("UPDATE account SET weight = 3 WHERE id = ?", heavy)
    for account in (light, heavy):
        world.send(400, slice_size=SLICE, account=account)

    served = serve(world, holder, 20)

    assert abs(served[heavy] - 3 * served[light]) <= 3 * SLICE


def test_an_alert_takes_nobody_back(world: World, holder: Holder) -> None:
    """It would, if its account's marketing backlog counted for it."""
    world.send(300, slice_size=SLICE)
    world.send(purpose=Purpose.ALERT)
    serve(world, holder, 1)
    modest = world.make_account()
    world.send(40, slice_size=SLICE, account=modest)

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= 2 * SLICE


def test_alerts_are_shared_too(world: World, holder: Holder) -> None:
    world.send(300, slice_size=SLICE, purpose=Purpose.ALERT)
    modest = world.make_account()
    world.send(3, account=modest, purpose=Purpose.ALERT)

    assert serve(world, holder, 2)[modest] == 3


def test_work_in_one_group_is_not_counted_in_another(world: World, holder: Holder) -> None:
    other = world.make_group()
    world.send(messages=world.people(500, group=other))
    modest = world.make_account()
    for account in (modest, world.account):
        world.send(100, slice_size=SLICE, account=account)

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= SLICE


def test_an_order_to_two_groups_has_turns_in_both(world: World, holder: Holder) -> None:
    other = world.make_group()
    for _ in range(3):
        world.send(messages=world.people(20) + world.people(5, group=other, first=50))

    assert world.sql("SELECT group_id, vt FROM account_turn ORDER BY group_id") == [
        (world.group, 60.0),
        (other, 15.0),
    ]


def test_an_order_for_later_does_not_count_today(world: World, holder: Holder) -> None:
    world.send(300, slice_size=SLICE, send_at=Instant(world.now + HOUR))
    modest = world.make_account()
    for account in (modest, world.account):
        world.send(100, slice_size=SLICE, account=account)

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= SLICE


def test_an_order_for_later_does_not_go_before_all_when_it_is_due(
    world: World, holder: Holder
) -> None:
    modest = world.make_account()
    world.send(100, slice_size=SLICE, send_at=Instant(world.now + 5 * SECOND))
    world.send(300, slice_size=SLICE, account=modest)
    serve(world, holder, 10)
    world.housekeeping()

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= 2 * SLICE


def test_a_paused_order_does_not_catch_up(world: World, holder: Holder) -> None:
    campaign, modest = world.send(100, slice_size=SLICE), world.make_account()
    world.send(300, slice_size=SLICE, account=modest)
    world.run(lambda c: campaigns.pause(c, world.account, world.ticket(campaign)))
    serve(world, holder, 10)
    world.run(lambda c: campaigns.resume(c, world.account, world.ticket(campaign), world.now))
    world.housekeeping()

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= 2 * SLICE


def test_a_short_pause_costs_no_turn(world: World) -> None:
    campaign = world.send(100, slice_size=SLICE)
    world.run(lambda c: campaigns.pause(c, world.account, world.ticket(campaign)))
    world.run(lambda c: campaigns.resume(c, world.account, world.ticket(campaign), world.now))
    world.housekeeping()

    assert world.sql("SELECT vt FROM account_turn") == [(100.0,)]


def test_what_was_canceled_is_not_waited_for(world: World, holder: Holder) -> None:
    mistake, modest = world.send(500, slice_size=SLICE), world.make_account()
    world.send(300, slice_size=SLICE, account=modest)
    serve(world, holder, 4)
    world.run(lambda c: campaigns.cancel(c, world.account, world.ticket(mistake), world.now))
    world.live(MINUTE)
    world.send(100, slice_size=SLICE)

    served = serve(world, holder, 8)

    assert abs(served[modest] - served[world.account]) <= 2 * SLICE


def test_a_retry_goes_at_the_turn_that_it_had(world: World, holder: Holder) -> None:
    world.send()
    holder.claim()
    (key,) = holder.pump()
    holder.throttled(key)
    holder.settle()
    world.live(MINUTE)

    assert world.sql('SELECT "pass", vt FROM slice ORDER BY id') == [(0, 1.0), (1, 1.0)]
    assert world.sql("SELECT vt FROM account_turn") == [(1.0,)]
