"""Contacts, lists and their removal, by several processes at once, on PostgreSQL.

Each part has a connection of its own, as processes have. The order in which their transactions
meet is left to the server.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from octavo.contacts import removal, service
from octavo.contacts.schemas import Filing
from octavo.db.postgresql_session import Session
from octavo.db.unit_of_work import Unit
from octavo.kit.errors import Refusal
from tests.common.contacts import Book, person, strays
from tests.common.engines import OnServer
from tests.common.ledger import Choice, World
from tests.common.server import wait_until

T = TypeVar("T")

SECONDS = 1.0
PEOPLE = [person(n, email=f"{n % 7}@example.org" if n % 3 else None) for n in range(40)]
KEPT = [person(n) for n in range(100, 130)]


class Place(World):
    """The world as one process sees it."""

    def __init__(self, base: World) -> None:
        assert isinstance(base.engine, OnServer)
        self.engine = base.engine
        self.session = Session(base.engine.url, random.Random())
        self.account, self.now = base.account, base.now

    def run(self, unit: Unit[T]) -> T:
        return self.session.write(unit)

    def close(self) -> None:
        self.session.close()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(removal, "MEMBERS_A_STEP", 5)
    monkeypatch.setattr(removal, "CONTACTS_A_STEP", 3)
    Choice.name = "postgresql"
    world = World()
    yield world
    assert strays(world) == 0
    world.close()


Part = Callable[[Book, random.Random], None]


def at_once(world: World, *parts: Part) -> None:
    """Runs the parts, each again and again in a thread of its own, for a while."""
    end = time.monotonic() + SECONDS
    problems: list[BaseException] = []

    def repeat(part: Part, seed: int) -> None:
        place, rng = Place(world), random.Random(seed)
        try:
            while time.monotonic() < end and not problems:
                part(Book(place), rng)
        except BaseException as error:
            problems.append(error)
            raise
        finally:
            place.close()

    threads = [threading.Thread(target=repeat, args=(p, n)) for n, p in enumerate(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not problems


def refused(act: Callable[[], object]) -> None:
    """Does something to a list that may not be there, or be there already."""
    try:
        act()
    except Refusal as refusal:
        if refusal.code not in (302, 303):
            raise


def file(book: Book, rng: random.Random) -> None:
    people = rng.sample(PEOPLE, 10)
    if rng.random() < 0.2:
        people = [one._replace(phone_number=None, country="") for one in people if one.email]
    book.file(*people, lists=rng.sample("abc", 2), tags=["t"], overwrite=rng.random() < 0.7)


def delete(book: Book, rng: random.Random) -> None:
    book.delete(*(str(one.phone_number) for one in rng.sample(PEOPLE, 10)))


def empty(book: Book, rng: random.Random) -> None:
    name, contacts = rng.choice("abc"), rng.random() < 0.5
    refused(lambda: book.empty(name, contacts=contacts))


def remove(book: Book, rng: random.Random) -> None:
    refused(lambda: book.remove(rng.choice("abc")))
    refused(lambda: book.create(rng.choice("abc")))


def step(book: Book, _rng: random.Random) -> None:
    if not book.step():
        time.sleep(0.002)


def test_everything_at_once_leaves_no_stray_and_no_double(shared: World) -> None:
    at_once(shared, file, file, file, delete, empty, remove, step, step)
    Book(shared).settle()
    assert shared.number("SELECT count(*) FROM list_removal") == 0
    assert shared.number("SELECT count(*) FROM task") == 0
    twice = "SELECT 1 FROM contact GROUP BY phone_number HAVING count(*) > 1"
    assert shared.sql(f"{twice} AND phone_number IS NOT NULL") == []


def test_whoever_is_filed_again_while_their_list_is_deleted_is_kept(shared: World) -> None:
    """Again and again they are to be deleted with a list, and each time they are filed anew."""
    numbers = [str(one.phone_number) for one in KEPT]

    def again(book: Book, rng: random.Random) -> None:
        book.file(*KEPT, lists=["doomed"])
        book.empty("doomed", contacts=True)
        for part in rng.sample([KEPT[:10], KEPT[10:20], KEPT[20:]], 3):
            book.file(*part, lists=["kept"], overwrite=rng.random() < 0.5)
        assert book.on("kept") == book.everybody() == numbers

    at_once(shared, again, step, step)
    Book(shared).settle()
    assert Book(shared).on("kept") == numbers


def test_lists_emptied_by_several_are_always_there(shared: World) -> None:
    book = Book(shared)
    book.create("a")
    at_once(shared, *[lambda b, _: b.empty("a")] * 4)
    assert book.names() == ["a"]


@pytest.mark.parametrize(
    ("act", "lists"),
    [
        (lambda book: book.delete(str(KEPT[20].phone_number)), []),
        (lambda book: book.empty("short", contacts=True), []),
        (lambda book: book.file(KEPT[20], lists=["new"]), ["new"]),
    ],
    ids=["delete", "empty", "file"],
)
def test_where_somebody_is_put_at_this_moment_is_seen_by_whoever_deletes_them(
    shared: World, act: Callable[[Book], object], lists: list[str]
) -> None:
    place = Place(shared)
    book, beside = Book(shared), Book(place)
    book.file(*KEPT, lists=["doomed"])
    book.file(KEPT[20], lists=["short"])

    with shared.unit() as c:
        filing = Filing([KEPT[20]], lists=["other"])
        service.file(c, shared.account, filing, shared.now)
        beside.empty("doomed", contacts=True)
        thread = threading.Thread(target=act, args=(beside,))
        thread.start()
        wait_until(lambda: waiting(shared) > 0)
    thread.join(60)
    assert not thread.is_alive()
    place.close()

    book.settle()
    found = [name for name in ("doomed", "short", "other", "new") if book.on(name)]
    assert found == lists


def waiting(world: World) -> int:
    """How many wait for a lock."""
    return world.number(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
