"""No account with work waiting is ever ahead of another by more than a slice of each."""

from collections import Counter, defaultdict
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.db.codes import Purpose
from octavo.kit.clock import SECOND
from tests.common import postgres
from tests.common.holder import Holder
from tests.common.ledger import Choice, World

WEIGHTS = (1.0, 2.0, 0.5)
LARGEST_SLICE = 4
LONGEST = 2
"""Parts of a message."""


class Order(NamedTuple):
    """An account asks for something."""

    account: int
    purpose: Purpose
    people: int
    parts: int
    slice_size: int


class Grants(NamedTuple):
    """The route sends for a while."""

    n: int


EVENTS = st.lists(
    st.one_of(
        st.builds(
            Order,
            account=st.integers(0, len(WEIGHTS) - 1),
            purpose=st.sampled_from([Purpose.WHOLESALE, Purpose.WHOLESALE, Purpose.ALERT]),
            people=st.sampled_from([1, 5, 40, 80]),
            parts=st.integers(1, LONGEST),
            slice_size=st.integers(1, LARGEST_SLICE),
        ),
        st.builds(Grants, st.integers(1, 9)),
    ),
    min_size=5,
    max_size=20,
)


class Shares:
    """What accounts of one priority have been served by weight, while they have work waiting."""

    def __init__(self) -> None:
        self.waiting: Counter[int] = Counter()
        self.served: defaultdict[int, float] = defaultdict(float)
        self.since: dict[tuple[int, int], tuple[float, float]] = {}
        """The least and most that one was ahead of the other since both have work waiting."""

    def serve(self, account: int, parts: int) -> None:
        self.waiting[account] -= parts
        self.served[account] += parts / WEIGHTS[account]

    def check(self) -> None:
        """To be called after each grant."""
        for one in range(len(WEIGHTS)):
            for other in range(one):
                if not (self.waiting[one] and self.waiting[other]):
                    self.since.pop((one, other), None)
                    continue
                ahead = self.served[one] - self.served[other]
                least, most = self.since.get((one, other), (ahead, ahead))
                self.since[one, other] = least, most = min(least, ahead), max(most, ahead)
                assert most - least <= allowed(one) + allowed(other) + 1e-6


def allowed(account: int) -> float:
    """A slice in full and one in part, by weight."""
    return 2 * LARGEST_SLICE * LONGEST / WEIGHTS[account]


def play(events: list[Order | Grants]) -> None:
    world = World(rate=20.0, credit="10000")
    try:
        accounts = [world.account, *(world.make_account("10000") for _ in WEIGHTS[1:])]
        for account, weight in zip(accounts, WEIGHTS, strict=True):
            world.sql("UPDATE account SET weight = ? WHERE id = ?", weight, account)
        holder = Holder(world)
        shares = {purpose: Shares() for purpose in Purpose}
        for event in [*events, Grants(10)]:
            if isinstance(event, Order):
                world.send(
                    messages=world.people(event.people, parts=event.parts),
                    account=accounts[event.account],
                    purpose=event.purpose,
                    slice_size=event.slice_size,
                )
                mine = shares[event.purpose]
                mine.waiting[event.account] += event.people * event.parts
                mine.check()
                continue
            for _ in range(event.n):
                grant(world, holder, shares, accounts)
    finally:
        world.close()


def grant(world: World, holder: Holder, shares: dict[Purpose, Shares], accounts: list[int]) -> None:
    """Half a second of the route, and what it means to each account."""
    world.later(SECOND)
    for s in holder.claim().slices:
        for row in s.rows:
            shares[Purpose(row.purpose)].serve(accounts.index(s.account), row.parts)
    world.later(SECOND)
    for key in holder.pump():
        holder.accepted(key)
    holder.settle()
    for one in shares.values():
        one.check()


@given(EVENTS)
@settings(max_examples=60, deadline=None)
def test_shares(events: list[Order | Grants]) -> None:
    play(events)


@given(EVENTS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_shares_on_postgresql(events: list[Order | Grants]) -> None:
    postgres.cluster()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Choice, "name", "postgresql")
        play(events)
