"""PDUs for tests: strategies that fill every layout, and frames."""

from hypothesis import strategies as st

from octavo.drivers.smpp.wire.commands import RESPONSE, Command
from octavo.drivers.smpp.wire.fields import (
    CString,
    Destination,
    Destinations,
    Field,
    Integer,
    Refused,
    ShortMessage,
    Unsuccessful,
    Value,
)
from octavo.drivers.smpp.wire.frames import LAST_SEQUENCE, Frame, Splitter
from octavo.drivers.smpp.wire.layouts import LAYOUTS
from octavo.drivers.smpp.wire.pdu import Pdu, decode
from octavo.drivers.smpp.wire.tlv import Tlvs

OCTETS = st.integers(0, 255)


def strings(most: int) -> st.SearchStrategy[bytes]:
    """C-strings of fewer than `most` octets, without their NUL."""
    return st.binary(max_size=min(most - 1, 64)).map(lambda b: b.replace(b"\0", b"\x01"))


def values(field: Field) -> st.SearchStrategy[Value]:
    """What a field may hold."""
    match field:
        case Integer(_, size):
            return st.integers(0, (1 << (8 * size)) - 1)
        case CString(_, most, _):
            return strings(most)
        case ShortMessage():
            return st.binary(max_size=254)
        case Destinations():
            address = st.builds(Destination, strings(21), OCTETS, OCTETS, st.just(False))
            lists = strings(21).map(lambda name: Destination(name, is_list=True))
            return st.lists(address | lists, max_size=4).map(tuple)
        case Unsuccessful():
            status = st.integers(0, 0xFFFFFFFF)
            refused = st.builds(Refused, strings(21), OCTETS, OCTETS, status)
            return st.lists(refused, max_size=4).map(tuple)
        case _:
            raise AssertionError(field)


TLVS: st.SearchStrategy[Tlvs] = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=300)), max_size=5
).map(tuple)

SEQUENCES = st.integers(1, LAST_SEQUENCE)


def pdus(command: Command) -> st.SearchStrategy[Pdu]:
    """PDUs of one command, answers also without a body."""
    layout = LAYOUTS[command]
    fields = st.fixed_dictionaries({field.name: values(field) for field in layout})
    status = st.integers(0, 0xFFFFFFFF) if command & RESPONSE else st.just(0)
    whole = st.builds(Pdu, st.just(int(command)), SEQUENCES, status, fields, TLVS)
    if not command & RESPONSE:
        return whole
    return whole | st.builds(Pdu, st.just(int(command)), SEQUENCES, status)


def frame(raw: bytes) -> Frame:
    """The only PDU in some octets."""
    (found,) = Splitter().feed(raw)
    return found


def read(raw: bytes) -> Pdu:
    """The only PDU in some octets, read."""
    return decode(frame(raw))
