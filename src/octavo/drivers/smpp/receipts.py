"""Delivery receipts, by optional parameters and by text (SMPP 3.4, 5.2.12, 5.3.2.35, appendix B).

The text has as many shapes as there are carriers: keys in either case, with blanks or underscores,
fields left out or empty, ids with hyphens, years of two or four digits.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from octavo.drivers.protocol import ReportState
from octavo.drivers.smpp.wire.delivery import Delivery
from octavo.drivers.smpp.wire.tlv import Tag, Tlvs, integer_of, octets_of, text_of

_TYPE = 0x3C
"""In esm_class: the bits that tell the type of a message."""
RECEIPT = 0x04
INTERMEDIATE = 0x20


class ReceiptFrom(StrEnum):
    """Where the id and state of a receipt are looked for."""

    BOTH = "both"
    """Optional parameters, then text for what they do not say."""
    TLV = "tlv"
    TEXT = "text"


class Receipt(NamedTuple):
    """What a receipt says. `state` is None when it is not final (ENROUTE, ACCEPTD, UNKNOWN).

    `id` is as the carrier wrote it, `done` its own time (YYMMDDhhmm or longer), "" if not given;
    `reference` the user_message_reference that we gave, if it came back.
    """

    id: str
    state: ReportState | None
    code: str
    done: str
    reference: int | None


_BY_NUMBER: dict[int, ReportState | None] = {
    1: None,
    2: ReportState.DELIVERED,
    3: ReportState.EXPIRED,
    4: ReportState.UNDELIVERABLE,
    5: ReportState.UNDELIVERABLE,
    6: None,
    7: None,
    8: ReportState.REJECTED,
}
"""message_state (5.2.28)."""

_BY_WORD: dict[str, ReportState | None] = {
    "DELIV": ReportState.DELIVERED,
    "EXPIR": ReportState.EXPIRED,
    "DELET": ReportState.UNDELIVERABLE,
    "UNDEL": ReportState.UNDELIVERABLE,
    "FAILE": ReportState.UNDELIVERABLE,
    "REJEC": ReportState.REJECTED,
}
"""The first letters of a state in words: how many there are differs. Others are not final."""

_KEYS = "id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat(?:us)?|err(?:or)?|text"
_PAIR = re.compile(rf"\b({_KEYS})[ ]?[:=][ ]?(?!(?:{_KEYS})[ ]?[:=])([^\s;,]*)", re.IGNORECASE)
_TEXT = re.compile(r"\btext[ ]?[:=]", re.IGNORECASE)

_GSM_NETWORK = 3
_GSM_ERRORS = {
    1: ReportState.BAD_DESTINATION,
    9: ReportState.NOT_ALLOWED,
    13: ReportState.NOT_ALLOWED,
}
"""MAP: unknown subscriber, illegal subscriber, call barred (3GPP TS 29.002, 17.6.6)."""


def is_receipt(delivery: Delivery) -> bool:
    """Whether a message is about one of ours, by what no phone can write."""
    kind = delivery.esm_class & _TYPE
    if kind:
        return kind in {RECEIPT, INTERMEDIATE}
    tags = {tag for tag, _ in delivery.tlvs}
    return Tag.RECEIPTED_MESSAGE_ID in tags and Tag.MESSAGE_STATE in tags


def read_receipt(delivery: Delivery, source: ReceiptFrom = ReceiptFrom.BOTH) -> Receipt:
    """Reads a receipt; what it does not say is empty or None."""
    tlvs = delivery.tlvs
    id_ = state_number = None
    if source is not ReceiptFrom.TEXT:
        id_ = text_of(tlvs, Tag.RECEIPTED_MESSAGE_ID)
        state_number = integer_of(tlvs, Tag.MESSAGE_STATE, 1)
    said: dict[str, str] = {}
    if source is not ReceiptFrom.TLV or not id_:
        said = pairs(_characters(delivery))
    state = _BY_WORD.get(said.get("stat", "")[:5].upper())
    if state_number is not None:
        state = _BY_NUMBER.get(state_number)
    if delivery.esm_class & _TYPE == INTERMEDIATE:
        state = None
    code, worse = _network_error(tlvs)
    if worse is not None and state is ReportState.UNDELIVERABLE:
        state = worse
    reference = integer_of(tlvs, Tag.USER_MESSAGE_REFERENCE, 2)
    return Receipt(
        id_ or said.get("id", ""),
        state,
        said.get("err", "") or code,
        said.get("donedate", ""),
        reference or None,
    )


def pairs(text: str) -> dict[str, str]:
    """The fields of a receipt's text, under `id`, `sub`, `dlvrd`, `submitdate`, `donedate`, `stat`
    and `err`. What follows `text:` is the beginning of a message, and may say anything.
    """
    quoted = _TEXT.search(text)
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(text[: quoted.start()] if quoted else text):
        name = key.lower().replace(" ", "").replace("_", "")
        name = {"status": "stat", "error": "err"}.get(name, name)
        found.setdefault(name, value)
    return found


def _characters(delivery: Delivery) -> str:
    body = delivery.body
    if delivery.data_coding == 8 or body[:1] == b"\0":
        return body[: len(body) & ~1].decode("utf-16-be", "replace")
    return body.decode("latin-1")


def _network_error(tlvs: Tlvs) -> tuple[str, ReportState | None]:
    """network_error_code (5.3.2.31) as three digits, and what it makes of "undeliverable"."""
    value = octets_of(tlvs, Tag.NETWORK_ERROR_CODE)
    if value is None or len(value) != 3:
        return "", None
    error = int.from_bytes(value[1:], "big")
    return f"{error:03d}", _GSM_ERRORS.get(error) if value[0] == _GSM_NETWORK else None
