"""Settling: answers in any order, intents that slide, passes that follow."""

import math
from collections.abc import Iterator

import pytest

from octavo.db.codes import CampaignState, MessageState, Purpose, Scope, SliceState
from octavo.drivers.protocol import Fault
from octavo.kit.clock import HOUR, MINUTE, SECOND
from octavo.ledger import campaigns, inbounds
from octavo.ledger.errors import LedgerDisagrees, LinkLost
from octavo.ledger.passes import MOST_ATTEMPTS
from tests.common.holder import Holder, Key
from tests.common.ledger import PRICE, World

PENDING, ACCEPTED, FAILED = MessageState.PENDING, MessageState.ACCEPTED, MessageState.FAILED


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


def in_flight(holder: Holder) -> list[Key]:
    holder.claim()
    return holder.pump()


def pause(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.pause(c, world.account, ticket))


def cancel(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))


def stop(world: World, address: str) -> None:
    world.run(
        lambda c: inbounds.suppress(
            c,
            account=world.account,
            address=address,
            scope=Scope.MARKETING,
            reason="stop",
            now=world.now,
        )
    )


def test_accepted_messages_are_captured_and_the_campaign_finishes(world: World) -> None:
    campaign = world.send(3)
    holder = Holder(world)
    for key in in_flight(holder):
        holder.accepted(key)

    holder.settle()

    assert world.states(campaign) == [ACCEPTED] * 3
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 0
    assert world.number("SELECT captured FROM campaign_count") == 3 * PRICE
    assert world.message(campaign, 1)["attempts"] == 1
    assert world.message(campaign, 1)["route"] == world.route


def test_answers_settle_in_whatever_order_they_come(world: World) -> None:
    campaign = world.send(4, slice_size=2)
    holder = Holder(world)
    first, second, third, fourth = in_flight(holder)

    for keys in [(fourth,), (second, third), (first,)]:
        for key in keys:
            holder.accepted(key)
        holder.settle()
        assert world.counted(campaign, PENDING) == holder.holds.intended

    assert world.state(campaign) is CampaignState.FINISHED
    assert holder.holds.by_slice == {}


def test_a_settle_is_one_entry_however_many_it_captures(world: World) -> None:
    world.send(3)
    holder = Holder(world)
    for key in in_flight(holder):
        holder.accepted(key)
    holder.settle()

    captures = world.sql("SELECT ref, amount FROM entry WHERE kind = 'capture'")

    assert captures == [(f"{holder.link.id}:1", 3 * PRICE)]


def test_the_credit_slides_and_doubt_stays_bounded(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=2, most=4)
    holder.claim()
    sent: list[int] = []
    while world.counted(campaign, PENDING):
        assert holder.holds.intended <= 4
        (hi,) = world.sql("SELECT intent_hi FROM slice")[0]
        for key in holder.pump():
            sent.append(key[1])
            assert isinstance(hi, int)
            assert key[1] <= hi
        holder.accepted(min(holder.in_flight))
        holder.settle()

    assert sent == list(range(1, 11))


def test_a_refusal_is_final_and_costs_nothing(world: World) -> None:
    campaign = world.send(2)
    holder = Holder(world)
    first, second = in_flight(holder)
    holder.refused(first, code="ESME_RINVDSTADR")
    holder.accepted(second)
    holder.settle()

    assert world.states(campaign) == [FAILED, ACCEPTED]
    assert world.message(campaign, 1)["reason"] == "ESME_RINVDSTADR"
    assert world.message(campaign, 1)["charged"] == 0
    assert world.held() == 0


def test_a_message_refused_for_now_goes_into_a_further_pass(world: World) -> None:
    campaign = world.send(3)
    holder = Holder(world)
    first, second, third = in_flight(holder)
    holder.accepted(first)
    holder.refused(second, Fault.TEMPORARY)
    holder.accepted(third)
    holder.settle()

    assert world.open_slices(campaign) == [(1, 1, 3, 0, SliceState.PARKED)]
    assert world.state(campaign) is CampaignState.SENDING
    assert holder.claim().slices == []

    world.later(5 * SECOND)
    world.housekeeping()
    assert in_flight(holder) == [(campaign, 2, 1)]
    holder.accepted((campaign, 2, 1))
    holder.settle()

    assert world.state(campaign) is CampaignState.FINISHED
    assert world.message(campaign, 2)["attempts"] == 2


