"""submit_sm and its answer, for many in a row: what messages share is written once."""

from typing import NamedTuple

from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.fields import CString, ShortMessage
from octavo.drivers.smpp.wire.frames import HEADER, HEADER_SIZE, Frame
from octavo.drivers.smpp.wire.status import Status

_COMMAND = int(Command.SUBMIT_SM)
_LONGEST = ShortMessage().most
_SERVICE_TYPE = CString("service_type", 6)
_SOURCE = CString("source_addr", 21, Status.ESME_RINVSRCADR)
_VALIDITY = CString("validity_period", 17)


class Address(NamedTuple):
    """Type of number and numbering plan (5.2.5, 5.2.6) of the digits or letters that follow."""

    ton: int
    npi: int
    digits: bytes


class Piece(NamedTuple):
    """The user data of one submit_sm. `tlvs` are optional parameters, already written."""

    body: bytes
    data_coding: int
    esm_class: int = 0
    tlvs: bytes = b""


class SubmitWriter:
    """Writes submit_sm PDUs for one route."""

    def __init__(
        self,
        *,
        service_type: bytes = b"",
        protocol_id: int = 0,
        priority: int = 0,
        validity: bytes = b"",
        registered_delivery: int = 0,
    ) -> None:
        """Raises ValueError for what a submit_sm cannot hold; `validity` as in 7.1.1."""
        self._service_type = _SERVICE_TYPE.write(service_type)
        self._protocol = bytes((protocol_id, priority)) + b"\0" + _VALIDITY.write(validity)
        self._registered = registered_delivery
        self._middles: dict[int, bytes] = {}

    def head(self, source: Address, ton: int, npi: int) -> bytes:
        """What precedes the recipient's digits: the same for all messages from one sender.

        Raises ValueError when the source address does not fit.
        """
        ton_and_npi = bytes((source.ton, source.npi))
        return self._service_type + ton_and_npi + _SOURCE.write(source.digits) + bytes((ton, npi))

    def write(self, sequence: int, head: bytes, to: bytes, piece: Piece) -> bytes:
        """The PDU to `to`, at most 20 digits. Raises ValueError for what does not fit."""
        body, data_coding, esm_class, tlvs = piece
        length = len(body)
        if length > _LONGEST or len(to) > 20:
            raise ValueError("the recipient or the user data is too long for a submit_sm")
        middle = self._middles.get(esm_class << 8 | data_coding)
        if middle is None:
            middle = self._middle(esm_class, data_coding)
        rest = b"%b%b%b%c%b%b" % (head, to, middle, length, body, tlvs)
        return HEADER.pack(HEADER_SIZE + len(rest), _COMMAND, 0, sequence) + rest

    def _middle(self, esm_class: int, data_coding: int) -> bytes:
        """From the NUL after the recipient to what precedes sm_length."""
        how = bytes((self._registered, 0, data_coding, 0))
        middle = b"\0" + bytes((esm_class,)) + self._protocol + how
        self._middles[esm_class << 8 | data_coding] = middle
        return middle


def message_id(frame: Frame) -> str:
    """The id in the answer to a submit_sm, "" if there is none.

    Some carriers leave out the NUL at its end, some the whole body; both are taken.
    """
    data, _, _, _, start, end = frame
    if start >= end:
        return ""
    stop = data.find(b"\0", start, end)
    return data[start : stop if stop >= 0 else end].decode("latin-1")
