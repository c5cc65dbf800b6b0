"""Any PDU, by name of its parameters: for binds, tests and a server. Messages in bulk have
quicker ways: `submit` and `delivery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo.drivers.smpp.wire.commands import COMMANDS, RESPONSE, Command
from octavo.drivers.smpp.wire.errors import Malformed
from octavo.drivers.smpp.wire.fields import Value
from octavo.drivers.smpp.wire.frames import HEADER, HEADER_SIZE, LARGEST, Frame
from octavo.drivers.smpp.wire.layouts import LAYOUTS
from octavo.drivers.smpp.wire.status import Status
from octavo.drivers.smpp.wire.tlv import Tlvs, read_tlvs, write_tlvs


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. `fields` are its mandatory parameters by their names in the specification; strings
    stand without their NUL, sm_length is part of `short_message`.

    An answer may have no fields: those to a refused request often come without a body.
    """

    command: int
    sequence: int
    status: int = 0
    fields: Mapping[str, Value] = field(default_factory=dict)
    tlvs: Tlvs = ()

    def octets(self, name: str) -> bytes:
        """A string field; empty when it is not there."""
        value = self.fields.get(name)
        return value if isinstance(value, bytes) else b""

    def integer(self, name: str) -> int:
        """A number field; 0 when it is not there."""
        value = self.fields.get(name)
        return value if isinstance(value, int) else 0


def encode(pdu: Pdu) -> bytes:
    """Its octets. Fields that are not given are 0 or empty; an answer without any has no body.

    Raises ValueError for a command without a layout, an unknown field or a value that does not fit.
    """
    layout = LAYOUTS.get(pdu.command)
    if layout is None:
        raise ValueError(f"no layout for command 0x{pdu.command:08x}")
    if unknown := pdu.fields.keys() - {each.name for each in layout}:
        raise ValueError(f"{Command(pdu.command).name} has no {', '.join(sorted(unknown))}")
    body = b""
    if pdu.fields or not pdu.command & RESPONSE:
        body = b"".join([each.write(pdu.fields.get(each.name, each.empty)) for each in layout])
    body += write_tlvs(pdu.tlvs)
    length = HEADER_SIZE + len(body)
    if length > LARGEST:
        raise ValueError(f"a PDU of {length} octets")
    return HEADER.pack(length, pdu.command, pdu.status, pdu.sequence) + body


def decode(frame: Frame) -> Pdu:
    """Reads a PDU. Raises Malformed, with the status that it is to be answered with."""
    data, command, status, sequence, at, end = frame
    if command not in COMMANDS:
        raise Malformed(Status.ESME_RINVCMDID, f"command_id 0x{command:08x}")
    fields: dict[str, Value] = {}
    if at < end or not command & RESPONSE:
        for each in LAYOUTS[command]:
            fields[each.name], at = each.read(data, at, end)
    return Pdu(command, sequence, status, fields, read_tlvs(data, at, end))