def test_attempts_end(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    tries = 0
    while world.state(campaign) is CampaignState.SENDING:
        for key in in_flight(holder):
            holder.refused(key, Fault.TEMPORARY, "busy")
            tries += 1
        if holder.wants_settle():
            holder.settle()
        world.later(MINUTE)
        world.housekeeping()

    assert tries == MOST_ATTEMPTS
    assert world.states(campaign) == [FAILED]
    assert world.message(campaign, 1)["reason"] == "busy"
    assert world.held() == 0


@pytest.mark.parametrize("fault", ["throttled", "ours"])
def test_what_is_not_the_messages_fault_costs_no_attempt(world: World, fault: str) -> None:
    campaign = world.send()
    holder = Holder(world)
    for _ in range(MOST_ATTEMPTS + 2):
        (key,) = in_flight(holder)
        if fault == "throttled":
            holder.throttled(key)
        else:
            holder.refused(key, Fault.OURS)
        holder.settle()
        world.later(MINUTE)
        world.housekeeping()

    assert world.message(campaign, 1)["attempts"] == 0
    holder.work()
    assert world.states(campaign) == [ACCEPTED]


def test_a_throttled_message_waits_as_long_as_the_carrier_says(world: World) -> None:
    world.send()
    holder = Holder(world)
    holder.throttled(in_flight(holder)[0], after=7.0)
    holder.settle()

    assert world.number("SELECT run_at FROM slice WHERE pass = 1") == world.now + 7 * SECOND


@pytest.mark.parametrize("after", [1e6, 1e300, math.inf])
def test_a_carrier_cannot_put_a_message_off_for_ever(world: World, after: float) -> None:
    world.send()
    holder = Holder(world)
    holder.throttled(in_flight(holder)[0], after=after)
    holder.settle()

    assert world.number("SELECT run_at FROM slice WHERE pass = 1") == world.now + HOUR


@pytest.mark.parametrize("after", [-1.0, -math.inf, math.nan, 0.0])
def test_a_wait_that_is_none_is_a_second(world: World, after: float) -> None:
    world.send()
    holder = Holder(world)
    holder.throttled(in_flight(holder)[0], after=after)
    holder.settle()

    assert world.number("SELECT run_at FROM slice WHERE pass = 1") == world.now + SECOND


def test_codes_and_ids_that_no_database_takes_are_mended(world: World) -> None:
    campaign = world.send(2)
    holder = Holder(world)
    first, second = in_flight(holder)
    holder.refused(first, code="\0\ud800")
    holder.accepted(second, "a\0b")
    holder.settle()

    assert world.message(campaign, 1)["reason"] == "\ufffd"
    assert world.sql("SELECT ref FROM part") == [("ab",)]


def test_a_lost_answer_makes_that_message_unknown_and_costs_the_slice_nothing(
    world: World,
) -> None:
    campaign = world.send(3)
    holder = Holder(world)
    first, second, third = in_flight(holder)
    holder.accepted(first)
    holder.lost(second)
    holder.accepted(third)
    holder.settle()

    assert world.states(campaign) == [ACCEPTED, MessageState.UNKNOWN, ACCEPTED]
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == PRICE


def test_a_carrier_may_give_no_ids(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    (key,) = in_flight(holder)
    holder.accepted(key, "")
    holder.settle()

    assert world.states(campaign) == [ACCEPTED]
    assert world.sql("SELECT * FROM part") == []


def test_a_carrier_may_give_the_id_of_an_earlier_pass_again(world: World) -> None:
    campaign = world.send()
    world.sql("INSERT INTO part VALUES (?, 'same', ?, 1, 1, 0, 0, 0)", world.route, campaign)
    world.sql("UPDATE message SET pass = 1")
    world.sql("UPDATE slice SET pass = 1")
    holder = Holder(world)
    holder.accepted(in_flight(holder)[0], "same")
    holder.settle()

    assert world.sql('SELECT ref, "pass" FROM part') == [("same", 1)]


def test_each_part_is_known_by_its_id(world: World) -> None:
    world.send(messages=world.people(1, parts=3))
    holder = Holder(world)
    holder.accepted(in_flight(holder)[0], "a", "b", "c")
    holder.settle()

    assert world.sql("SELECT ref, no FROM part ORDER BY no") == [("a", 1), ("b", 2), ("c", 3)]


def test_pause_stops_a_link_within_its_window(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=2, most=4)
    sent = in_flight(holder)
    pause(world, campaign)
    for key in sent:
        holder.accepted(key)
    holder.settle()

    assert holder.pump() == []
    holder.settle()
    assert world.open_slices(campaign) == [(0, 1, 10, 2, SliceState.PARKED)]
    assert holder.holds == type(holder.holds)()

    world.run(lambda c: campaigns.resume(c, world.account, world.ticket(campaign), world.now))
    world.housekeeping()
    assert [key[1] for key in holder.work()] == list(range(3, 11))


def test_a_paused_order_draws_its_intent_back_while_answers_are_awaited(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=2, most=4)
    sent = in_flight(holder)
    pause(world, campaign)
    holder.accepted(sent[0])
    holder.settle()
    assert world.sql("SELECT intent_hi FROM slice") == [(4,)]

    holder.settle()

    assert world.sql("SELECT intent_hi FROM slice") == [(2,)]
    assert holder.holds.intended == 1


def test_cancel_skips_what_a_link_gives_back(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=2, most=4)
    sent = in_flight(holder)
    cancel(world, campaign)
    world.housekeeping()
    assert world.state(campaign) is CampaignState.CANCELING
    for key in sent:
        holder.accepted(key)
    holder.settle()
    holder.settle()
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.CANCELED
    assert world.states(campaign) == [ACCEPTED] * 2 + [MessageState.SKIPPED] * 8
    assert world.held() == 0


def test_who_opts_out_between_grant_and_intent_is_skipped(world: World) -> None:
    campaign = world.send(4)
    holder = Holder(world, most=2)
    sent = in_flight(holder)
    stop(world, world.people(4)[2].address)
    for key in sent:
        holder.accepted(key)
    holder.settle()

    assert holder.pump() == [(campaign, 4, 0)]
    assert world.message(campaign, 3)["reason"] == "opted_out"
    holder.accepted((campaign, 4, 0))
    holder.settle()
    assert world.state(campaign) is CampaignState.FINISHED
    assert holder.holds.unsent == holder.holds.intended == 0


def test_an_alert_is_not_held_up_by_an_opt_out_of_marketing(world: World) -> None:
    campaign = world.send(2, purpose=Purpose.ALERT)
    holder = Holder(world, most=1)
    holder.accepted(in_flight(holder)[0])
    stop(world, world.people(2)[1].address)
    holder.settle()

    assert holder.pump() == [(campaign, 2, 0)]


def test_a_link_that_was_taken_settles_nothing(world: World) -> None:
    campaign = world.send(2)
    holder = Holder(world)
    sent = in_flight(holder)
    Holder(world)
    for key in sent:
        holder.accepted(key)

    with pytest.raises(LinkLost):
        holder.settle()

    assert world.states(campaign) == [MessageState.UNKNOWN] * 2
    assert world.sql("SELECT * FROM part") == []


@pytest.mark.parametrize("answer", ["accepted", "refused", "throttled", "lost"])
def test_an_answer_for_a_message_that_moved_is_not_counted(world: World, answer: str) -> None:
    campaign = world.send()
    holder = Holder(world)
    (key,) = in_flight(holder)
    world.sql("UPDATE message SET pass = 5")
    world.sql("UPDATE slice SET pass = 5")
    getattr(holder, answer)(key)

    with pytest.raises(LedgerDisagrees):
        holder.settle()

    assert world.counted(campaign, PENDING) == 1


def test_a_slice_that_is_not_held_is_not_settled(world: World) -> None:
    world.send()
    holder = Holder(world)
    (key,) = in_flight(holder)
    holder.accepted(key)
    world.sql("UPDATE slice SET state = ?, link_id = NULL", SliceState.READY)

    with pytest.raises(LedgerDisagrees):
        holder.settle()


def test_a_drain_gives_back_what_was_not_sent(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=3)
    for key in in_flight(holder):
        holder.accepted(key)
    holder.drain()

    assert world.open_slices(campaign) == [(0, 1, 10, 3, SliceState.READY)]
    assert [key[1] for key in Holder(world).work()] == list(range(4, 11))
