"""Contacts, lists and tags from the command line."""

from pathlib import Path

import pytest

from tests.common.commands import Commands, commands
from tests.common.database import connection, make_account, seeded

ANNA, BEN = "+33639980001", "+33639980002"


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    with connection(seeded(made.data_dir)) as c:
        make_account(c)
    return made


def add(octavo: Commands, *words: str) -> str:
    return octavo("contacts", "add", "1", *words)


def test_contacts_are_added_and_shown(octavo: Commands) -> None:
    said = add(octavo, "06 39 98 00 01", "0033639980001", BEN, "--list", "a", "--tag", "t")
    assert said == "3 kept\n"
    add(octavo, ANNA, "--first-name", "Anna", "--email", "Anna@Example.org", "--list", "b")
    shown = octavo("contacts", "show", "someone@example.org", "0033 6 39 98 00 01")
    assert f"phone number  {ANNA}\n" in shown
    assert "first name    Anna\n" in shown
    assert "lists         a, b\n" in shown
    told = octavo.json("contacts", "show", "1", "anna@example.org")
    assert isinstance(told, dict)
    assert (told["phone_number"], told["country"], told["lists"], told["tags"]) == (
        ANNA,
        "FR",
        ["a", "b"],
        ["t"],
    )


def test_contacts_are_listed_page_by_page(octavo: Commands) -> None:
    add(octavo, ANNA, BEN, "0612", "--list", "a")
    add(octavo, BEN, "x@example.org", "--tag", "t")
    everybody = octavo.json("contacts", "list", "1")
    assert isinstance(everybody, list)
    assert [one["phone_number"] for one in everybody] == [ANNA, BEN, "0612", None]
    after = str(everybody[1]["id"])
    assert len(octavo.json("contacts", "list", "1", "--after", after)) == 2
    assert len(octavo.json("contacts", "list", "1", "--of-list", "a", "--after", after)) == 1
    assert len(octavo.json("contacts", "list", "1", "--of-tag", "t", "--most", "1")) == 1
    (bad,) = octavo("contacts", "list", "1", "--invalid").splitlines()[1:]
    assert "0612 (invalid)" in bad


def test_lists_are_made_counted_emptied_and_deleted(octavo: Commands) -> None:
    octavo("contacts", "create-list", "1", "a")
    add(octavo, ANNA, BEN, "--list", "b", "--tag", "t")
    lists = octavo.json("contacts", "lists", "1")
    assert isinstance(lists, list)
    assert [(one["name"], one["contacts"]) for one in lists] == [("a", 0), ("b", 2)]
    assert octavo("contacts", "tags", "1").splitlines()[1].split()[:2] == ["t", "2"]
    assert octavo("contacts", "delete", "1", ANNA, "--from-list", "b") == "1 taken off\n"
    assert octavo("contacts", "delete", "1", ANNA) == "1 deleted\n"
    octavo("contacts", "delete-list", "1", "a")
    octavo("contacts", "empty-list", "1", "b", "--delete-contacts")
    assert [one["name"] for one in octavo.json("contacts", "lists", "1")] == ["b"]  # type: ignore[index]
    assert octavo.json("contacts", "list", "1") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "1", ANNA), "no contact"),
        (("list", "1", "--of-list", "nothing"), "nothing"),
        (("list", "1", "--of-tag", "nothing"), "nothing"),
        (("delete-list", "1", "nothing"), "nothing"),
        (("lists", "nobody@example.org"), "account"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(
    octavo: Commands, words: tuple[str, ...], said: str
) -> None:
    assert said in octavo.fails("contacts", *words)


def test_what_means_nobody_is_wrong_usage(octavo: Commands) -> None:
    assert "somebody" in octavo.fails("contacts", "add", "1", ANNA, "somebody", code=2)
    assert octavo.json("contacts", "list", "1") == []
    told = octavo.fails("contacts", "list", "1", "--of-list", "a", "--of-tag", "b", code=2)
    assert "exclude" in told
