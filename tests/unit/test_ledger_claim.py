"""Claiming: who goes first, how many, and who is left out."""

from collections.abc import Iterator

import pytest

from octavo.db.codes import CampaignState, MessageState, Purpose, Scope, SliceState
from octavo.kit.clock import MINUTE, SECOND, Instant
from octavo.ledger import campaigns, claim, inbounds, links
from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from tests.common.holder import Holder
from tests.common.ledger import VALIDITY, World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def granted(grant: Grant) -> list[tuple[int, int]]:
    """(campaign, seq) in the order in which they will leave."""
    return [(row.campaign, row.seq) for s in grant.slices for row in s.rows]


def stop(world: World, address: str, account: int | None = None) -> None:
    world.run(
        lambda c: inbounds.suppress(
            c,
            account=world.account if account is None else account,
            address=address,
            scope=Scope.MARKETING,
            reason="stop",
            now=world.now,
        )
    )


def test_a_claim_leases_slices_and_grants_their_rows(world: World) -> None:
    campaign = world.send(5, slice_size=2)

    grant = world.claim(world.link())

    assert granted(grant) == [(campaign, seq) for seq in range(1, 6)]
    assert [s[4] for s in world.open_slices(campaign)] == [SliceState.LEASED] * 3
    assert [(s.grant_hi, s.intent_hi) for s in grant.slices] == [(2, 2), (4, 4), (5, 5)]


def test_what_is_leased_is_not_granted_again(world: World) -> None:
    world.send(5)
    link = world.link()
    world.claim(link)

    assert world.claim(link) == Grant()


def test_many_small_orders_go_in_one_grant(world: World) -> None:
    for _ in range(100):
        world.send()

    assert len(granted(world.claim(world.link()))) == claim.MOST_SLICES


def test_alerts_go_before_marketing(world: World) -> None:
    marketing = world.send(2)
    alert = world.send(2, purpose=Purpose.ALERT)

    grant = world.claim(world.link())

    assert [c for c, _ in granted(grant)] == [alert, alert, marketing, marketing]


def test_accounts_share_a_group_by_what_they_were_served(world: World) -> None:
    greedy = [world.send(10) for _ in range(5)]
    modest = world.send(10, account=world.make_account())

    order = [s.campaign for s in world.claim(world.link()).slices]

    assert order == [greedy[0], modest, *greedy[1:]]


def test_a_weight_makes_an_account_wait_less(world: World) -> None:
    heavy = world.make_account()
    world.sql("UPDATE account SET weight = 10 WHERE id = ?", heavy)
    light = world.send(10)
    important = [world.send(10, account=heavy) for _ in range(5)]

    order = [s.campaign for s in world.claim(world.link()).slices]

    assert order == [*important, light]


def test_who_comes_late_does_not_get_what_it_missed(world: World) -> None:
    for _ in range(20):
        world.send(10)
    Holder(world).work()
    busy = [world.send(10) for _ in range(3)]
    account = world.make_account()
    late = [world.send(10, account=account) for _ in range(3)]

    order = [s.campaign for s in world.claim(world.link()).slices]

    assert order == [busy[0], late[0], busy[1], late[1], busy[2], late[2]]


def test_a_rate_cuts_the_grant_to_half_a_second(world: World) -> None:
    world.sql("UPDATE route SET rate = 10")
    campaign = world.send(20)

    grant = world.claim(world.link())

    assert granted(grant) == [(campaign, seq) for seq in range(1, 6)]
    assert grant.slices[0].grant_hi == 5
    assert world.number("SELECT tat FROM route") == world.now + SECOND // 2


def test_a_booked_route_grants_nothing_until_its_gate_opens(world: World) -> None:
    world.sql("UPDATE route SET rate = 10")
    world.send(20)
    link = world.link()
    world.claim(link)
    world.send(5, purpose=Purpose.ALERT)

    closed = world.claim(link)
    assert closed.slices == []
    assert closed.wait_until is not None
    world.now = closed.wait_until

    assert len(granted(world.claim(link))) == 5


