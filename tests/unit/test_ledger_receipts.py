"""Receipts: which message they speak of, and what they change."""

from collections.abc import Iterator

import pytest

from octavo.db.codes import CampaignState, Match, MessageState
from octavo.kit.clock import DAY, HOUR, MINUTE, SECOND, Instant
from octavo.kit.tickets import reference, short_reference
from octavo.ledger import campaigns
from octavo.ledger.receipts import DELIVERED, GIVE_UP_AFTER, Receipt
from octavo.ledger.states import EXPIRED
from tests.common.holder import Holder
from tests.common.ledger import PRICE, VALIDITY, World

ACCEPTED, FAILED, UNKNOWN = MessageState.ACCEPTED, MessageState.FAILED, MessageState.UNKNOWN
ARRIVED = MessageState.DELIVERED


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


def accepted(world: World, *ids: str, n: int = 1, parts: int = 1) -> int:
    """A campaign whose messages the carrier took; `ids` are those of its only message."""
    campaign = world.send(messages=world.people(n, parts=parts))
    holder = Holder(world)
    holder.claim()
    for key in holder.pump():
        holder.accepted(key, *ids)
    holder.settle()
    return campaign


def lost(world: World, n: int = 1, parts: int = 1) -> int:
    """A campaign whose answers were lost."""
    campaign = world.send(messages=world.people(n, parts=parts))
    holder = Holder(world)
    holder.claim()
    for key in holder.pump():
        holder.lost(key)
    holder.settle()
    return campaign


def receipt(world: World, ref: str, state: str = DELIVERED) -> Receipt:
    return Receipt(ref, state, world.now, "", world.people(1)[0].address, "Octavo")


def matches(world: World) -> list[Match]:
    return [Match(int(str(m))) for (m,) in world.sql("SELECT matched FROM receipt ORDER BY id")]


# -- states ---------------------------------------------------------------------------------------


def test_a_delivery_ends_a_message(world: World) -> None:
    campaign = accepted(world, "a")

    world.receipts(receipt(world, "a"))

    assert world.states(campaign) == [ARRIVED]
    assert matches(world) == [Match.ID]


def test_a_failure_ends_a_message_and_keeps_its_price(world: World) -> None:
    campaign = accepted(world, "a")

    world.receipts(receipt(world, "a", "bad_destination"))

    assert world.states(campaign) == [FAILED]
    assert world.message(campaign, 1)["reason"] == "bad_destination"
    assert world.message(campaign, 1)["charged"] == PRICE


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (DELIVERED, DELIVERED, ARRIVED),
        (DELIVERED, EXPIRED, ARRIVED),
        (EXPIRED, EXPIRED, FAILED),
        (EXPIRED, DELIVERED, ARRIVED),
        ("rejected", DELIVERED, FAILED),
        ("rejected", EXPIRED, FAILED),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_second_receipt_changes_only_an_expiry(
    world: World, first: str, second: str, state: MessageState, together: bool
) -> None:
    campaign = accepted(world, "a")
    both = receipt(world, "a", first), receipt(world, "a", second)

    if together:
        world.receipts(*both)
    else:
        for one in both:
            world.receipts(one)

    assert world.states(campaign) == [state]
    assert world.sql("SELECT state, reason, n FROM campaign_reason WHERE n <> 0") == (
        [] if state is ARRIVED else [(FAILED, first, 1)]
    )


def test_a_message_arrives_with_its_last_part(world: World) -> None:
    campaign = accepted(world, "a", "b", "c", parts=3)

    for ref in ["b", "b", "c"]:
        world.receipts(receipt(world, ref))
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(receipt(world, "a"))

    assert world.states(campaign) == [ARRIVED]


@pytest.mark.parametrize("together", [True, False])
def test_one_part_delivered_twice_is_not_two_parts(world: World, together: bool) -> None:
    campaign = accepted(world, "a", "b", parts=2)
    twice = [receipt(world, "a"), receipt(world, "a")]

    if together:
        world.receipts(*twice)
    else:
        for one in twice:
            world.receipts(one)

    assert world.states(campaign) == [ACCEPTED]


def test_a_part_that_expired_may_arrive_later(world: World) -> None:
    campaign = accepted(world, "a", "b", parts=2)

    world.receipts(receipt(world, "a", EXPIRED), receipt(world, "b"))
    assert world.states(campaign) == [FAILED]
    world.receipts(receipt(world, "a"))

    assert world.states(campaign) == [ARRIVED]


def test_a_failure_of_an_older_pass_changes_nothing(world: World) -> None:
    campaign = accepted(world, "new")
    world.sql("INSERT INTO part VALUES (?, 'old', ?, 1, 1, 0, 0, 0)", world.route, campaign)
    world.sql("UPDATE message SET pass = 1")
    world.sql("UPDATE part SET pass = 1 WHERE ref = 'new'")

    world.receipts(receipt(world, "old", "rejected"))
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(receipt(world, "new", "rejected"))

    assert world.states(campaign) == [FAILED]


