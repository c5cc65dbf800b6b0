"""Whom people put into `recipients`, and how."""

import pytest

from octavo.api.lenient.jsontext import JsonValue
from octavo.api.lenient.recipients import MAX_ENTRIES, RecipientInput, Recipients
from octavo.kit.clock import Instant

ONE = RecipientInput("+33600000001")
TWO = RecipientInput("+33600000002")


def read(value: JsonValue) -> tuple[tuple[RecipientInput, ...], bool]:
    found = Recipients().read(value, Instant(0))
    assert found is not None
    return found.value, found.repaired


def test_documented_contacts_are_read_as_they_are() -> None:
    full: dict[str, JsonValue] = {
        "phone_number": "+33600000001",
        "first_name": "Alexandra",
        "last_name": "Robinson",
        "param1": "Mrs",
        "param2": "Dr Collins",
        "param3": "3:30 pm",
    }
    rows, repaired = read([full, {"phone_number": "+33600000002", "param1": None}])
    assert rows == (
        RecipientInput("+33600000001", "", "Alexandra", "Robinson", "Mrs", "Dr Collins", "3:30 pm"),
        TWO,
    )
    assert not repaired


def test_a_conversation_and_an_email_are_addresses_too() -> None:
    rows, repaired = read([{"email": "a@example.org"}, {"conversation_id": "c1"}])
    assert rows == (RecipientInput(email="a@example.org"), RecipientInput(conversation_id="c1"))
    assert not repaired


@pytest.mark.parametrize(
    "value",
    [
        # Lists of plain numbers, and strings that hold several.
        ["+33600000001", "+33600000002"],
        "+33600000001,+33600000002",
        "+33600000001; +33600000002",
        "+33600000001\r\n+33600000002\n",
        ["+33600000001,+33600000002"],
        # A form's index, in one object or as a list.
        {"0": {"phone_number": "+33600000001"}, "1": {"phone_number": "+33600000002"}},
        {"0": "+33600000001", "1": "+33600000002"},
        [{"0": {"phone_number": "+33600000001"}}, {"1": {"phone_number": "+33600000002"}}],
        # JSON inside a form field, whole or by entry.
        '[{"phone_number":"+33600000001"},{"phone_number":"+33600000002"}]',
        ['{"phone_number":"+33600000001"}', '{"phone_number":"+33600000002"}'],
        # Lists in lists, and an object around the list.
        [[{"phone_number": "+33600000001"}], [{"phone_number": "+33600000002"}]],
        {"contact": [{"phone_number": "+33600000001"}, {"phone_number": "+33600000002"}]},
        # Other names for the number.
        [{"phoneNumber": "+33600000001"}, {"Phone-Number": "+33600000002"}],
        [{"phone": "+33600000001"}, {"number": "+33600000002"}],
        [{"msisdn": "+33600000001"}, {"mobile": "+33600000002"}],
        [{"phone_number": ["+33600000001"]}, "+33600000002"],
    ],
)
def test_other_shapes_mean_the_same_two_and_are_noted(value: JsonValue) -> None:
    assert read(value) == ((ONE, TWO), True)


def test_one_contact_needs_no_list() -> None:
    assert read({"phone_number": "+33600000001"}) == ((ONE,), True)


@pytest.mark.parametrize("number", [33612345678, 3.3612345678e10, "33612345678"])
def test_numbers_as_numbers_become_their_digits(number: JsonValue) -> None:
    assert read([{"phone_number": number}])[0] == (RecipientInput("33612345678"),)
    assert read([number])[0] == (RecipientInput("33612345678"),)


def test_the_documented_name_wins_over_another() -> None:
    value: JsonValue = [{"phone": "+33600000002", "phone_number": "+33600000001"}]
    assert read(value)[0] == (ONE,)
    value = [{"phone_number": "+33600000001", "phone": "+33600000002"}]
    assert read(value)[0] == (ONE,)


def test_unknown_keys_of_a_contact_are_ignored() -> None:
    rows, repaired = read([{"phone_number": "+33600000001", "id": 5, "tags": ["x"]}])
    assert rows == (ONE,)
    assert not repaired


def test_long_values_are_cut_and_other_types_cast() -> None:
    value: JsonValue = [{"phone_number": "+33600000001", "param1": "x" * 60, "param2": 5.0}]
    rows, repaired = read(value)
    assert (rows[0].param1, rows[0].param2) == ("x" * 50, "5")
    assert repaired


def test_a_long_address_is_no_repair() -> None:
    address = "a" * 60 + "@example.org"
    assert read([{"email": address}]) == ((RecipientInput(email=address),), False)


@pytest.mark.parametrize(
    "entry", [None, True, {}, "", " , ", [], {"phone_number": None}, float("nan")]
)
def test_an_entry_that_says_nothing_stays_as_an_empty_one(entry: JsonValue) -> None:
    assert read([{"phone_number": "+33600000001"}, entry]) == ((ONE, RecipientInput()), True)


def test_addresses_in_plain_lists_are_told_from_numbers() -> None:
    assert read("a@example.org, +33600000001")[0] == (RecipientInput(email="a@example.org"), ONE)


def test_reading_stops_where_nobody_needs_more() -> None:
    assert len(read([{"phone_number": "1"}] * 500)[0]) == 500
    assert len(read([{"phone_number": "1"}] * 30_000)[0]) == MAX_ENTRIES
    assert len(read("1," * 30_000)[0]) == MAX_ENTRIES
    assert len(read([["1"] * 5_000] * 5_000)[0]) == MAX_ENTRIES


def test_lists_nested_without_end_are_left_alone() -> None:
    deep: JsonValue = ["+33600000001"]
    for _ in range(900):
        deep = [deep]
    assert read(deep) == ((RecipientInput(),), True)


@pytest.mark.parametrize(
    "number",
    [
        "+33600000001;+33600000002",
        "+33600000001, +33600000002",
        "+33600000001\r\n+33600000002\n",
        "0033600000001;0033600000002",
        ["+33600000001", "+33600000002"],
    ],
)
def test_several_numbers_in_one_are_a_contact_each(number: JsonValue) -> None:
    rows, repaired = read([{"phone_number": number, "first_name": "Ada"}])
    assert [row.phone_number.replace("00336", "+336") for row in rows] == [
        "+33600000001",
        "+33600000002",
    ]
    assert {row.first_name for row in rows} == {"Ada"}
    assert repaired


def test_a_long_row_of_numbers_loses_none() -> None:
    numbers = [f"+336000000{i:02d}" for i in range(50)]
    rows, _ = read([{"phone_number": ";".join(numbers)}])
    assert [row.phone_number for row in rows] == numbers


@pytest.mark.parametrize("number", ["+33 6 00 00 00 01;ext=12", "+33600000001, ext. 5"])
def test_an_extension_is_no_second_number(number: str) -> None:
    assert read([{"phone_number": number}]) == ((RecipientInput(number),), False)
