"""Texts on the wire: alphabets, headers, and as many parts as were counted."""

import pytest

from octavo.drivers.smpp import gsm, udh
from octavo.drivers.smpp.texts import Alphabet, Charset, Long, TextStyle, Unsendable, alphabet_of
from octavo.drivers.smpp.udh import Place
from octavo.drivers.smpp.wire.tlv import Tag, octets_of, read_tlvs
from octavo.text.parts import STANDARD, VENDOR, split

REFERENCE = 0x1234
EURO = "Rabatt: 20 € [heute] {nur} ^~|\\"


def test_the_octets_of_a_plain_text() -> None:
    (piece,) = TextStyle().pieces("Hi @ 5 €", 1, REFERENCE)
    assert piece.body == b"Hi \x00 5 \x1b\x65"
    assert (piece.data_coding, piece.esm_class, piece.tlvs) == (0, 0, b"")


def test_the_octets_of_a_packed_text() -> None:
    # the example of every description of the packing
    (piece,) = TextStyle(charset=Charset.GSM7_PACKED).pieces("hellohello", 1, REFERENCE)
    assert piece.body == bytes.fromhex("e8329bfd4697d9ec37")


def test_what_is_not_in_the_alphabet_goes_as_ucs2() -> None:
    (piece,) = TextStyle().pieces("Привет 👍", 1, REFERENCE)
    assert piece.body == "Привет 👍".encode("utf-16-be")
    assert piece.data_coding == 8


@pytest.mark.parametrize("text", ["`", "\x00", "\x1b", "ê", "\t"])
def test_ascii_that_gsm_lacks_goes_as_ucs2(text: str) -> None:
    (piece,) = TextStyle().pieces(text, 1, REFERENCE)
    assert piece.data_coding == 8


def test_latin1_is_sent_where_the_carrier_wants_it() -> None:
    style = TextStyle(charset=Charset.LATIN1, data_coding=3)
    (piece,) = style.pieces("Grüße @ {x}", 1, REFERENCE)
    assert (piece.body, piece.data_coding) == ("Grüße @ {x}".encode("latin-1"), 3)


def test_what_latin1_lacks_goes_as_ucs2_if_it_fits() -> None:
    style = TextStyle(charset=Charset.LATIN1)
    (piece,) = style.pieces(EURO, 1, REFERENCE)
    assert piece.data_coding == 8
    with pytest.raises(Unsendable):
        style.pieces(EURO * 4, 1, REFERENCE)


def test_a_text_in_two_parts_with_a_header_of_eight_bits() -> None:
    first, second = TextStyle().pieces("a" * 153 + "b" * 8, 2, REFERENCE)
    assert first.body == bytes.fromhex("050003340201") + b"a" * 153
    assert second.body == bytes.fromhex("050003340202") + b"b" * 8
    assert first.esm_class == second.esm_class == 0x40


def test_a_text_in_two_parts_with_a_header_of_sixteen_bits() -> None:
    first, second = TextStyle(long=Long.UDH16).pieces("a" * 152 + "b" * 9, 2, REFERENCE)
    assert first.body == bytes.fromhex("06080412340201") + b"a" * 152
    assert second.body == bytes.fromhex("06080412340202") + b"b" * 9


@pytest.mark.parametrize("text", ["a" * 306, "я" * 134])
def test_a_text_that_would_need_one_more_part_gets_eight_bits(text: str) -> None:
    pieces = TextStyle(long=Long.UDH16).pieces(text, 2, REFERENCE)
    assert [piece.body[:6] for piece in pieces] == [
        bytes.fromhex("050003340201"),
        bytes.fromhex("050003340202"),
    ]


def test_a_text_in_two_parts_by_optional_parameters() -> None:
    pieces = TextStyle(long=Long.SAR).pieces("a" * 161, 2, REFERENCE, b"\2\4\0\2ab")
    assert [piece.body for piece in pieces] == [b"a" * 153, b"a" * 8]
    for no, piece in enumerate(pieces, 1):
        assert piece.esm_class == 0
        assert read_tlvs(piece.tlvs, 0, len(piece.tlvs)) == (
            (Tag.SAR_MSG_REF_NUM, b"\x12\x34"),
            (Tag.SAR_TOTAL_SEGMENTS, b"\2"),
            (Tag.SAR_SEGMENT_SEQNUM, bytes((no,))),
            (Tag.USER_MESSAGE_REFERENCE, b"ab"),
        )


