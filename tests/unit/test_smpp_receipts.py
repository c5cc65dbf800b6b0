"""Receipts in the shapes that carriers give them; ids in two spellings."""

import pytest

from octavo.drivers.protocol import ReportState
from octavo.drivers.smpp.identifiers import IdHabit, from_answer, from_receipt, joining
from octavo.drivers.smpp.receipts import ReceiptFrom, is_receipt, pairs, read_receipt
from octavo.drivers.smpp.wire.delivery import Delivery
from octavo.drivers.smpp.wire.tlv import Tag, Tlvs

STANDARD = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2411221530 done date:2411221531 "
    b"stat:DELIVRD err:000 text:Bonjour id:9 stat:REJECTD"
)


def delivery(body: bytes, tlvs: Tlvs = (), esm_class: int = 4, data_coding: int = 0) -> Delivery:
    return Delivery(b"33600000001", 1, b"SHOP", 5, esm_class, data_coding, body, tlvs)


def ids(id_: bytes, state: int) -> Tlvs:
    return ((Tag.RECEIPTED_MESSAGE_ID, id_), (Tag.MESSAGE_STATE, bytes((state,))))


@pytest.mark.parametrize(
    ("text", "id_", "state", "code", "done"),
    [
        # appendix B, with a message that looks like a receipt
        (STANDARD.decode(), "0123456789", "delivered", "000", "2411221531"),
        # keys in capitals, years of four digits, seconds
        (
            "ID:A1b-2c SUB:1 DLVRD:1 DONE DATE:20241122153100 STAT:UNDELIV ERR:27 TEXT:",
            "A1b-2c", "undeliverable", "27", "20241122153100",
        ),
        # underscores, and fields that are empty
        (
            "id:77 sub: dlvrd: submit_date:2411221530 done_date:2411221530 stat:EXPIRED err: text:",
            "77", "expired", "", "2411221530",
        ),
        # blanks after the colons
        ("id: 5 stat: REJECTD err: 0A1", "5", "rejected", "0A1", ""),
        # only what matters
        ("id:5f3e9c1a-0b6d stat:DELIVRD", "5f3e9c1a-0b6d", "delivered", "", ""),
        # whole words
        ("id:5 stat:DELIVERED error:0", "5", "delivered", "0", ""),
        ("id:5 status:FAILED err:101", "5", "undeliverable", "101", ""),
        # in small letters, other order, other separators
        ("stat:delivrd;err:000;id:5;text:x", "5", "delivered", "000", ""),
        ("id:5 stat:DELETED err:0", "5", "undeliverable", "0", ""),
        # not final
        ("id:5 stat:ENROUTE err:0", "5", None, "0", ""),
        ("id:5 stat:ACCEPTD err:0", "5", None, "0", ""),
        ("id:5 stat:UNKNOWN err:0", "5", None, "0", ""),
        ("id:5 stat:BUFFRED err:0", "5", None, "0", ""),
        # nonsense
        ("", "", None, "", ""),
        ("hello", "", None, "", ""),
        ("text:id:5 stat:DELIVRD", "", None, "", ""),
        ("id:stat:err:text:", "", None, "", ""),
    ],
)  # fmt: skip
def test_receipts_by_text(text: str, id_: str, state: str | None, code: str, done: str) -> None:
    found = read_receipt(delivery(text.encode()))
    assert found == (id_, ReportState(state) if state else None, code, done, None)


@pytest.mark.parametrize("body", [STANDARD.decode().encode("utf-16-be"), STANDARD])
def test_a_text_of_sixteen_bits_is_seen(body: bytes) -> None:
    found = read_receipt(delivery(body, data_coding=8 if body[0] == 0 else 0))
    assert (found.id, found.state) == ("0123456789", ReportState.DELIVERED)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, None),
        (2, ReportState.DELIVERED),
        (3, ReportState.EXPIRED),
        (4, ReportState.UNDELIVERABLE),
        (5, ReportState.UNDELIVERABLE),
        (6, None),
        (7, None),
        (8, ReportState.REJECTED),
        (99, None),
    ],
)
@pytest.mark.parametrize("id_", [b"abc\0", b"abc"])
def test_receipts_by_optional_parameters(
    number: int, state: ReportState | None, id_: bytes
) -> None:
    found = read_receipt(delivery(b"", ids(id_, number)))
    assert found == ("abc", state, "", "", None)


