"""The codec against itself, against two codecs by others, and against any octets."""

import contextlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smpp.pdu.pdu_encoding import PDUEncoder
from smpplib.client import SimpleSequenceGenerator
from smpplib.smpp import make_pdu, parse_pdu

from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.delivery import Delivery, read_delivery
from octavo.drivers.smpp.wire.errors import Malformed, Unframed
from octavo.drivers.smpp.wire.fields import CString, Field, Value
from octavo.drivers.smpp.wire.frames import HEADER, LARGEST, Frame, Splitter
from octavo.drivers.smpp.wire.layouts import LAYOUTS
from octavo.drivers.smpp.wire.pdu import Pdu, decode, encode
from octavo.drivers.smpp.wire.submit import Address, Piece, SubmitWriter, message_id
from octavo.drivers.smpp.wire.tlv import Tag, octets_of, write_tlvs
from tests.common.smpp import OCTETS, SEQUENCES, TLVS, frame, pdus, read, strings, values

ANY_PDU = st.sampled_from(list(Command)).flatmap(pdus)

few = settings(max_examples=20, deadline=None)
many = settings(max_examples=100, deadline=None)

BY_SMPPLIB = [
    Command.BIND_TRANSMITTER,
    Command.BIND_RECEIVER,
    Command.BIND_TRANSCEIVER,
    Command.SUBMIT_SM,
    Command.DELIVER_SM,
    Command.DATA_SM,
    Command.QUERY_SM,
    Command.ENQUIRE_LINK,
    Command.UNBIND,
    Command.ALERT_NOTIFICATION,
]

BY_PDU3 = [
    each
    for each in Command
    # its encoders of these fail on what they have decoded themselves
    if each
    not in (
        Command.REPLACE_SM,
        Command.SUBMIT_MULTI,
        Command.SUBMIT_MULTI_RESP,
        Command.DELIVER_SM_RESP,
    )
]

TONS = st.integers(0, 6)
NPIS = st.sampled_from([0, 1, 3, 4, 6, 8, 9, 10, 14, 18])
KNOWN_ALIKE: dict[str, st.SearchStrategy[Value]] = {
    **dict.fromkeys(("source_addr_ton", "dest_addr_ton", "addr_ton", "esme_addr_ton"), TONS),
    **dict.fromkeys(("source_addr_npi", "dest_addr_npi", "addr_npi", "esme_addr_npi"), NPIS),
    "esm_class": st.sampled_from([0, 1, 2, 3, 0x04, 0x08, 0x40, 0x43, 0x80, 0xC0]),
    "priority_flag": st.integers(0, 3),
    "replace_if_present_flag": st.integers(0, 1),
    "registered_delivery": st.sampled_from([0, 1, 2, 0x10, 0x11]),
    "data_coding": st.sampled_from([0, 1, 3, 4, 8, 0xF1]),
    "message_state": st.integers(1, 8),
    "sm_default_msg_id": st.integers(0, 254),
    "interface_version": st.just(0x34),
}
"""Where an independent codec takes only what the specification names."""


def alike(command: Command, *, ascii_only: bool = False) -> st.SearchStrategy[Pdu]:
    """PDUs that a codec by others can hold: enumerations in range, times empty."""

    def one(field: Field) -> st.SearchStrategy[Value]:
        if field.name in KNOWN_ALIKE:
            return KNOWN_ALIKE[field.name]
        match field:
            case CString(_, most, _) if most == 17:
                return st.just(b"")
            case CString(name, most, _) if ascii_only:
                letters = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
                # smpplib needs an id, and cuts an alert_notification's addresses
                least = 1 if name == "message_id" else 0
                return st.text(letters, min_size=least, max_size=min(most, 21) - 1).map(str.encode)
            case _:
                return values(field)

    fields = {field.name: one(field) for field in LAYOUTS[command]}
    return st.builds(Pdu, st.just(int(command)), SEQUENCES, fields=st.fixed_dictionaries(fields))


@few
@given(ANY_PDU)
def test_what_is_written_reads_the_same(pdu: Pdu) -> None:
    assert read(encode(pdu)) == pdu


@pytest.mark.parametrize("command", BY_PDU3, ids=lambda each: each.name)
@few
@given(data=st.data())
def test_smpp_pdu3_reads_and_writes_the_same_octets(command: Command, data: st.DataObject) -> None:
    raw = encode(data.draw(alike(command)))
    encoder = PDUEncoder()
    assert encoder.encode(encoder.decode(BytesIO(raw))) == raw


@pytest.mark.parametrize("command", BY_SMPPLIB, ids=lambda each: each.name)
@few
@given(data=st.data())
def test_smpplib_reads_the_same_fields(command: Command, data: st.DataObject) -> None:
    pdu = data.draw(alike(command))
    theirs = parse_pdu(encode(pdu), client=None, sequence=0)
    assert theirs.sequence == pdu.sequence
    for name, value in pdu.fields.items():
        assert (getattr(theirs, name) or b"") == (value or b""), name


