"""Headers, and PDUs cut out of a stream (SMPP 3.4, 3.2)."""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from octavo.drivers.smpp.wire.errors import Unframed
from octavo.drivers.smpp.wire.status import Status

HEADER = Struct(">IIII")
HEADER_SIZE = 16

LARGEST = 1 << 17
"""Octets of one PDU. A message_payload takes 65,535 at most; what is larger is no PDU of use."""

LAST_SEQUENCE = 0x7FFFFFFF
"""Sequence numbers run from 1 to here and begin again (5.1.4)."""


class Frame(NamedTuple):
    """One whole PDU within `data`: its header, and where its body is."""

    data: bytes
    command: int
    status: int
    sequence: int
    start: int
    end: int


class Splitter:
    """Cuts what arrives into PDUs; keeps at most one that is not yet whole."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The PDUs that are complete with `data`; to be read to its end.

        Raises Unframed once those before it are given.
        """
        if self._rest:
            data = self._rest + data
        at, size, unpack = 0, len(data), HEADER.unpack_from
        try:
            while size - at >= HEADER_SIZE:
                length, command, status, sequence = unpack(data, at)
                if not HEADER_SIZE <= length <= LARGEST:
                    raise Unframed(Status.ESME_RINVCMDLEN, f"command_length {length}")
                end = at + length
                if end > size:
                    break
                yield Frame(data, command, status, sequence, at + HEADER_SIZE, end)
                at = end
        finally:
            self._rest = data[at:]


def header_only(command: int, sequence: int, status: int = 0) -> bytes:
    """A PDU without a body: enquire_link, unbind, generic_nack and their like."""
    return HEADER.pack(HEADER_SIZE, command, status, sequence)


def next_sequence(sequence: int) -> int:
    """The sequence number after `sequence`."""
    return 1 if sequence >= LAST_SEQUENCE else sequence + 1
