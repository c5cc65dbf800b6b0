"""Optional parameters (SMPP 3.4, 5.3): all are kept, in order, the unknown ones too."""

from collections.abc import Iterable
from enum import IntEnum
from struct import Struct, error
from typing import TypeAlias

from octavo.drivers.smpp.wire.errors import Malformed
from octavo.drivers.smpp.wire.status import Status

_TAG_AND_LENGTH = Struct(">HH")

Tlvs: TypeAlias = tuple[tuple[int, bytes], ...]
"""Tags with their values, as they stand in the PDU; a tag may come more than once."""


class Tag(IntEnum):
    """The tags that the protocol defines (5.3.2)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


def read_tlvs(data: bytes, at: int, end: int) -> Tlvs:
    """The optional parameters between `at` and `end`. Raises Malformed when they do not add up."""
    found: list[tuple[int, bytes]] = []
    unpack = _TAG_AND_LENGTH.unpack_from
    while end - at >= 4:
        tag, length = unpack(data, at)
        at += 4 + length
        found.append((tag, data[at - length : at]))
    if at != end:
        raise Malformed(Status.ESME_RINVOPTPARSTREAM, "optional parameters end in the middle")
    return tuple(found)


def write_tlvs(tlvs: Iterable[tuple[int, bytes]]) -> bytes:
    """Their octets. Raises ValueError for a tag or length that 16 bits cannot hold."""
    try:
        return b"".join([_TAG_AND_LENGTH.pack(tag, len(value)) + value for tag, value in tlvs])
    except error:
        raise ValueError("an optional parameter's tag or length is over 16 bits") from None


def octets_of(tlvs: Tlvs, tag: int) -> bytes | None:
    """The first value of a tag; None when it is not there."""
    for found, value in tlvs:
        if found == tag:
            return value
    return None


def integer_of(tlvs: Tlvs, tag: int, size: int) -> int | None:
    """A value as an unsigned integer; None when it is not there or not `size` octets long."""
    value = octets_of(tlvs, tag)
    return int.from_bytes(value, "big") if value is not None and len(value) == size else None


def text_of(tlvs: Tlvs, tag: int) -> str | None:
    """A value as characters, without the NUL at its end that some carriers leave out."""
    value = octets_of(tlvs, tag)
    return None if value is None else value.split(b"\0", 1)[0].decode("latin-1")
