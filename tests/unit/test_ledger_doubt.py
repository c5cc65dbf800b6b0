"""Lost answers: what is in doubt, how it is bounded, and what becomes of it (P3)."""

from collections.abc import Iterator

import pytest

from octavo.db.codes import CampaignState, InDoubt, MessageState, SliceState
from octavo.drivers.protocol import Fault
from octavo.kit.clock import MINUTE, SECOND
from octavo.kit.tickets import reference
from octavo.ledger import campaigns, links
from octavo.ledger.passes import MOST_ATTEMPTS
from octavo.ledger.receipts import DELIVERED, Receipt
from tests.common.holder import Holder, Key
from tests.common.ledger import DOUBT_AFTER, PRICE, World

PENDING, ACCEPTED, UNKNOWN = MessageState.PENDING, MessageState.ACCEPTED, MessageState.UNKNOWN


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


def in_flight(holder: Holder) -> list[Key]:
    holder.claim()
    return holder.pump()


def report(world: World, campaign: int, seq: int, ref: str = "ref") -> Receipt:
    address = world.people(seq)[seq - 1].address
    return Receipt(ref, DELIVERED, world.now, "", address, "Octavo", reference(campaign, seq))


# -- links ----------------------------------------------------------------------------------------


def test_a_link_has_one_holder_until_its_lease_ends(world: World) -> None:
    world.link(worker="one")

    def take() -> links.Link | None:
        return world.run(
            lambda c: links.take(c, route=world.route, no=0, worker="two", now=world.now)
        )

    world.later(links.LEASE)
    assert take() is None
    world.later(1)
    assert take() is not None


def test_a_lease_is_renewed_by_its_holder_only(world: World) -> None:
    old = world.link(worker="old")
    assert world.run(lambda c: links.renew(c, old, bound=True, now=world.now))
    world.later(links.LEASE + 1)
    world.link(worker="new")

    assert not world.run(lambda c: links.renew(c, old, bound=True, now=world.now))


def test_a_lock_that_proves_all_holders_dead_ends_their_leases(world: World) -> None:
    world.link(worker="old")

    world.run(links.end_leases)

    assert world.link(worker="new").fence == 2


# -- taking over ----------------------------------------------------------------------------------


def test_only_what_was_intended_and_not_settled_is_in_doubt(world: World) -> None:
    campaign = world.send(10)
    holder = Holder(world, window=2, most=4)
    for key in in_flight(holder):
        holder.accepted(key)
    holder.settle()

    holder.retake()

    assert world.states(campaign) == [ACCEPTED] * 2 + [UNKNOWN] * 4 + [PENDING] * 4
    assert world.open_slices(campaign) == [(0, 1, 10, 6, SliceState.READY)]
    assert [key[1] for key in holder.work()] == [7, 8, 9, 10]


def test_what_was_granted_without_intent_goes_back_whole(world: World) -> None:
    campaign = world.send(4, slice_size=2)
    holder = Holder(world, most=2)
    holder.claim()

    holder.retake()

    assert world.states(campaign) == [UNKNOWN, UNKNOWN, PENDING, PENDING]
    assert [key[1] for key in holder.work()] == [3, 4]


def test_a_refusal_under_way_is_not_in_doubt(world: World) -> None:
    campaign = world.send(3)
    holder = Holder(world)
    first, *_ = in_flight(holder)
    holder.refused(first, Fault.TEMPORARY)
    holder.settle()

    holder.retake()

    assert world.states(campaign) == [PENDING, UNKNOWN, UNKNOWN]


def test_taking_over_moves_the_fence_of_slices(world: World) -> None:
    world.send(3)
    holder = Holder(world, most=1)
    holder.claim()
    fence = world.number("SELECT fence FROM slice")

    holder.retake()

    assert world.number("SELECT fence FROM slice") > fence


@pytest.mark.parametrize(
    ("command", "state"),
    [("pause", SliceState.PARKED), ("cancel", SliceState.READY)],
)
def test_a_slice_of_an_order_that_may_not_send_goes_back_accordingly(
    world: World, command: str, state: SliceState
) -> None:
    campaign = world.send(3)
    holder = Holder(world, most=1)
    holder.claim()
    ticket = world.ticket(campaign)
    if command == "pause":
        world.run(lambda c: campaigns.pause(c, world.account, ticket))
    else:
        world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))

    holder.retake()

    assert [s[4] for s in world.open_slices(campaign)] == [state]
    assert holder.claim().slices == []