def test_a_long_text_as_payload_is_one_piece() -> None:
    (piece,) = TextStyle(long=Long.PAYLOAD).pieces("я" * 200, 3, REFERENCE)
    assert piece.body == b""
    tlvs = read_tlvs(piece.tlvs, 0, len(piece.tlvs))
    assert octets_of(tlvs, Tag.MESSAGE_PAYLOAD) == ("я" * 200).encode("utf-16-be")


@pytest.mark.parametrize("style", [TextStyle(long=long) for long in (Long.UDH8, Long.SAR)])
@pytest.mark.parametrize("text", ["x" * 1000, EURO * 20, "[" * 400, "я" * 300, "👍" * 100 + "a"])
@pytest.mark.parametrize("rules", [STANDARD, VENDOR])
def test_as_many_parts_leave_as_were_counted(text: str, style: TextStyle, rules: object) -> None:
    counted = len(split(text, VENDOR if rules is VENDOR else STANDARD))
    assert len(style.pieces(text, counted, REFERENCE)) == counted


@pytest.mark.parametrize("text", ["@" * 100, "a" * 155 + "&$@"])
def test_a_text_that_is_counted_strictly_is_spread(text: str) -> None:
    counted = len(split(text, VENDOR))
    assert counted == 2
    pieces = TextStyle().pieces(text, counted, REFERENCE)
    assert gsm.decode(b"".join(piece.body[6:] for piece in pieces)) == text


def test_no_character_is_cut_in_two() -> None:
    first, _ = TextStyle().pieces("я" * 66 + "👍" + "я" * 10, 2, REFERENCE)
    assert first.body[6:].decode("utf-16-be") == "я" * 66
    first, _ = TextStyle().pieces("a" * 152 + "€" + "a" * 10, 2, REFERENCE)
    assert first.body[6:] == b"a" * 152


def test_a_text_over_its_parts_is_not_sent() -> None:
    with pytest.raises(Unsendable):
        TextStyle().pieces("a" * 161, 1, REFERENCE)
    with pytest.raises(Unsendable):
        TextStyle().pieces("a" * 307, 2, REFERENCE)


@pytest.mark.parametrize(
    ("data_coding", "alphabet"),
    [
        (0, Alphabet.DEFAULT),
        (1, Alphabet.LATIN1),
        (2, Alphabet.BINARY),
        (3, Alphabet.LATIN1),
        (4, Alphabet.BINARY),
        (8, Alphabet.UCS2),
        (0x10, Alphabet.DEFAULT),
        (0x18, Alphabet.UCS2),
        (0xE0, Alphabet.UCS2),
        (0xF0, Alphabet.DEFAULT),
        (0xF5, Alphabet.BINARY),
    ],
)
def test_what_a_data_coding_says(data_coding: int, alphabet: Alphabet) -> None:
    assert alphabet_of(data_coding) is alphabet


@pytest.mark.parametrize(
    ("body", "data_coding", "text"),
    [
        (b"Merci \x00 \x1b\x65", 0, "Merci @ €"),
        (b"caf\xe9", 3, "café"),
        ("да 👍".encode("utf-16-be"), 8, "да 👍"),
        (b"\x04\x34\x04", 8, "д"),
        (b"\xd8\x3d", 8, "\ufffd"),
        (b"a\x1b", 0, "a "),
        (b"", 0, ""),
    ],
)
def test_what_comes_in_is_read(body: bytes, data_coding: int, text: str) -> None:
    assert TextStyle().decode(body, data_coding) == text


@pytest.mark.parametrize(
    ("data", "headed"),
    [
        (bytes.fromhex("050003cc0301") + b"x", (b"x", Place(0xCC, 3, 1), 6)),
        (bytes.fromhex("06080412340302") + b"x", (b"x", Place(0x1234, 3, 2), 7)),
        (bytes.fromhex("0b05041581000000037f0201") + b"x", (b"x", Place(0x7F, 2, 1), 12)),
        (bytes.fromhex("050003cc0304") + b"x", (b"x", None, 6)),
        (bytes.fromhex("050003cc0300") + b"x", (b"x", None, 6)),
        (b"\x30abc", (b"\x30abc", None, 0)),
        (b"", (b"", None, 0)),
        (b"\x02\x00\x09x", (b"x", None, 3)),
    ],
)
def test_headers_of_what_comes_in(data: bytes, headed: tuple[bytes, Place | None, int]) -> None:
    assert udh.read(data) == headed
