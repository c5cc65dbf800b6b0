"""User data headers: which part of a longer text this is (3GPP TS 23.040, 9.2.3.24)."""

from typing import NamedTuple

CONCATENATED_8 = 0x00
CONCATENATED_16 = 0x08
PRESENT = 0x40
"""In esm_class: the user data begins with a header (SMPP 3.4, 5.2.12)."""


class Place(NamedTuple):
    """Part `no` (from 1) of `total`; parts of one text share `reference`."""

    reference: int
    total: int
    no: int


def concatenated_8(place: Place) -> bytes:
    """The header with a reference of eight bits, of which the lower ones are taken."""
    return bytes((5, CONCATENATED_8, 3, place.reference & 0xFF, place.total, place.no))


def concatenated_16(place: Place) -> bytes:
    """The header with a reference of sixteen bits."""
    reference = place.reference.to_bytes(2, "big")
    return bytes((6, CONCATENATED_16, 4)) + reference + bytes((place.total, place.no))


class Headed(NamedTuple):
    """User data without its header, its `place` if the header tells one, and the header's size."""

    body: bytes
    place: Place | None
    size: int


def read(data: bytes) -> Headed:
    """Takes the header off user data. One that does not add up is taken for text."""
    size = data[0] + 1 if data else 0
    if not data or size > len(data):
        return Headed(data, None, 0)
    place, at = None, 1
    while at + 2 <= size:
        kind, length = data[at], data[at + 1]
        value = data[at + 2 : min(at + 2 + length, size)]
        place = _place(kind, value) or place
        at += 2 + length
    return Headed(data[size:], place, size)


def _place(kind: int, value: bytes) -> Place | None:
    if kind == CONCATENATED_8 and len(value) == 3:
        place = Place(value[0], value[1], value[2])
    elif kind == CONCATENATED_16 and len(value) == 4:
        place = Place(int.from_bytes(value[:2], "big"), value[2], value[3])
    else:
        return None
    return place if is_possible(place) else None


def is_possible(place: Place) -> bool:
    """A place that makes no sense is to be ignored (9.2.3.24.1)."""
    return 1 <= place.no <= place.total


def fill_of(header_size: int) -> int:
    """Bits between a header and packed septets, which begin on a septet's boundary (9.2.3.24)."""
    return -header_size * 8 % 7
