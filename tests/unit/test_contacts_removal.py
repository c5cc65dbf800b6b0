"""Lists made, emptied and deleted; long ones in steps (contract 5.3 to 5.5)."""

from collections.abc import Iterator

import pytest

from octavo.contacts import removal
from octavo.contacts.schemas import NewContact
from octavo.kit.errors import Refusal
from tests.common.contacts import Book, person, strays
from tests.common.ledger import World

PEOPLE = [person(n, "Anna") for n in range(25)]
NUMBERS = [str(one.phone_number) for one in PEOPLE]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert strays(world) == 0
    world.close()


@pytest.fixture
def book(world: World, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A book with a list that takes three steps to be removed."""
    monkeypatch.setattr(removal, "MEMBERS_A_STEP", 10)
    monkeypatch.setattr(removal, "CONTACTS_A_STEP", 10)
    book = Book(world)
    book.file(*PEOPLE, lists=["long"], tags=["t"])
    return book


def left(book: Book) -> int:
    """What is left of removals: memberships, countries, jobs."""
    names = ("list_removal", "task", "list_country", "list_member")
    return sum(book.world.number(f"SELECT count(*) FROM {name}") for name in names)  # noqa: S608


def test_a_list_is_made_once(book: Book) -> None:
    book.create("  new ")
    assert book.names() == ["long", "new"]
    for name in ("new", "long"):
        with pytest.raises(Refusal) as refused:
            book.create(name)
        assert (refused.value.code, refused.value.data) == (302, {"name": name})
    assert book.on("long") == NUMBERS


def test_a_list_that_is_not_there_is_neither_emptied_nor_deleted(book: Book) -> None:
    for change in (book.empty, book.remove):
        with pytest.raises(Refusal) as refused:
            change("nothing")
        assert refused.value.code == 303


def test_a_short_list_is_done_with_at_once(book: Book) -> None:
    book.file(*PEOPLE[:9], lists=["short"])
    book.empty("short", contacts=True)
    assert book.everybody() == NUMBERS[9:]
    assert not book.step()
    assert book.names() == ["long", "short"]


def test_an_emptied_list_is_empty_at_once_and_its_contacts_stay(book: Book) -> None:
    book.empty("long")
    assert book.on("long") == []
    assert book.countries("long") == []
    assert book.settle() == 2
    assert book.everybody() == book.on("t", "tag") == NUMBERS
    assert left(book) == 0


def test_a_deleted_list_frees_its_name_at_once(book: Book) -> None:
    book.remove("long")
    assert book.names() == []
    book.create("long")
    book.file(PEOPLE[24], lists=["long"])
    book.settle()
    assert book.on("long") == NUMBERS[24:]
    assert book.everybody() == NUMBERS


def test_contacts_go_with_their_list_when_asked(book: Book) -> None:
    book.file(*PEOPLE[5:], lists=["other"])
    book.file(person(99), lists=["other"])
    book.empty("long", contacts=True)
    assert book.on("long") == []
    assert book.everybody() == [*NUMBERS[10:], "+33639900099"]
    assert book.settle() == 2
    assert book.everybody() == book.on("other") == ["+33639900099"]
    assert book.on("t", "tag") == []


@pytest.mark.parametrize("overwrite", [True, False])
def test_who_is_named_anew_meanwhile_stays(book: Book, *, overwrite: bool) -> None:
    book.empty("long", contacts=True)
    book.file(*map(person, range(12, 15)), lists=["long"], overwrite=overwrite)
    assert book.told(NUMBERS[12], "first_name") == (None,)
    book.settle()
    assert book.on("long") == book.everybody() == NUMBERS[12:15]
    assert book.on("t", "tag") == []


def test_who_was_to_go_and_gets_a_number_stays(book: Book) -> None:
    mailed = [NewContact(None, email=f"{n}@example.org") for n in range(12)]
    book.file(*mailed, lists=["mail"])
    book.empty("mail", contacts=True)
    book.file(person(99, email="11@example.org"))
    book.settle()
    assert book.everybody() == [*NUMBERS, "+33639900099"]


def test_a_number_of_a_list_is_never_given_again(world: World, book: Book) -> None:
    number = "SELECT id FROM list WHERE name = 'long'"
    seen = {world.number(number)}
    for _ in range(3):
        book.remove("long")
        book.settle()
        book.create("long")
        seen.add(world.number(number))
    assert len(seen) == 4


def test_lists_are_removed_beside_each_other(book: Book) -> None:
    book.file(*PEOPLE, lists=["b"])
    book.empty("long", contacts=True)
    book.remove("b")
    book.remove("long")
    book.settle()
    assert book.everybody() == []
    assert left(book) == 0
