"""Contacts are kept once each and go on lists and tags (contract 5.1, 5.2)."""

from collections.abc import Iterator

import pytest

from octavo.contacts.schemas import NewContact
from octavo.db.codes import Scope
from octavo.kit.errors import Refusal
from tests.common.contacts import Book, person, strays
from tests.common.ledger import World

ANNA = person(1, first_name="Anna", param1="red")
BEN = person(2, first_name="Ben", last_name="Benson")
MAIL = NewContact(None, first_name="Eve", email="eve@example.org")
BAD = NewContact("+111222233334444", invalid=1)

NUMBERS = [str(one.phone_number) for one in (ANNA, BEN)]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert strays(world) == 0
    world.close()


@pytest.fixture
def book(world: World) -> Book:
    return Book(world)


@pytest.mark.parametrize("of", ["list", "tag"])
def test_a_list_or_tag_is_made_with_its_people(book: Book, of: str) -> None:
    names = ["my_list", "other"]
    lists, tags = (names, []) if of == "list" else ([], names)
    assert book.file(ANNA, BEN, lists=lists, tags=tags) == 2
    book.file(BEN, lists=lists, tags=tags)
    assert book.on("my_list", of) == book.on("other", of) == NUMBERS
    assert book.names(of) == names


def test_accounts_are_kept_apart(world: World, book: Book) -> None:
    other = Book(world, world.make_account("1"))
    book.file(ANNA, lists=["my_list"], tags=["vip"])
    other.file(ANNA, lists=["my_list"], tags=["vip"])
    other.delete(*NUMBERS)
    other.empty("my_list", contacts=True)
    other.remove("my_list")
    assert book.on("my_list") == book.on("vip", "tag") == NUMBERS[:1]
    with pytest.raises(Refusal) as refused:
        other.empty("my_list")
    assert refused.value.code == 303


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_given_replaces_and_what_is_not_stays(
    world: World, book: Book, empty: str | None
) -> None:
    then = world.now
    book.file(ANNA)
    world.later(1)
    newer = ANNA._replace(first_name=empty, last_name="Ash", param1=empty, param2="blue")
    book.file(newer)
    told = book.told(
        NUMBERS[0],
        *("first_name", "last_name", "param1", "param2", "param3", "created_at", "updated_at"),
    )
    assert told == ("Anna", "Ash", "red", "blue", None, then, world.now)


def test_without_overwriting_who_is_there_stays_as_they_are_but_goes_on_the_list(
    book: Book,
) -> None:
    book.file(ANNA, MAIL)
    mail = MAIL._replace(first_name="X")
    changed = ANNA._replace(first_name="X", last_name="Y")
    book.file(changed, mail, BEN, lists=["a"], overwrite=False)
    assert book.told(NUMBERS[0], "first_name", "last_name") == ("Anna", None)
    assert book.told("eve@example.org", "first_name") == ("Eve",)
    assert book.on("a") == [*NUMBERS, "eve@example.org"]


def test_the_same_person_twice_in_a_request_is_one(book: Book) -> None:
    assert book.file(ANNA, ANNA._replace(last_name="Ash"), MAIL, MAIL) == 2
    assert book.told(NUMBERS[0], "first_name", "last_name") == ("Anna", "Ash")


@pytest.mark.parametrize(
    ("more", "lists", "tags"),
    [
        ({}, ["a", "b"], ["s", "t"]),
        ({"un_list": True}, ["b"], ["s", "t"]),
        ({"un_tag": True}, ["a", "b"], ["t"]),
    ],
)
def test_contacts_are_taken_off_all_other_lists_and_tags_when_asked(
    book: Book, more: dict[str, bool], lists: list[str], tags: list[str]
) -> None:
    book.file(ANNA, BEN, lists=["a"], tags=["s"])
    book.file(ANNA, lists=["b"], tags=["t"], **more)
    assert [name for name in "ab" if NUMBERS[0] in book.on(name)] == lists
    assert [name for name in "st" if NUMBERS[0] in book.on(name, "tag")] == tags
    assert book.on("a")[-1:] == book.on("s", "tag")[-1:] == NUMBERS[1:]


def test_long_names_are_cut_and_blank_ones_are_none(book: Book) -> None:
    book.file(ANNA, lists=[f" {'x' * 29} y", " "], tags=["x" * 40])
    assert book.names() == ["x" * 29]
    assert book.names("tag") == ["x" * 20]


def test_who_opted_out_is_left_out_when_asked(world: World, book: Book) -> None:
    for address, scope in ((NUMBERS[0], Scope.MARKETING), ("eve@example.org", Scope.ALL)):
        world.sql(
            "INSERT INTO suppression (account_id, address, scope, reason, at)"
            " VALUES (?, ?, ?, 'stop', 0)",
            world.account,
            address,
            scope,
        )
    assert book.file(ANNA, BEN, MAIL, lists=["a"], leave_out_suppressed=True) == 1
    assert book.everybody() == NUMBERS[1:]
    assert book.file(ANNA, BEN, MAIL, lists=["a"]) == 3


def test_a_number_that_cannot_be_sent_to_is_kept_and_marked(book: Book) -> None:
    book.file(ANNA, BAD, lists=["a"])
    assert book.told("+111222233334444", "invalid", "country") == (1, "")
    assert book.told(NUMBERS[0], "invalid", "country") == (0, "FR")
    assert book.on("a") == ["+111222233334444", NUMBERS[0]]


def test_the_countries_of_a_list_are_known(book: Book) -> None:
    spaniard = NewContact("+34612345678", country="ES")
    book.file(BAD, MAIL, lists=["nobody"])
    book.file(ANNA, BEN, spaniard, lists=["a"], tags=["t"])
    assert book.countries("nobody") == []
    assert book.countries("a") == book.countries("t", "tag") == ["ES", "FR"]


def test_who_gets_a_number_is_still_one_contact_on_the_same_lists(book: Book) -> None:
    book.file(MAIL._replace(param2="x"), lists=["a"], tags=["t"])
    book.file(ANNA, lists=["b"])
    book.file(ANNA._replace(email="eve@example.org"))
    assert book.everybody() == NUMBERS[:1]
    assert book.told(NUMBERS[0], "first_name", "param2", "email") == (
        "Anna",
        "x",
        "eve@example.org",
    )
    assert book.on("a") == book.on("b") == book.on("t", "tag") == NUMBERS[:1]
    assert book.countries("a") == ["FR"]


def test_an_address_alone_means_who_has_it(book: Book) -> None:
    shared = "office@example.org"
    book.file(ANNA._replace(email=shared), BEN._replace(email=shared))
    book.file(NewContact(None, last_name="Office", email=shared), lists=["a"])
    assert book.everybody() == NUMBERS
    assert len(book.on("a")) == 1
    assert book.told(book.on("a")[0], "last_name") == ("Office",)


def test_a_deleted_contact_leaves_everything(book: Book) -> None:
    book.file(ANNA, BEN, MAIL, lists=["a"], tags=["t"])
    assert book.delete(NUMBERS[0], "+33639980099", emails=["eve@example.org"]) == 2
    assert book.everybody() == book.on("a") == book.on("t", "tag") == NUMBERS[1:]


def test_a_contact_can_leave_one_list_only(book: Book) -> None:
    book.file(ANNA, BEN, lists=["a", "b"])
    assert book.delete(NUMBERS[0], from_list="a") == 1
    assert (book.on("a"), book.on("b")) == (NUMBERS[1:], NUMBERS)
    with pytest.raises(Refusal) as refused:
        book.delete(NUMBERS[0], from_list="c")
    assert (refused.value.code, refused.value.data) == (303, {"name": "c"})
