"""Several processes confirm, cancel and compute the same campaigns at once, on PostgreSQL."""

import random
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from octavo.db.codes import CampaignState
from octavo.db.postgresql_session import Session
from octavo.kit.clock import SECOND
from octavo.kit.errors import OctavoError
from octavo.kit.money import Money, money
from octavo.ledger import campaigns, confirm, expand
from octavo.ledger.confirm import AlreadySent, Confirmed, NotReady
from octavo.ledger.wallet import InsufficientCredit
from tests.common.engines import OnServer
from tests.common.ledger import PRICE, Choice, World
from tests.common.lists import Book, french

ROUNDS = 8
PEOPLE = 40


@pytest.fixture
def world() -> Iterator[World]:
    Choice.name = "postgresql"
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


@pytest.fixture
def book(world: World) -> Book:
    return Book(world)


def at_once(world: World, *parts: Callable[[Session], object]) -> list[object]:
    """What each part gives, or the error it ends with; each is a process of its own."""
    assert isinstance(world.engine, OnServer)
    url = world.engine.url
    results: list[object] = [None] * len(parts)
    gate = threading.Barrier(len(parts))

    def run(n: int, part: Callable[[Session], object]) -> None:
        session = Session(url, random.Random(n))
        try:
            gate.wait()
            results[n] = part(session)
        except (OctavoError, psycopg.Error) as error:
            results[n] = error
        finally:
            session.close()

    threads = [threading.Thread(target=run, args=(n, part)) for n, part in enumerate(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def confirming(world: World, campaign: int) -> Callable[[Session], object]:
    ticket = world.ticket(campaign)
    return lambda s: s.write(lambda c: confirm.confirm(c, world.account, ticket, world.now))


def canceling(world: World, campaign: int) -> Callable[[Session], object]:
    ticket = world.ticket(campaign)
    return lambda s: s.write(lambda c: campaigns.cancel(c, world.account, ticket, world.now))


def computing(world: World, campaign: int) -> Callable[[Session], object]:
    def part(session: Session) -> int:
        steps = 1
        while not session.write(lambda c: expand.expand(c, campaign, 7, world.now)):
            steps += 1
        return steps

    return part


def test_a_campaign_is_held_for_once(world: World, book: Book) -> None:
    a_list = book.a_list(french(PEOPLE))
    for _ in range(ROUNDS):
        before = world.available()
        campaign = book.computed(a_list)

        results = at_once(world, *[confirming(world, campaign)] * 4)

        assert sum(isinstance(r, Confirmed) for r in results) == 1
        assert sum(isinstance(r, AlreadySent) for r in results) == 3
        assert world.available() == before - PEOPLE * PRICE


def test_whoever_is_first_wins_between_confirming_and_canceling(world: World, book: Book) -> None:
    a_list = book.a_list(french(PEOPLE))
    for _ in range(ROUNDS):
        before = world.available()
        campaign = book.computed(a_list)

        confirmed, canceled = at_once(
            world, confirming(world, campaign), canceling(world, campaign)
        )

        assert isinstance(confirmed, Confirmed | AlreadySent)
        assert canceled is None
        world.live(SECOND)
        assert world.state(campaign) is CampaignState.CANCELED
        assert world.available() == before


def test_an_account_that_runs_dry_between_two_confirms_pays_for_one(
    world: World, book: Book
) -> None:
    a_list = book.a_list(french(PEOPLE))
    cost = Money(PEOPLE * PRICE)
    world.sql("UPDATE account SET available = ?", cost + money("0.01"))
    world.sql("UPDATE entry SET amount = ? WHERE kind = 'top_up'", cost + money("0.01"))
    world.sql("UPDATE pack SET amount = ?", cost + money("0.01"))
    drafts = [book.computed(a_list) for _ in range(4)]

    results = at_once(world, *(confirming(world, campaign) for campaign in drafts))

    assert sum(isinstance(r, Confirmed) for r in results) == 1
    assert sum(isinstance(r, InsufficientCredit) for r in results) == 3
    assert world.available() == money("0.01")


def test_several_who_compute_one_campaign_make_each_message_once(world: World, book: Book) -> None:
    a_list = book.a_list(french(PEOPLE))
    for _ in range(ROUNDS):
        campaign = book.draft(a_list)

        results = at_once(world, *[computing(world, campaign)] * 3)

        assert all(isinstance(r, int) for r in results), results
        assert book.look(campaign).pending == PEOPLE
        assert world.state(campaign) is CampaignState.READY_TO_BE_SENT


def test_confirming_as_soon_as_it_is_computed_holds_for_everybody(world: World, book: Book) -> None:
    """The last step of the computation is on its way when it is confirmed."""
    a_list = book.a_list(french(PEOPLE))

    def impatient(ticket: str) -> Callable[[Session], object]:
        def part(session: Session) -> object:
            while True:
                try:
                    return session.write(
                        lambda c: confirm.confirm(c, world.account, ticket, world.now)
                    )
                except NotReady:
                    continue

        return part

    for _ in range(ROUNDS):
        campaign = book.draft(a_list)

        _, confirmed = at_once(world, computing(world, campaign), impatient(world.ticket(campaign)))

        assert isinstance(confirmed, Confirmed)
        assert confirmed.cost == PEOPLE * PRICE
        assert world.breaches() == []


def test_canceling_while_it_is_computed_leaves_nothing(world: World, book: Book) -> None:
    a_list = book.a_list(french(PEOPLE))
    for _ in range(ROUNDS):
        campaign = book.draft(a_list)

        results = at_once(
            world,
            computing(world, campaign),
            canceling(world, campaign),
            confirming(world, campaign),
        )

        assert results[1] is None
        assert isinstance(results[2], NotReady | AlreadySent | Confirmed)
        world.live(SECOND)
        assert world.state(campaign) is CampaignState.CANCELED
        assert world.held() == 0