def test_a_link_lost_with_everything_answered_ends_the_order(world: World) -> None:
    campaign = world.send(2)
    holder = Holder(world)
    in_flight(holder)

    holder.retake()

    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 2 * PRICE


# -- policies -------------------------------------------------------------------------------------


def lose(world: World, policy: InDoubt, n: int = 1) -> tuple[int, Holder]:
    campaign = world.send(n, in_doubt=policy)
    holder = Holder(world)
    for key in in_flight(holder):
        holder.lost(key)
    holder.settle()
    return campaign, holder


def test_never_repeat_leaves_it_unknown(world: World) -> None:
    campaign, holder = lose(world, InDoubt.NEVER_REPEAT)

    world.live(10 * DOUBT_AFTER)

    assert holder.work() == []
    assert world.states(campaign) == [UNKNOWN]
    assert world.state(campaign) is CampaignState.FINISHED


def test_repeat_tries_again_in_a_further_pass(world: World) -> None:
    campaign, holder = lose(world, InDoubt.REPEAT, 2)
    assert world.state(campaign) is CampaignState.SENDING

    world.later(DOUBT_AFTER - 1)
    world.housekeeping()
    assert holder.work() == []
    world.later(1)
    world.housekeeping()
    world.housekeeping()

    assert holder.work() == [(campaign, 1, 1), (campaign, 2, 1)]
    assert world.states(campaign) == [ACCEPTED] * 2
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 0


def test_a_receipt_settles_it_first(world: World) -> None:
    campaign, holder = lose(world, InDoubt.REPEAT, 2)
    world.later(MINUTE)
    world.receipts(report(world, campaign, 1))

    world.live(2 * DOUBT_AFTER)

    assert holder.work() == [(campaign, 2, 1)]
    assert world.states(campaign) == [MessageState.DELIVERED, ACCEPTED]


def test_repeating_ends_with_the_attempts(world: World) -> None:
    campaign, holder = lose(world, InDoubt.REPEAT)
    tries = 1
    for _ in range(MOST_ATTEMPTS + 2):
        world.live(2 * DOUBT_AFTER)
        for key in in_flight(holder):
            holder.lost(key)
            tries += 1
        if holder.wants_settle():
            holder.settle()

    assert tries == MOST_ATTEMPTS
    assert world.states(campaign) == [UNKNOWN]
    assert world.state(campaign) is CampaignState.FINISHED


def test_what_is_repeated_waits_for_a_slice_that_is_under_way(world: World) -> None:
    """An intent of the holder must never cover a message that it does not know of."""
    campaign = world.send(4, in_doubt=InDoubt.REPEAT)
    holder = Holder(world, window=2, most=2)
    first, second = in_flight(holder)
    holder.lost(first)
    holder.refused(second, Fault.TEMPORARY)
    holder.settle()
    assert [key[1] for key in holder.pump()] == [3, 4]

    world.live(2 * DOUBT_AFTER)

    assert world.message(campaign, 1)["state"] is UNKNOWN
    for key in sorted(holder.in_flight):
        holder.accepted(key)
    holder.settle()
    world.live(MINUTE)
    assert sorted(holder.work()) == [(campaign, 1, 1), (campaign, 2, 1)]
    assert world.state(campaign) is CampaignState.FINISHED


def test_what_joins_a_slice_behind_its_head_is_not_forgotten(world: World) -> None:
    campaign = world.send(4, in_doubt=InDoubt.REPEAT)
    holder = Holder(world)
    first, *others = in_flight(holder)
    holder.lost(first)
    for key in others:
        holder.refused(key, Fault.TEMPORARY)
    holder.settle()
    world.live(10 * SECOND)
    careful = Holder(world, most=1)
    careful.accepted(in_flight(careful)[0])
    careful.drain()
    assert world.open_slices(campaign) == [(1, 1, 4, 2, SliceState.READY)]

    world.live(2 * DOUBT_AFTER)

    assert sorted(careful.work()) == [(campaign, 1, 1), (campaign, 3, 1), (campaign, 4, 1)]
    assert world.state(campaign) is CampaignState.FINISHED