@pytest.mark.parametrize("command", BY_SMPPLIB, ids=lambda each: each.name)
@few
@given(data=st.data())
def test_what_smpplib_writes_is_read_the_same(command: Command, data: st.DataObject) -> None:
    pdu = data.draw(alike(command, ascii_only=True))
    given_values = {
        name: value.decode() if isinstance(value, bytes) and name != "short_message" else value
        for name, value in pdu.fields.items()
    }
    name = command.name.lower()
    theirs = make_pdu(name, client=SimpleSequenceGenerator(), **given_values)
    theirs.sequence = pdu.sequence
    assert read(theirs.generate()) == pdu


@few
@given(st.data())
def test_the_quick_writer_writes_what_the_general_one_reads(data: st.DataObject) -> None:
    service_type, validity = data.draw(strings(6)), data.draw(strings(17))
    source = data.draw(st.builds(Address, OCTETS, OCTETS, strings(21)))
    to, ton, npi, registered = data.draw(st.tuples(strings(21), OCTETS, OCTETS, OCTETS))
    tlvs = TLVS.map(write_tlvs)
    piece = data.draw(st.builds(Piece, st.binary(max_size=254), OCTETS, OCTETS, tlvs))
    writer = SubmitWriter(
        service_type=service_type, priority=2, validity=validity, registered_delivery=registered
    )
    raw = writer.write(9, writer.head(source, ton, npi), to, piece)
    pdu = read(raw)
    assert encode(pdu) == raw
    assert pdu.sequence == 9
    assert pdu.fields == {
        "service_type": service_type,
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "source_addr": source.digits,
        "dest_addr_ton": ton,
        "dest_addr_npi": npi,
        "destination_addr": to,
        "esm_class": piece.esm_class,
        "protocol_id": 0,
        "priority_flag": 2,
        "schedule_delivery_time": b"",
        "validity_period": validity,
        "registered_delivery": registered,
        "replace_if_present_flag": 0,
        "data_coding": piece.data_coding,
        "sm_default_msg_id": 0,
        "short_message": piece.body,
    }
    assert write_tlvs(pdu.tlvs) == piece.tlvs


@few
@given(pdus(Command.SUBMIT_SM_RESP))
def test_the_quick_reader_finds_the_id_of_every_answer(pdu: Pdu) -> None:
    found = message_id(frame(encode(pdu)))
    assert found.encode("latin-1") == pdu.octets("message_id")


def slowly(frame: Frame) -> Delivery | int:
    """A delivery by way of the general reader, or the status of its fault."""
    try:
        pdu = decode(frame)
    except Malformed as fault:
        return fault.status
    payload = octets_of(pdu.tlvs, Tag.MESSAGE_PAYLOAD) or b""
    return Delivery(
        pdu.octets("source_addr"),
        pdu.integer("source_addr_ton"),
        pdu.octets("destination_addr"),
        pdu.integer("dest_addr_ton"),
        pdu.integer("esm_class"),
        pdu.integer("data_coding"),
        pdu.octets("short_message") or payload,
        pdu.tlvs,
    )


def quickly(frame: Frame) -> Delivery | int:
    try:
        return read_delivery(frame)
    except Malformed as fault:
        return fault.status


@few
@given(pdus(Command.DELIVER_SM) | pdus(Command.DATA_SM))
def test_the_quick_reader_sees_what_the_general_one_sees(pdu: Pdu) -> None:
    one = frame(encode(pdu))
    assert quickly(one) == slowly(one)


@many
@given(pdus(Command.DELIVER_SM), st.data())
def test_the_quick_reader_refuses_what_the_general_one_refuses(
    pdu: Pdu, data: st.DataObject
) -> None:
    body = bytearray(encode(pdu)[16:])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            body[at] = data.draw(OCTETS)
        else:
            del body[at:]
            break
        if data.draw(st.booleans()):
            body[at:at] = data.draw(st.binary(max_size=30))
    # what lies behind it belongs to the next PDU
    one = Frame(bytes(body) + b"\0" * 99, Command.DELIVER_SM, 0, 1, 0, len(body))
    assert quickly(one) == slowly(one)


@few
@given(st.lists(ANY_PDU, max_size=8), st.data())
def test_a_stream_is_cut_the_same_however_it_arrives(pdus: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(map(encode, pdus))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    splitter = Splitter()
    found = [
        decode(one)
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for one in splitter.feed(stream[start:end])
    ]
    assert found == pdus


@many
@given(st.lists(st.binary(max_size=80), max_size=6))
def test_any_octets_are_read_or_refused(chunks: list[bytes]) -> None:
    splitter = Splitter()
    try:
        for chunk in chunks:
            for one in splitter.feed(chunk):
                quickly(one)
                message_id(one)
                slowly(one)
    except Unframed:
        pass


@many
@given(st.sampled_from([*map(int, Command), 0x55, 0xFFFFFFFF]), st.binary(max_size=200))
def test_any_body_is_read_or_refused(command: int, body: bytes) -> None:
    raw = HEADER.pack(16 + len(body), command, 0, 1) + body
    with contextlib.suppress(Malformed):
        assert read(raw).command == command


@many
@given(st.integers(0, 15) | st.integers(LARGEST + 1, 0xFFFFFFFF))
def test_a_length_that_cannot_be_ends_the_stream(length: int) -> None:
    whole = encode(Pdu(Command.ENQUIRE_LINK, 1))
    found: list[Frame] = []
    with pytest.raises(Unframed):
        found.extend(Splitter().feed(whole + HEADER.pack(length, 5, 0, 1)))
