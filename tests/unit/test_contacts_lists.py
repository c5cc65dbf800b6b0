"""Lists and tags made from people."""

from pathlib import Path

import pytest

from octavo.contacts.schemas import NewContact
from octavo.contacts.service import ensure_list, ensure_tag
from octavo.kit.clock import Instant
from tests.common.database import NOW, connection, make_account, migrated, rows

ANNA = NewContact("+33639980001", "Anna", None, param1="red")
BEN = NewContact("+33639980002", "Ben", "Benson")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = migrated(tmp_path)
    with connection(path) as c:
        make_account(c)
        make_account(c, login="x@y.z")
    return path


def members(path: Path, collection: str = "list") -> list[tuple[int | float | str | None, ...]]:
    sql = (
        "SELECT c.account_id, c.name, p.account_id, p.phone_number FROM {0} c"
        " JOIN {0}_member m ON m.{0}_id = c.id JOIN contact p ON p.id = m.contact_id"
        " ORDER BY 1, 2, 4"
    )
    return rows(path, sql.format(collection))


def test_a_list_is_made_with_its_people(path: Path) -> None:
    with connection(path) as c:
        number = ensure_list(c, 1, "my_list", [ANNA, BEN], NOW)
        assert ensure_list(c, 1, "my_list", [BEN], NOW) == number
        assert ensure_list(c, 1, "other", [], NOW) != number
    assert members(path) == [
        (1, "my_list", 1, ANNA.phone_number),
        (1, "my_list", 1, BEN.phone_number),
    ]


def test_accounts_are_kept_apart(path: Path) -> None:
    with connection(path) as c:
        ensure_list(c, 1, "my_list", [ANNA], NOW)
        ensure_list(c, 2, "my_list", [ANNA], NOW)
    assert members(path) == [
        (1, "my_list", 1, ANNA.phone_number),
        (2, "my_list", 2, ANNA.phone_number),
    ]


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_known_is_not_emptied_but_may_change(path: Path, empty: str | None) -> None:
    later = Instant(NOW + 1)
    with connection(path) as c:
        ensure_list(c, 1, "a", [ANNA], NOW)
        newer = NewContact(ANNA.phone_number, empty, "Ash", param1=empty, param2="blue")
        ensure_list(c, 1, "b", [newer], later)
    found = rows(
        path,
        "SELECT first_name, last_name, param1, param2, param3, created_at, updated_at FROM contact",
    )
    assert found == [("Anna", "Ash", "red", "blue", None, NOW, later)]


def test_the_same_person_twice_is_one(path: Path) -> None:
    with connection(path) as c:
        ensure_list(c, 1, "a", [ANNA, ANNA._replace(last_name="Ash")], NOW)
    assert rows(path, "SELECT first_name, last_name FROM contact") == [("Anna", "Ash")]


def test_long_names_are_cut(path: Path) -> None:
    with connection(path) as c:
        ensure_list(c, 1, "x" * 40, [ANNA], NOW)
        ensure_tag(c, 1, "x" * 40, [ANNA], NOW)
    assert members(path)[0][1] == "x" * 30
    assert members(path, "tag")[0][1] == "x" * 20
