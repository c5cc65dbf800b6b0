"""deliver_sm and data_sm as they come in, many in a row."""

from struct import Struct
from typing import NamedTuple

from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.fields import ShortMessage
from octavo.drivers.smpp.wire.frames import Frame
from octavo.drivers.smpp.wire.pdu import Pdu, decode
from octavo.drivers.smpp.wire.tlv import Tag, Tlvs, octets_of, read_tlvs

_DELIVER_SM = int(Command.DELIVER_SM)
_PAYLOAD = int(Tag.MESSAGE_PAYLOAD)
_LONGEST = ShortMessage().most
_LAST = Struct(">BBBBB")
"""registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length."""


class Delivery(NamedTuple):
    """A message or report from the carrier. `body` is short_message, else message_payload."""

    source: bytes
    source_ton: int
    destination: bytes
    destination_ton: int
    esm_class: int
    data_coding: int
    body: bytes
    tlvs: Tlvs


def read_delivery(frame: Frame) -> Delivery:
    """Reads a deliver_sm or a data_sm. Raises Malformed."""
    if frame.command == _DELIVER_SM and (found := _quickly(frame)) is not None:
        return found
    return _from_pdu(decode(frame))


def _quickly(frame: Frame) -> Delivery | None:
    """A deliver_sm within its bounds; None for any other, whose fault `decode` then names."""
    data, _, _, _, start, end = frame
    find = data.find
    type_end = find(b"\0", start, end)
    source_end = find(b"\0", type_end + 3, end)
    to_end = find(b"\0", source_end + 3, end)
    schedule_end = find(b"\0", to_end + 4, end)
    validity_end = find(b"\0", schedule_end + 1, end)
    at = validity_end + 6
    # A NUL that is missing leaves -1, and the order is broken.
    if not start <= type_end < source_end < to_end < schedule_end < validity_end or at > end:
        return None
    _, _, data_coding, _, length = _LAST.unpack_from(data, validity_end + 1)
    stop = at + length
    if stop > end or length > _LONGEST or type_end - start > 5:
        return None
    source, to = data[type_end + 3 : source_end], data[source_end + 3 : to_end]
    if len(source) > 20 or len(to) > 20 or schedule_end - to_end > 20:
        return None
    if validity_end - schedule_end > 17:
        return None
    tlvs = read_tlvs(data, stop, end) if stop < end else ()
    body = data[at:stop]
    if not length and tlvs:
        body = octets_of(tlvs, _PAYLOAD) or b""
    return Delivery(
        source, data[type_end + 1], to, data[source_end + 1],
        data[to_end + 1], data_coding, body, tlvs,
    )  # fmt: skip


def _from_pdu(pdu: Pdu) -> Delivery:
    return Delivery(
        pdu.octets("source_addr"),
        pdu.integer("source_addr_ton"),
        pdu.octets("destination_addr"),
        pdu.integer("dest_addr_ton"),
        pdu.integer("esm_class"),
        pdu.integer("data_coding"),
        pdu.octets("short_message") or octets_of(pdu.tlvs, _PAYLOAD) or b"",
        pdu.tlvs,
    )