def test_a_delivery_of_an_older_pass_counts(world: World) -> None:
    campaign = accepted(world, "new")
    world.sql("INSERT INTO part VALUES (?, 'old', ?, 1, 1, 0, 0, 0)", world.route, campaign)
    world.sql("UPDATE message SET pass = 1")

    world.receipts(receipt(world, "old"))

    assert world.states(campaign) == [ARRIVED]


def test_a_receipt_of_a_message_that_is_being_sent_again_waits(world: World) -> None:
    campaign = accepted(world, "a")
    other = world.send()
    world.sql("INSERT INTO part VALUES (?, 'b', ?, 1, 1, 0, 0, 0)", world.route, other)
    world.sql("UPDATE message SET pass = 1 WHERE campaign_id = ?", other)
    world.sql("UPDATE slice SET pass = 1 WHERE campaign_id = ?", other)

    world.receipts(receipt(world, "b"))
    assert world.states(other) == [MessageState.PENDING]
    assert matches(world) == [Match.NONE]
    Holder(world).work()
    world.live(10 * SECOND)

    assert world.states(other) == [ARRIVED]
    assert world.states(campaign) == [ACCEPTED]


# -- matching -------------------------------------------------------------------------------------


def test_ids_that_are_used_again_mean_the_recipient_then_the_newest(world: World) -> None:
    old = accepted(world, "7")
    new = accepted(world, "7")
    stranger = accepted(world, "8")

    world.receipts(receipt(world, "7"))
    assert (world.states(old), world.states(new)) == ([ACCEPTED], [ARRIVED])
    world.receipts(receipt(world, "8")._replace(address="+33699999999"))

    assert world.states(stranger) == [ACCEPTED]
    assert matches(world) == [Match.ID, Match.NONE]


def test_ids_are_those_of_a_route(world: World) -> None:
    campaign = accepted(world, "a")

    world.receipts(receipt(world, "a"), route=world.make_route(world.group))

    assert world.states(campaign) == [ACCEPTED]