def test_each_says_what_the_other_leaves_out() -> None:
    found = read_receipt(delivery(STANDARD, ((Tag.MESSAGE_STATE, b"\5"),)))
    assert found == ("0123456789", ReportState.UNDELIVERABLE, "000", "2411221531", None)


@pytest.mark.parametrize(
    ("source", "id_"),
    [(ReceiptFrom.BOTH, "ff"), (ReceiptFrom.TLV, "ff"), (ReceiptFrom.TEXT, "0123456789")],
)
def test_a_route_may_trust_one_of_them(source: ReceiptFrom, id_: str) -> None:
    assert read_receipt(delivery(STANDARD, ids(b"ff\0", 2)), source).id == id_


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (b"\3\0\1", ReportState.BAD_DESTINATION, "001"),
        (b"\3\0\x0d", ReportState.NOT_ALLOWED, "013"),
        (b"\3\0\x1b", ReportState.UNDELIVERABLE, "027"),
        # another network's 1 may mean anything
        (b"\1\0\1", ReportState.UNDELIVERABLE, "001"),
        (b"\3\0", ReportState.UNDELIVERABLE, ""),
    ],
)
def test_the_network_s_error_says_more(error: bytes, state: ReportState, code: str) -> None:
    tlvs = (*ids(b"1\0", 5), (int(Tag.NETWORK_ERROR_CODE), error))
    found = read_receipt(delivery(b"", tlvs))
    assert (found.state, found.code) == (state, code)


def test_our_reference_comes_back() -> None:
    tlvs = (*ids(b"1\0", 2), (int(Tag.USER_MESSAGE_REFERENCE), b"\x12\x34"))
    assert read_receipt(delivery(b"", tlvs)).reference == 0x1234


def test_an_intermediate_notification_is_never_final() -> None:
    assert read_receipt(delivery(STANDARD, esm_class=0x20)).state is None


@pytest.mark.parametrize(
    ("esm_class", "tlvs", "is_one"),
    [
        (0x04, (), True),
        (0x44, (), True),
        (0x20, (), True),
        (0x08, (), False),
        (0x10, (), False),
        (0x00, (), False),
        (0x40, (), False),
        (0x00, ids(b"1", 2), True),
        (0x00, ids(b"1", 2)[:1], False),
    ],
)
def test_what_a_phone_writes_is_no_receipt(esm_class: int, tlvs: Tlvs, is_one: bool) -> None:
    assert is_receipt(delivery(STANDARD, tlvs, esm_class)) is is_one


@pytest.mark.parametrize(
    ("habit", "answer", "receipt"),
    [
        (IdHabit.EXACT, "00aB", "00aB"),
        (IdHabit.LOOSE, "00aB", "Ab"),
        (IdHabit.LOOSE, "000", "0"),
        (IdHabit.ANSWER_HEX, "0A", "10"),
        (IdHabit.ANSWER_HEX, "0000001F", "0000000031"),
        (IdHabit.RECEIPT_HEX, "10", "0a"),
        # what is no number is compared loosely
        (IdHabit.ANSWER_HEX, "x-1", "X-1"),
    ],
)
def test_two_spellings_are_one_id(habit: IdHabit, answer: str, receipt: str) -> None:
    assert from_answer(habit, answer) == from_receipt(habit, receipt)
    assert habit in joining(answer, receipt)


def test_no_habit_joins_two_messages() -> None:
    assert joining("1f", "30") == []


@pytest.mark.parametrize("habit", list(IdHabit))
@pytest.mark.parametrize("id_", ["", "0", "9" * 5000, "f" * 5000, "١٢", "-1", "1_0", " 1"])
def test_any_id_is_kept(habit: IdHabit, id_: str) -> None:
    assert bool(from_answer(habit, id_)) is bool(id_)
    assert bool(from_receipt(habit, id_)) is bool(id_)


def test_a_long_text_costs_no_more_than_its_length() -> None:
    assert pairs("id:" * 20_000) == {"id": ""}
