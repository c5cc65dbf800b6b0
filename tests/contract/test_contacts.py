"""Contacts and lists as the documents show them, and as people write them (contract 5.1 to 5.5)."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx2
import pytest

from tests.common.server import Customer, wait_until
from tests.contract.documents import HERE

DOCUMENTED: dict[str, Any] = json.loads((HERE / "documented.json").read_text("utf-8"))
CREATE = "/contact/create"
AXELLE, JOHN = (one["phone_number"] for one in DOCUMENTED["contact"]["contacts"])
ANNA, BEN = "+33639980001", "+33639980002"


def on(customer: Customer, name: str, of: str = "list") -> list[str]:
    """Whoever is on a list or has a tag."""
    found = customer.server.rows(
        f"SELECT p.phone_number FROM {of} c JOIN {of}_member m ON m.{of}_id = c.id"  # noqa: S608
        " JOIN contact p ON p.id = m.contact_id WHERE c.account_id = ? AND c.name = ? ORDER BY 1",
        customer.account,
        name,
    )
    return [str(number) for (number,) in found]


def known(customer: Customer, *columns: str) -> list[tuple[Any, ...]]:
    sql = f"SELECT {', '.join(columns)} FROM contact WHERE account_id = ? ORDER BY phone_number"  # noqa: S608
    return customer.server.rows(sql, customer.account)


def create(customer: Customer, *numbers: str, **more: object) -> httpx2.Response:
    contacts = [{"phone_number": number} for number in numbers]
    return customer.post(CREATE, json={"contacts": contacts, **more})


def done(response: httpx2.Response, status: int) -> None:
    assert (response.status_code, response.content) == (status, b"")


def refused(response: httpx2.Response, code: int) -> dict[str, Any]:
    assert response.status_code == 400
    answer: dict[str, Any] = response.json()
    assert answer["code"] == code
    return answer


# -- the documents --------------------------------------------------------------------------------


def test_the_documented_contacts_are_kept_though_nothing_can_be_sent_to_them(
    customer: Customer,
) -> None:
    response = customer.post(CREATE, json=DOCUMENTED["contact"])
    done(response, 201)
    assert "octavo-repaired" not in response.headers
    assert known(customer, "phone_number", "first_name", "last_name", "param3", "invalid") == [
        (AXELLE, "Axelle", "Durand", "Mme", 1),
        (JOHN, "John", "Smith", "M", 1),
    ]
    assert on(customer, "my_list") == on(customer, "vip", "tag") == [AXELLE, JOHN]


def test_the_documented_numbers_leave_the_list_or_the_account(customer: Customer) -> None:
    documented = DOCUMENTED["contact_delete"]
    create(customer, *documented["phone_numbers"], ANNA, list_name="my_list")
    response = customer.delete("/contact/delete", json=documented)
    done(response, 204)
    assert "octavo-repaired" not in response.headers
    assert on(customer, "my_list") == [ANNA]
    assert len(known(customer, "id")) == 3
    del documented["list_name"]
    done(customer.delete("/contact/delete", json=documented), 204)
    assert known(customer, "phone_number") == [(ANNA,)]


def test_the_documented_list_is_made_emptied_and_deleted(customer: Customer) -> None:
    named = DOCUMENTED["contact_list"]
    done(customer.post("/contact-list/create", json=named), 201)
    assert "my_list" in refused(customer.post("/contact-list/create", json=named), 302)["message"]
    create(customer, ANNA, BEN, **named)
    done(customer.post("/contact-list/empty", json=named), 200)
    assert on(customer, "my_list") == []
    assert len(known(customer, "id")) == 2
    create(customer, ANNA, **named)
    done(customer.post("/contact-list/empty", json=named | {"delete_contacts": True}), 200)
    assert known(customer, "phone_number") == [(BEN,)]
    done(customer.delete("/contact-list/delete", json=named), 204)
    refused(customer.delete("/contact-list/delete", json=named), 303)
    refused(customer.post("/contact-list/empty", json=named), 303)
    done(customer.post("/contact-list/create", json=named), 201)


def test_several_lists_and_tags_and_leaving_the_others(customer: Customer) -> None:
    create(customer, ANNA, list_name="a", list_names=["b", "c"], tag_names=["s", "t"])
    assert [on(customer, name) for name in "abc"] == [[ANNA]] * 3
    done(create(customer, ANNA, list_names=["c", "d"], un_list=True, un_tag=True), 201)
    assert [on(customer, name) for name in "abcd"] == [[], [], [ANNA], [ANNA]]
    assert [on(customer, name, "tag") for name in "st"] == [[], []]


@pytest.mark.parametrize(("flag", "name"), [(True, "Anna"), (False, "Other"), (None, "Other")])
def test_known_contacts_are_overwritten_unless_asked_not_to(
    customer: Customer, flag: bool | None, name: str
) -> None:
    for first_name in ("Anna", "Other"):
        one = {"phone_number": ANNA, "first_name": first_name}
        customer.post(CREATE, json={"contacts": [one], "do_not_overwrite": flag})
    assert known(customer, "first_name") == [(name,)]


@pytest.mark.parametrize(
    "option",
    [
        "auto_remove_blacklisted_numbers",
        "auto_remove_blacklisted_contacts",
        "auto_delete_optout_contacts",
    ],
)
def test_who_opted_out_is_left_out_for_nothing(customer: Customer, option: str) -> None:
    customer.opt_out(BEN)
    before = customer.balance()
    done(create(customer, ANNA, BEN, **{option: True}), 201)
    assert known(customer, "phone_number") == [(ANNA,)]
    assert customer.balance() == before


def test_the_list_of_a_send_holds_its_recipients_with_their_countries(customer: Customer) -> None:
    people = [{"phone_number": ANNA, "first_name": "Anna"}, {"phone_number": "+34612345678"}]
    assert customer.send(recipients=people, list_name="buyers").status_code == 201
    assert known(customer, "phone_number", "first_name", "country", "invalid") == [
        (ANNA, "Anna", "FR", 0),
        ("+34612345678", None, "ES", 0),
    ]
    assert on(customer, "buyers") == [ANNA, "+34612345678"]


# -- limits ---------------------------------------------------------------------------------------


def test_five_hundred_contacts_are_taken_and_two_hundred_deleted(customer: Customer) -> None:
    numbers = [f"+336399800{n:03}" for n in range(501)]
    assert "500" in refused(create(customer, *numbers), 305)["message"]
    done(create(customer, *numbers[:500], list_name="a"), 201)
    assert len(on(customer, "a")) == 500
    too_many = {"phone_numbers": numbers[:201]}
    assert "200" in refused(customer.delete("/contact/delete", json=too_many), 305)["message"]
    done(customer.delete("/contact/delete", json={"phone_numbers": numbers[:200]}), 204)
    assert len(on(customer, "a")) == 300


def test_names_and_values_are_cut(customer: Customer) -> None:
    contact = {"phone_number": ANNA, "first_name": "f" * 51, "param5": "p" * 50}
    body = {"contacts": [contact], "list_name": "l" * 31, "tag_name": "t" * 21}
    response = customer.post(CREATE, json=body)
    assert response.headers["octavo-repaired"] == "contacts, list_name, tag_name"
    assert known(customer, "first_name", "param5") == [("f" * 50, "p" * 50)]
    assert on(customer, "l" * 30) == on(customer, "t" * 20, "tag") == [ANNA]
    done(customer.post("/contact-list/empty", json={"list_name": "l" * 40}), 200)
    assert on(customer, "l" * 30) == []


def test_a_long_list_is_empty_at_once_and_its_contacts_go_by_and_by(customer: Customer) -> None:
    for start in (0, 500):
        numbers = [f"+336399{n:05}" for n in range(start, start + 500)]
        create(customer, *numbers, list_name="long")
    body = {"list_name": "long", "delete_contacts": "true"}
    done(customer.post("/contact-list/empty", json=body), 200)
    assert on(customer, "long") == []
    wait_until(lambda: not known(customer, "id"))


# -- as people write them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"contacts": [ANNA], "list_name": "a"},
        {"contacts": ANNA, "listName": "a"},
        {"contacts": {"mobile": "0033 6 39 98 00 01"}, "list_names": "a"},
        {"recipients": [{"phone_number": 33639980001}], "list_names": ["a", "", None]},
        {"contacts": [{"phone_number": ANNA}, {}, {"phone_number": "?"}], "list_name": " a "},
    ],
)
def test_contacts_as_people_write_them(customer: Customer, body: dict[str, Any]) -> None:
    response = customer.post(CREATE, json=body)
    done(response, 201)
    assert response.headers["octavo-repaired"]
    assert on(customer, "a") == [ANNA]


@pytest.mark.parametrize(
    "body",
    [
        {"phone_numbers": ANNA},
        {"phone_numbers": f"{ANNA}, +33639980077"},
        {"phone_number": [33639980001]},
        {"contacts": [{"phone_number": ANNA}]},
        {"phone_numbers": ["06 39 98 00 99", "0033639980001"]},
    ],
)
def test_deletions_as_people_write_them(customer: Customer, body: dict[str, Any]) -> None:
    create(customer, ANNA, BEN)
    done(customer.delete("/contact/delete", json=body), 204)
    assert known(customer, "phone_number") == [(BEN,)]


def test_a_form_is_read(customer: Customer) -> None:
    form = {"contacts[0][phone_number]": ANNA, "contacts[0][first_name]": "A", "list_name": "a"}
    done(customer.post(CREATE, data=form), 201)
    assert known(customer, "first_name") == [("A",)]
    done(customer.delete("/contact/delete?phone_numbers[]=%2B33639980001"), 204)
    assert known(customer, "id") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", CREATE, {}, 110),
        ("POST", CREATE, {"contacts": []}, 110),
        ("POST", CREATE, {"contacts": [{"first_name": "A"}], "list_name": "a"}, 117),
        ("POST", CREATE, {"contacts": [{"phone_number": "no", "email": "no"}]}, 117),
        ("DELETE", "/contact/delete", {}, 110),
        ("DELETE", "/contact/delete", {"phone_numbers": [ANNA], "list_name": "nothing"}, 303),
        ("POST", "/contact-list/create", {}, 400),
        ("POST", "/contact-list/create", {"list_name": " "}, 400),
        ("POST", "/contact-list/empty", {"delete_contacts": True}, 400),
        ("DELETE", "/contact-list/delete", {"list_name": {}}, 400),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    customer: Customer, method: str, path: str, body: dict[str, Any], code: int
) -> None:
    answer = refused(customer.request(method, path, json=body), code)
    if code == 400:
        assert answer["errors"]["list_name"]["code"] == 448
    assert known(customer, "id") == []
    assert on(customer, "a") == []


@pytest.mark.parametrize("odd", ["\0", "\ud800", "x\0y", "\u202e", "'; DROP TABLE contact; --"])
def test_odd_text_is_kept_or_mended(customer: Customer, odd: str) -> None:
    body = {
        "contacts": [{"phone_number": ANNA, "first_name": odd, "email": odd}],
        "list_name": odd,
        "tag_names": [odd],
    }
    done(customer.post(CREATE, content=json.dumps(body).encode()), 201)
    assert known(customer, "phone_number") == [(ANNA,)]


# -- apart and at once ----------------------------------------------------------------------------


def test_nobody_touches_what_is_anothers(customer: Customer) -> None:
    other = customer.server.customer()
    create(customer, ANNA, list_name="a")
    done(other.delete("/contact/delete", json={"phone_numbers": [ANNA]}), 204)
    for method, path in (("POST", "/contact-list/empty"), ("DELETE", "/contact-list/delete")):
        body = {"list_name": "a", "delete_contacts": True}
        refused(other.request(method, path, json=body), 303)
    assert on(customer, "a") == [ANNA]


def test_requests_at_once_make_one_list_and_each_contact_once(customer: Customer) -> None:
    numbers = [f"+3363998{n:04}" for n in range(50)]
    ready = Barrier(8)

    def act(n: int) -> tuple[int, int]:
        ready.wait()
        made = customer.post("/contact-list/create", json={"list_name": "new"})
        filed = create(customer, *numbers[n:], *numbers[:n], list_name="a", tag_name="t")
        return made.status_code, filed.status_code

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(act, range(8)))
    assert sorted(made for made, _ in told) == [201] + [400] * 7
    assert {filed for _, filed in told} == {201}
    assert on(customer, "a") == on(customer, "t", "tag") == numbers
    assert len(known(customer, "id")) == 50