def test_a_receipt_that_comes_before_our_settle_is_tried_again(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.claim()
    (key,) = holder.pump()
    world.receipts(receipt(world, "early"))
    holder.accepted(key, "early")
    holder.settle()
    assert world.states(campaign) == [ACCEPTED]

    world.later(SECOND)
    world.housekeeping()

    assert world.states(campaign) == [ARRIVED]


@pytest.mark.parametrize("short", [False, True])
def test_a_message_in_doubt_is_found_by_reference(world: World, short: bool) -> None:
    campaign = lost(world)
    named = reference(campaign, 1)

    said = f"{short_reference(named):04x}" if short else named
    world.receipts(receipt(world, "x")._replace(reference=said))

    assert world.states(campaign) == [ARRIVED]
    assert world.message(campaign, 1)["charged"] == PRICE
    assert matches(world) == [Match.REFERENCE]
    assert world.held() == 0
    assert world.sql("SELECT * FROM in_doubt") == []


def test_one_id_for_all_parts_needs_one_receipt(world: World) -> None:
    campaign = accepted(world, "a", "a", "a", parts=3)

    world.receipts(receipt(world, "a"))
    world.receipts(receipt(world, "a"))

    assert world.states(campaign) == [ARRIVED]
    assert world.message(campaign, 1)["parts_done"] == 3


def test_one_id_for_two_of_three_parts_is_not_all(world: World) -> None:
    campaign = accepted(world, "a", "b", "a", parts=3)

    world.receipts(receipt(world, "a"), receipt(world, "a"))
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(receipt(world, "b"))

    assert world.states(campaign) == [ARRIVED]


@pytest.mark.parametrize("state", ["rejected", EXPIRED])
def test_a_message_in_doubt_may_turn_out_to_have_failed(world: World, state: str) -> None:
    campaign = lost(world)

    world.receipts(receipt(world, "x", state)._replace(reference=reference(campaign, 1)))

    assert world.states(campaign) == [FAILED]
    assert world.message(campaign, 1)["charged"] == PRICE


def test_all_parts_in_doubt_must_arrive(world: World) -> None:
    campaign = lost(world, parts=2)
    named = receipt(world, "x")._replace(reference=reference(campaign, 1))

    world.receipts(named)
    world.receipts(named)
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(named._replace(ref="y"))

    assert world.states(campaign) == [ARRIVED]


def test_parts_in_doubt_told_together_all_count_once(world: World) -> None:
    campaign = lost(world, parts=2)
    x = receipt(world, "x")._replace(reference=reference(campaign, 1))

    world.receipts(x._replace(state="accepted"), x, x)
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(x)
    assert world.states(campaign) == [ACCEPTED]
    world.receipts(x._replace(ref="y"))

    assert world.states(campaign) == [ARRIVED]


def test_a_reference_of_somebody_else_is_nobody(world: World) -> None:
    campaign = lost(world)
    named = receipt(world, "x")._replace(reference=reference(campaign, 1))

    world.receipts(named._replace(address="+33699999999"))
    world.receipts(named._replace(reference="not ours"))
    world.live(10 * SECOND)

    assert world.states(campaign) == [UNKNOWN]


def test_the_recipient_alone_tells_the_only_message_in_doubt(world: World) -> None:
    campaign = lost(world)

    world.receipts(receipt(world, "x"))
    assert world.states(campaign) == [UNKNOWN]
    world.later(SECOND)
    world.housekeeping()

    assert world.states(campaign) == [ARRIVED]
    assert matches(world) == [Match.RECIPIENT]


def test_a_receipt_that_overtakes_its_settle_is_not_taken_for_an_older_doubt(
    world: World,
) -> None:
    in_doubt = lost(world)
    campaign = world.send()
    holder = Holder(world)
    holder.claim()
    (key,) = holder.pump()
    world.receipts(receipt(world, "fresh"))
    holder.accepted(key, "fresh")
    holder.settle()
    world.live(10 * SECOND)

    assert world.states(campaign) == [ARRIVED]
    assert world.states(in_doubt) == [UNKNOWN]


@pytest.mark.parametrize(
    ("sender", "minutes", "found"),
    [("Octavo", 9, True), ("Octavo", 11, False), ("Else", 1, False)],
)
def test_the_recipient_tells_only_with_the_sender_and_soon(
    world: World, sender: str, minutes: int, found: bool
) -> None:
    campaign = lost(world)
    world.later(minutes * MINUTE)

    world.receipts(receipt(world, "x")._replace(sender=sender))
    world.live(10 * SECOND)

    assert (world.states(campaign) == [ARRIVED]) is found


def test_two_messages_in_doubt_to_one_person_cannot_be_told_apart(world: World) -> None:
    one, two = lost(world), lost(world)

    world.receipts(receipt(world, "x"))
    world.live(HOUR)

    assert world.states(one) == world.states(two) == [UNKNOWN]


def test_a_receipt_of_nobody_is_given_up_after_three_days(world: World) -> None:
    world.receipts(receipt(world, "who"))
    world.later(GIVE_UP_AFTER + DAY)
    world.housekeeping()

    assert matches(world) == [Match.GIVEN_UP]


def test_tries_become_rare(world: World) -> None:
    world.receipts(receipt(world, "who"))
    waits: list[int] = []
    for _ in range(6):
        due = world.number("SELECT next_try_at FROM receipt")
        waits.append(due - world.now)
        world.now = Instant(due)
        world.housekeeping()

    assert waits == [SECOND, 5 * SECOND, MINUTE, 10 * MINUTE, HOUR, HOUR]


def test_receipts_without_an_id_are_kept_and_find_no_part(world: World) -> None:
    accepted(world, "a")

    world.receipts(receipt(world, ""), receipt(world, ""))

    assert matches(world) == [Match.NONE] * 2


def test_no_receipts_are_no_work(world: World) -> None:
    world.receipts()

    assert matches(world) == []


# -- money after the end --------------------------------------------------------------------------


def test_what_is_in_doubt_stays_held_until_the_seal(world: World) -> None:
    campaign = lost(world, n=2)
    assert world.state(campaign) is CampaignState.FINISHED
    world.later(VALIDITY + campaigns.SEAL_AFTER - 1)
    world.housekeeping()
    assert world.held() == 2 * PRICE

    world.later(1)
    world.housekeeping()

    assert world.state(campaign) is CampaignState.SEALED
    assert world.held() == 0
    assert world.number("SELECT released FROM campaign") == 2 * PRICE


@pytest.mark.parametrize("canceled", [False, True])
def test_after_the_seal_a_receipt_changes_the_state_and_no_money(
    world: World, canceled: bool
) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.claim()
    if canceled:
        world.run(lambda c: campaigns.cancel(c, world.account, world.ticket(campaign), world.now))
    for key in holder.pump():
        holder.lost(key)
    holder.settle()
    world.live(SECOND)
    world.later(VALIDITY + campaigns.SEAL_AFTER + MINUTE)
    world.housekeeping()
    assert world.held() == 0
    before = world.available()

    world.receipts(receipt(world, "x")._replace(reference=reference(campaign, 1)))

    assert world.states(campaign) == [ARRIVED]
    assert world.message(campaign, 1)["charged"] == 0
    assert world.available() == before
    ended = CampaignState.CANCELED if canceled else CampaignState.SEALED
    assert world.state(campaign) is ended
