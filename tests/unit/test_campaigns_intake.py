"""Orders that come at once: one unit of work for many, and each hears its own answer."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest

from octavo.campaigns.intake import MOST_MESSAGES, MOST_ORDERS, Intake
from octavo.db.connection import Connection
from octavo.db.unit_of_work import Rank, Unit
from octavo.kit.errors import StoreUnavailable
from octavo.kit.money import money
from octavo.ledger.orders import Accepted, DuplicateRequest, PlannedOrder
from octavo.ledger.wallet import InsufficientCredit
from tests.common.ledger import World, WorldStore

T = TypeVar("T")


class SlowStore(WorldStore):
    """A commit takes a moment, in which others come."""

    writes = 0
    broken = False

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        self.writes += 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self.broken:
            raise StoreUnavailable("it may have happened")
        return await super().write(rank, unit)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def take(store: SlowStore, orders: Sequence[PlannedOrder]) -> list[Accepted | BaseException]:
    """What each of orders that come at the same moment hears."""

    async def main() -> list[Accepted | BaseException]:
        intake = Intake(store)
        asked = (intake.take(order, store.world.now) for order in orders)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(main())


def test_orders_of_one_account_that_come_at_once_share_a_unit(world: World) -> None:
    store = SlowStore(world)

    taken = take(store, [world.plan(1) for _ in range(3 * MOST_ORDERS)])

    assert len({a.campaign for a in taken if isinstance(a, Accepted)}) == 3 * MOST_ORDERS
    assert store.writes <= 4
    assert world.breaches() == []


def test_a_unit_holds_no_more_messages_than_one_order_may_have(world: World) -> None:
    store = SlowStore(world)

    take(store, [world.plan(MOST_MESSAGES // 2) for _ in range(4)])

    assert store.writes == 2


def test_orders_of_other_accounts_do_not_wait(world: World) -> None:
    store = SlowStore(world)
    accounts = [world.make_account() for _ in range(5)]

    taken = take(store, [world.plan(1, account=account) for account in accounts])

    assert all(isinstance(a, Accepted) for a in taken)
    assert store.writes == 5


def test_one_that_is_refused_does_not_take_others_with_it(world: World) -> None:
    same = [world.plan(1, request_id="same") for _ in range(2)]
    dear = world.plan(2_600)
    orders = [world.plan(1), *same, world.plan(1), dear, world.plan(1)]

    heard = take(SlowStore(world), orders)

    assert [type(h) for h in heard] == [
        Accepted, Accepted, DuplicateRequest, Accepted, InsufficientCredit, Accepted,
    ]  # fmt: skip
    assert world.available() == money("100") - 4 * money("0.04")
    assert world.breaches() == []


def test_orders_that_may_have_been_taken_are_not_asked_again(world: World) -> None:
    store = SlowStore(world)
    store.broken = True

    heard = take(store, [world.plan(1) for _ in range(5)])

    assert {type(h) for h in heard} == {StoreUnavailable}
    assert store.writes == 1


def test_who_does_not_wait_for_an_answer_takes_nothing_from_others(world: World) -> None:
    async def main() -> Accepted:
        intake = Intake(SlowStore(world))
        first = asyncio.create_task(intake.take(world.plan(1), world.now))
        second = asyncio.create_task(intake.take(world.plan(1), world.now))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(main()).contacts == 1


def test_what_belongs_to_an_order_is_in_its_unit(world: World) -> None:
    def fail(_: Connection) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        await Intake(SlowStore(world)).take(world.plan(1), world.now, fail)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert world.available() == money("100")


def test_an_order_that_writes_more_than_itself_shares_no_unit(world: World) -> None:
    store = SlowStore(world)

    async def main() -> None:
        intake = Intake(store)
        await asyncio.gather(
            *(intake.take(world.plan(1), world.now, lambda c: None) for _ in range(3))
        )

    asyncio.run(main())
    assert store.writes == 3


def test_one_that_fails_unexpectedly_fails_alone(world: World) -> None:
    taken = world.plan(1)
    world.accept(taken)  # a ticket is unique: the second order of this name breaks a constraint
    orders = [world.plan(1), taken, world.plan(1)]

    heard = take(SlowStore(world), orders)

    assert [isinstance(h, Accepted) for h in heard] == [True, False, True]
    assert isinstance(heard[1], Exception)
    assert world.breaches() == []
