"""Accepting an order: whole or not at all."""

from collections.abc import Iterator
from functools import partial

import pytest

from octavo.db.codes import CampaignState, MessageState, Purpose, Scope, SliceState
from octavo.kit.clock import DAY, HOUR, MINUTE, Instant
from octavo.kit.money import ZERO, Money, money
from octavo.ledger import inbounds, orders, wallet
from octavo.ledger.orders import DuplicateRequest, NobodyLeft
from tests.common.ledger import PRICE, World

TABLES = [
    "campaign",
    "campaign_count",
    "campaign_reason",
    "message",
    "slice",
    "entry",
    "request_key",
]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def rows(world: World) -> dict[str, int]:
    return {
        table: world.number(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
        for table in TABLES
    }


def suppress(world: World, address: str, scope: Scope = Scope.MARKETING) -> None:
    world.run(
        lambda c: inbounds.suppress(
            c, account=world.account, address=address, scope=scope, reason="hand", now=world.now
        )
    )


def test_an_order_holds_its_money_and_counts_its_people(world: World) -> None:
    accepted = world.accept(world.plan(messages=world.people(3, parts=2)))

    assert accepted.contacts == 3
    assert accepted.parts == 6
    assert accepted.cost == 6 * PRICE
    assert accepted.available == world.available() == money("100") - 6 * PRICE
    assert world.held() == 6 * PRICE
    assert world.counted(accepted.campaign, MessageState.PENDING) == 3
    assert world.breaches() == []


def test_an_order_for_now_is_ready_and_one_for_later_is_parked(world: World) -> None:
    now = world.send()
    later = world.send(send_at=Instant(world.now + HOUR))

    assert world.state(now) is CampaignState.SENDING
    assert world.state(later) is CampaignState.SCHEDULED
    assert [s[4] for s in world.open_slices(now)] == [SliceState.READY]
    assert [s[4] for s in world.open_slices(later)] == [SliceState.PARKED]


def test_a_request_id_is_taken_once_in_24_hours(world: World) -> None:
    first = world.plan(request_id="r1")
    world.accept(first)
    before = rows(world)
    world.later(DAY)

    with pytest.raises(DuplicateRequest) as refused:
        world.accept(world.plan(request_id="r1"))

    assert refused.value.ticket == first.ticket
    assert rows(world) == before


def test_a_request_id_is_forgotten_after_24_hours(world: World) -> None:
    world.accept(world.plan(request_id="r1"))
    world.later(DAY + 1)
    second = world.plan(request_id="r1")
    world.accept(second)

    with pytest.raises(DuplicateRequest) as refused:
        world.accept(world.plan(request_id="r1"))

    assert refused.value.ticket == second.ticket


@pytest.mark.parametrize("nothing", [None, ""])
def test_orders_without_a_request_id_are_never_the_same(world: World, nothing: str | None) -> None:
    assert world.send(request_id=nothing) != world.send(request_id=nothing)


def test_accounts_do_not_share_request_ids(world: World) -> None:
    world.accept(world.plan(request_id="r1"))

    world.accept(world.plan(request_id="r1", account=world.make_account()))


def test_old_request_ids_are_deleted(world: World) -> None:
    world.accept(world.plan(request_id="old"))
    world.later(DAY + 1)
    world.accept(world.plan(request_id="new"))

    assert world.run(lambda c: orders.forget_requests(c, 10, world.now)) == 1

    assert world.sql("SELECT request_id FROM request_key") == [("new",)]


@pytest.mark.parametrize(
    ("purpose", "scope", "stopped"),
    [
        (Purpose.WHOLESALE, Scope.MARKETING, True),
        (Purpose.WHOLESALE, Scope.ALL, True),
        (Purpose.ALERT, Scope.MARKETING, False),
        (Purpose.ALERT, Scope.ALL, True),
    ],
)
def test_a_suppression_stops_what_its_scope_says(
    world: World, purpose: Purpose, scope: Scope, stopped: bool
) -> None:
    suppress(world, world.people(2)[0].address, scope)

    accepted = world.accept(world.plan(2, purpose=purpose))

    assert accepted.opted_out == (1 if stopped else 0)
    assert accepted.contacts == (1 if stopped else 2)
    assert world.counted(accepted.campaign, MessageState.SKIPPED) == (1 if stopped else 0)
    assert world.breaches() == []


def test_who_opted_out_is_in_the_audience_and_costs_nothing(world: World) -> None:
    suppress(world, world.people(3)[1].address)

    accepted = world.accept(world.plan(3))

    assert accepted.cost == 2 * PRICE
    assert world.number("SELECT audience FROM campaign_count") == 3
    assert world.message(accepted.campaign, 3)["reason"] == "opted_out"
    assert world.sql("SELECT state, reason, n FROM campaign_reason") == [
        (MessageState.SKIPPED, "opted_out", 1)
    ]


def test_who_opted_out_may_be_left_out_for_a_fee(world: World) -> None:
    suppress(world, world.people(3)[1].address)

    accepted = world.accept(world.plan(3, leave_out_suppressed=True, fee=money("0.01")))

    assert accepted.cost == Money(2 * PRICE + money("0.01"))
    assert accepted.available == money("100") - accepted.cost
    assert accepted.opted_out == 1
    assert world.number("SELECT audience FROM campaign_count") == 2
    assert world.breaches() == []


def test_an_opt_out_of_one_account_is_not_one_of_another(world: World) -> None:
    suppress(world, world.people(1)[0].address)

    assert world.accept(world.plan(account=world.make_account())).opted_out == 0


def test_recipients_skipped_at_planning_are_counted_and_free(world: World) -> None:
    good, bad = world.people(2)

    accepted = world.accept(world.plan(messages=[bad._replace(reason="no_price"), good]))

    assert accepted.contacts == 1
    assert accepted.cost == PRICE
    assert world.states(accepted.campaign) == [MessageState.PENDING, MessageState.SKIPPED]
    assert world.message(accepted.campaign, 2)["reason"] == "no_price"


def test_slices_have_one_group_and_at_most_its_size(world: World) -> None:
    other = world.make_group()
    mixed = [m._replace(group=other) if i % 2 else m for i, m in enumerate(world.people(7))]

    campaign = world.send(messages=mixed, slice_size=3)

    found = world.sql("SELECT group_id, lo, hi, parts, cur FROM slice ORDER BY lo")
    assert found == [(world.group, 1, 3, 3, 0), (world.group, 4, 4, 1, 3), (other, 5, 7, 3, 4)]
    assert world.number("SELECT open_work FROM campaign_count") == 3
    assert len(world.states(campaign)) == 7


def test_an_order_nobody_may_get_leaves_nothing(world: World) -> None:
    suppress(world, world.people(1)[0].address)
    before = rows(world)

    with pytest.raises(NobodyLeft):
        world.accept(world.plan(request_id="r1"))

    assert rows(world) == before


def test_an_order_that_is_too_dear_leaves_nothing(world: World) -> None:
    poor = world.make_account("0.05")
    before = rows(world)

    with pytest.raises(wallet.InsufficientCredit) as refused:
        world.accept(world.plan(2, account=poor, request_id="r1"))

    assert (refused.value.needed, refused.value.available) == (2 * PRICE, money("0.05"))
    assert rows(world) == before
    assert world.available(poor) == money("0.05")


def test_the_last_cent_can_be_spent(world: World) -> None:
    poor = world.make_account("0.05")

    accepted = world.accept(world.plan(account=poor, fee=money("0.01")))

    assert accepted.available == 0


def test_an_order_may_cost_nothing(world: World) -> None:
    free = [world.people(1)[0]._replace(price=Money(0))]

    world.send(messages=free)

    assert world.breaches() == []


def test_a_simulation_says_the_same_and_writes_nothing(world: World) -> None:
    suppress(world, world.people(1)[0].address)
    order = world.plan(3, fee=money("0.01"), request_id="r1")
    before = rows(world)

    said = world.run(lambda c: orders.simulate(c, order))

    assert rows(world) == before
    assert said == world.accept(order)._replace(campaign=0)


def test_a_top_up_of_one_reference_happens_once(world: World) -> None:
    def top_up() -> Money:
        return world.run(
            lambda c: wallet.top_up(
                c, account=world.account, ref="bank-1", amount=money("5"), now=world.now
            )
        )

    assert top_up() == top_up() == money("105")
    assert world.breaches() == []


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_a_top_up_is_above_zero(world: World, amount: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        world.top_up(world.account, amount)


def test_packs_are_spent_oldest_expiry_first(world: World) -> None:
    account = world.make_account("0")
    for ref, expires in [("never", None), ("late", 2 * HOUR), ("soon", HOUR)]:
        top_up = partial(
            wallet.top_up,
            account=account,
            ref=ref,
            amount=PRICE,
            now=world.now,
            expires_at=None if expires is None else Instant(world.now + expires),
        )
        world.run(top_up)
        world.later(MINUTE)

    world.send(account=account)

    left = wallet.packs(world.c, account)
    assert [pack.id for pack in left] == ["late", "never"]
    assert sum(pack.credit for pack in left) == world.available(account)


def test_orders_taken_together_are_as_those_taken_one_by_one(world: World) -> None:
    alike = world.make_account("100")
    sizes = [1, 3, 700, 2]
    world.sql("UPDATE account SET weight = 4 WHERE id IN (?, ?)", world.account, alike)

    def plans(account: int) -> list[orders.PlannedOrder]:
        return [
            world.plan(n, account=account, fee=money("0.01") if n == 3 else ZERO) for n in sizes
        ]

    together = world.run(lambda c: orders.accept_all(c, plans(world.account), world.now))
    singly = [world.accept(plan) for plan in plans(alike)]

    assert [a[1:] for a in together] == [a[1:] for a in singly]
    assert world.available() == world.available(alike)
    slices = "SELECT lo, hi, parts, vt, state FROM slice WHERE account_id = ? ORDER BY id"
    assert world.sql(slices, world.account) == world.sql(slices, alike)
    assert world.breaches() == []


@pytest.mark.parametrize("what", ["money", "request_id", "nobody"])
def test_orders_taken_together_are_all_taken_or_none(world: World, what: str) -> None:
    suppress(world, "+33600000000")
    other = {
        "money": lambda: world.plan(2_500),
        "request_id": lambda: world.plan(2, request_id="same"),
        "nobody": lambda: world.plan(1),
    }[what]()
    before = rows(world)

    with pytest.raises((wallet.InsufficientCredit, DuplicateRequest, NobodyLeft)):
        world.run(
            lambda c: orders.accept_all(c, [world.plan(3, request_id="same"), other], world.now)
        )

    assert rows(world) == before
    assert world.available() == money("100")