@pytest.mark.parametrize("first_lost", [0, 1])
def test_what_was_lost_in_different_passes_is_repeated_together(
    world: World, first_lost: int
) -> None:
    campaign = world.send(2, in_doubt=InDoubt.REPEAT)
    holder = Holder(world)
    keys = in_flight(holder)
    holder.lost(keys[first_lost])
    holder.refused(keys[1 - first_lost], Fault.TEMPORARY)
    holder.settle()
    world.live(10 * SECOND)
    holder.lost(in_flight(holder)[0])
    holder.settle()

    world.later(2 * DOUBT_AFTER)
    world.housekeeping()
    world.housekeeping()

    assert holder.work() == [(campaign, 1, 2), (campaign, 2, 2)]


def test_what_is_repeated_waits_for_a_later_pass_that_is_under_way(world: World) -> None:
    campaign = world.send(2, in_doubt=InDoubt.REPEAT)
    holder = Holder(world)
    first, second = in_flight(holder)
    holder.lost(first)
    holder.refused(second, Fault.TEMPORARY)
    holder.settle()
    world.live(10 * SECOND)
    (retry,) = in_flight(holder)

    world.live(2 * DOUBT_AFTER)
    assert world.message(campaign, 1)["state"] is UNKNOWN
    holder.accepted(retry)
    holder.settle()
    world.live(10 * SECOND)

    assert holder.work() == [(campaign, 1, 1)]


def test_what_is_repeated_waits_for_the_rest_of_its_own_pass(world: World) -> None:
    campaign = world.send(4, in_doubt=InDoubt.REPEAT)
    holder = Holder(world, most=2)
    in_flight(holder)
    holder.retake()

    world.live(2 * DOUBT_AFTER)

    assert world.states(campaign) == [UNKNOWN] * 2 + [PENDING] * 2
    assert holder.work() == [(campaign, 3, 0), (campaign, 4, 0)]
    world.live(10 * SECOND)
    assert holder.work() == [(campaign, 1, 1), (campaign, 2, 1)]
    assert world.state(campaign) is CampaignState.FINISHED


def test_a_paused_order_repeats_once_it_goes_on(world: World) -> None:
    campaign, holder = lose(world, InDoubt.REPEAT)
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.pause(c, world.account, ticket))
    world.live(2 * DOUBT_AFTER)
    assert holder.work() == []

    world.run(lambda c: campaigns.resume(c, world.account, ticket, world.now))
    world.live(SECOND)

    assert holder.work() == [(campaign, 1, 1)]


@pytest.mark.parametrize("after", [0, DOUBT_AFTER])
def test_a_canceled_order_repeats_nothing(world: World, after: int) -> None:
    campaign, holder = lose(world, InDoubt.REPEAT)
    world.run(lambda c: campaigns.cancel(c, world.account, world.ticket(campaign), world.now))
    world.live(SECOND)
    assert world.state(campaign) is CampaignState.CANCELED

    world.live(2 * DOUBT_AFTER)

    assert holder.work() == []
    assert world.states(campaign) == [UNKNOWN]


def test_late_answers_settle_what_was_in_doubt(world: World) -> None:
    campaign = world.send(4, in_doubt=InDoubt.REPEAT)
    holder = Holder(world)
    first, second, third, _ = in_flight(holder)
    holder.accepted(first)
    holder.refused(second, code="8")
    holder.refused(third, Fault.TEMPORARY)
    holder.keep_late_answers()
    holder.retake()

    world.live(10 * SECOND)

    assert world.states(campaign) == [ACCEPTED, MessageState.FAILED, UNKNOWN, UNKNOWN]
    assert world.message(campaign, 1)["charged"] == PRICE
    assert world.message(campaign, 2)["charged"] == 0
    assert world.message(campaign, 2)["reason"] == "8"
    world.live(2 * DOUBT_AFTER)
    assert sorted(holder.work()) == [(campaign, 3, 1), (campaign, 4, 1)]


def test_a_late_refusal_gives_the_money_of_an_ended_order_back(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.refused(in_flight(holder)[0])
    holder.keep_late_answers()
    holder.retake()
    assert (world.state(campaign), world.held()) == (CampaignState.FINISHED, PRICE)

    world.live(10 * SECOND)

    assert world.states(campaign) == [MessageState.FAILED]
    assert world.held() == 0


def test_a_late_answer_without_an_id_counts(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.accepted(in_flight(holder)[0], "")
    holder.keep_late_answers()
    holder.retake()

    world.live(10 * SECOND)

    assert world.states(campaign) == [ACCEPTED]
    assert world.sql("SELECT * FROM part") == []
