"""What is written of people, read as contacts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.contacts.reading import read_addresses, read_people
from octavo.contacts.schemas import Entry, NewContact
from octavo.numbers import NumberReader, as_written

NUMBERS = NumberReader()


def read(*entries: Entry) -> list[NewContact]:
    return read_people(entries, NUMBERS).people


@pytest.mark.parametrize(
    ("written", "kept", "country"),
    [
        ("+33600000000", "+33600000000", "FR"),
        ("0033 6 00 00 00 00", "+33600000000", "FR"),
        ("+34 612 34 56 78", "+34612345678", "ES"),
    ],
)
def test_a_number_is_kept_in_e164_with_its_country(written: str, kept: str, country: str) -> None:
    (person,) = read(Entry(written))
    assert (person.phone_number, person.country, person.invalid) == (kept, country, 0)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        # Both are documented (contract 5.1).
        ("+111222233334444", "+111222233334444"),
        ("+2222333334444555", "+2222333334444555"),
        ("0600000000", "0600000000"),
        ("00 999 123 456 789", "+999123456789"),
        ("+ 12", "+12"),
        ("\uff0b\u0661\u0662", "+12"),
    ],
)
def test_a_number_that_cannot_be_sent_to_is_kept_and_marked(written: str, kept: str) -> None:
    (person,) = read(Entry(written))
    assert (person.phone_number, person.country, person.invalid) == (kept, "", 1)
    assert read_addresses([written], NUMBERS).numbers == [kept]


def test_who_can_be_told_from_nobody_else_is_not_kept() -> None:
    found = read_people([Entry("abc"), Entry(first_name="A"), Entry("1" * 33)], NUMBERS)
    assert found == ([], ["abc", "", "1" * 33])


def test_an_e_mail_address_is_enough_wherever_it_stands() -> None:
    people = read(Entry(email="Eve@Example.ORG"), Entry("eve2@example.org"), Entry("x", "a@b"))
    assert [(p.phone_number, p.email) for p in people] == [
        (None, "eve@example.org"),
        (None, "eve2@example.org"),
        (None, "a@b"),
    ]
    assert read_addresses(["EVE@example.org", "abc"], NUMBERS) == ([], ["eve@example.org"])


def test_values_are_cut_to_fifty_characters() -> None:
    (person,) = read(Entry("+33600000000", "", "a" * 60, "b", "c", "d", "e", "f", "g" * 60))
    assert person[1:8] == ("a" * 50, "b", "c", "d", "e", "f", "g" * 50)


@given(st.text(max_size=80))
def test_whatever_is_written_is_known_again(written: str) -> None:
    kept = as_written(written)
    assert as_written(kept) == kept
    for person in read(Entry(written)):
        if person.phone_number:
            (again,) = read(Entry(person.phone_number))
            assert again.phone_number == person.phone_number