def test_a_slow_route_still_sends(world: World) -> None:
    world.sql("UPDATE route SET rate = 0.5")
    world.send(2)
    link = world.link()

    assert len(granted(world.claim(link))) == 1
    world.later(2 * SECOND)
    assert len(granted(world.claim(link))) == 0  # the slice is leased until it is settled


def test_a_booking_far_ahead_is_a_mistake_and_forgotten(world: World) -> None:
    world.sql("UPDATE route SET rate = 10, tat = ?", world.now + 10 * MINUTE)
    world.send()

    assert len(granted(world.claim(world.link()))) == 1


def test_a_long_message_on_a_very_slow_route_is_not_a_mistake(world: World) -> None:
    world.sql("UPDATE route SET rate = 0.1")
    for parts in (20, 1):
        world.send(messages=world.people(1, parts=parts))
    link = world.link()
    world.claim(link)
    world.later(2 * MINUTE)

    assert world.claim(link).slices == []
    world.later(80 * SECOND)
    assert len(granted(world.claim(link))) == 1


def test_parts_count_and_a_message_is_never_split(world: World) -> None:
    world.sql("UPDATE route SET rate = 10")
    campaign = world.send(messages=world.people(4, parts=3))

    grant = world.claim(world.link())

    assert granted(grant) == [(campaign, 1), (campaign, 2)]
    assert world.number("SELECT tat FROM route") == world.now + int(0.6 * SECOND)


def test_intents_go_as_far_as_credit_and_never_split_a_message(world: World) -> None:
    world.send(messages=world.people(4, parts=3))
    world.send(2)

    first, second = world.claim(world.link(), credit=7).slices

    assert (first.grant_hi, first.intent_hi) == (4, 2)
    assert (second.grant_hi, second.intent_hi) == (2, 1)
    assert world.sql("SELECT grant_hi, intent_hi FROM slice ORDER BY id") == [(4, 2), (2, 1)]


def test_without_credit_slices_are_granted_without_intent(world: World) -> None:
    world.send(3)

    (s,) = world.claim(world.link(), credit=0).slices

    assert (s.grant_hi, s.intent_hi) == (3, 0)


def test_a_slice_cut_by_the_budget_is_granted_to_the_last_row_read(world: World) -> None:
    world.send(300)
    cut = world.send(messages=world.people(300))
    unread = world.send(300)

    grant = world.claim(world.link())

    assert len(granted(grant)) == claim.MOST_MESSAGES
    assert [s.grant_hi for s in grant.slices] == [300, 200]
    assert [s[3:] for s in world.open_slices(cut)] == [(0, SliceState.LEASED)]
    assert [s[4] for s in world.open_slices(unread)] == [SliceState.READY]
    assert world.breaches() == []


def test_rows_left_out_do_not_close_a_slice_that_was_not_read(world: World) -> None:
    """The first slice uses up the rows of the claim, though hardly any of its parts."""
    world.send(500)
    unread = world.send(100)
    for person in world.people(499):
        stop(world, person.address)

    grant = world.claim(world.link())

    assert len(granted(grant)) == 1
    assert world.state(unread) is CampaignState.SENDING
    assert len(world.open_slices(unread)) == 1
    assert world.breaches() == []


def test_who_opted_out_since_planning_is_skipped(world: World) -> None:
    campaign = world.send(3)
    stop(world, world.people(3)[2].address)

    grant = world.claim(world.link())

    assert granted(grant) == [(campaign, 1), (campaign, 2)]
    assert grant.slices[0].grant_hi == 3
    assert world.message(campaign, 3)["reason"] == "opted_out"
    assert world.breaches() == []


def test_an_alert_passes_who_opted_out_of_marketing(world: World) -> None:
    world.send(purpose=Purpose.ALERT)
    stop(world, world.people(1)[0].address)

    assert len(granted(world.claim(world.link()))) == 1


def test_an_order_of_which_everybody_opted_out_ends_and_gives_back(world: World) -> None:
    campaign = world.send(2)
    for person in world.people(2):
        stop(world, person.address)

    assert world.claim(world.link()).slices == []

    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 0
    assert world.breaches() == []


def test_what_is_too_late_is_skipped(world: World) -> None:
    campaign = world.send(3)
    world.later(VALIDITY + 1)

    assert world.claim(world.link()).slices == []

    assert world.message(campaign, 1)["reason"] == "too_late"
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 0


def test_the_last_moment_is_not_too_late(world: World) -> None:
    world.send(3)
    world.later(VALIDITY)

    assert len(granted(world.claim(world.link()))) == 3


def test_an_empty_slice_is_closed_by_the_claim(world: World) -> None:
    campaign = world.send(2)
    world.sql("UPDATE slice SET cur = hi")
    world.sql("UPDATE message SET state = ?, reason = 'x'", MessageState.SKIPPED)

    assert world.claim(world.link()).slices == []

    assert world.open_slices(campaign) == []


@pytest.mark.parametrize("command", [campaigns.pause, "cancel"])
def test_orders_that_may_not_send_are_passed_over(world: World, command: object) -> None:
    campaign = world.send(2)
    ticket = world.ticket(campaign)
    if command == "cancel":
        world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))
    else:
        world.run(lambda c: campaigns.pause(c, world.account, ticket))

    assert world.claim(world.link()) == Grant()


def test_a_paused_route_grants_nothing(world: World) -> None:
    world.send()
    world.sql("UPDATE route SET paused = 1")

    assert world.claim(world.link()) == Grant()


def test_a_link_that_was_taken_by_another_gets_nothing(world: World) -> None:
    world.send()
    old = world.link(worker="old")
    world.later(links.LEASE + 1)
    world.link(worker="new")

    assert world.claim(old) == Grant()


def test_a_route_serves_only_its_groups(world: World) -> None:
    world.send(messages=world.people(1, group=world.make_group()))

    assert world.claim(world.link()) == Grant()


def bound(world: World, link: Link) -> None:
    assert world.run(lambda c: links.renew(c, link, bound=True, now=world.now))


@pytest.mark.parametrize(
    ("age", "paused", "serves"),
    [(0, 0, False), (10 * SECOND, 0, False), (10 * SECOND + 1, 0, True), (0, 1, True)],
)
def test_a_higher_tier_serves_only_when_no_lower_one_does(
    world: World, age: int, paused: int, serves: bool
) -> None:
    second = world.link(route=world.make_route(world.group, tier=1))
    bound(world, world.link())
    world.sql("UPDATE route SET paused = ? WHERE id = ?", paused, world.route)
    world.send()
    world.later(age)

    assert bool(world.claim(second).slices) is serves


def test_a_tier_that_is_not_bound_does_not_count(world: World) -> None:
    second = world.link(route=world.make_route(world.group, tier=1))
    first = world.link()
    world.run(lambda c: links.renew(c, first, bound=False, now=world.now))
    world.send()

    assert world.claim(second).slices


def test_virtual_time_of_a_group_goes_with_what_it_served(world: World) -> None:
    world.send(7)

    world.claim(world.link())

    assert world.sql("SELECT priority, vt FROM group_turn") == [(Purpose.WHOLESALE, 7.0)]


def test_a_slice_goes_on_where_it_was_cut(world: World) -> None:
    campaign = world.send(7)
    world.sql("UPDATE route SET rate = 10")
    holder = Holder(world)
    sent: list[int] = []
    for _ in range(4):
        holder.claim()
        world.later(SECOND)
        for key in holder.pump():
            sent.append(key[1])
            holder.accepted(key)
        holder.settle()

    assert sent == list(range(1, 8))
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.now > Instant(0)
