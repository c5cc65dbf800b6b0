"""From a text to the user data of its parts, and back (SMPP 3.4, 5.2.19; 3GPP TS 23.040)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from octavo.drivers.smpp import gsm, udh
from octavo.drivers.smpp.udh import Place
from octavo.drivers.smpp.wire.submit import Piece
from octavo.drivers.smpp.wire.tlv import Tag, write_tlvs
from octavo.kit.errors import OctavoError

UCS2 = 8
"""data_coding of 16 bit units, big-endian."""


class Charset(StrEnum):
    """What a carrier takes the default data_coding for."""

    GSM7 = "gsm7"
    """Septets, one an octet."""
    GSM7_PACKED = "gsm7_packed"
    LATIN1 = "latin1"
    """ISO 8859-1, which the carrier turns into septets itself."""


class Long(StrEnum):
    """How the parts of a longer text are marked."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    """By the optional parameters sar_msg_ref_num, sar_total_segments, sar_segment_seqnum."""
    PAYLOAD = "payload"
    """Not at all: one PDU with message_payload; the carrier makes the parts."""


class Alphabet(StrEnum):
    """What a data_coding says of user data that came in."""

    DEFAULT = "default"
    """The route's charset."""
    LATIN1 = "latin1"
    UCS2 = "ucs2"
    BINARY = "binary"


_CODINGS = {0: Alphabet.DEFAULT, 1: Alphabet.LATIN1, 3: Alphabet.LATIN1, UCS2: Alphabet.UCS2}
_OF_GROUP_BITS = (Alphabet.DEFAULT, Alphabet.BINARY, Alphabet.UCS2, Alphabet.DEFAULT)
_WAITING_INDICATIONS = {
    0xC: Alphabet.DEFAULT,
    0xD: Alphabet.DEFAULT,
    0xE: Alphabet.UCS2,
}


class Unsendable(OctavoError):
    """A text that does not fit in the parts it was counted as, on this route."""

    says = "The text does not fit in its parts on this route"


class _Units(NamedTuple):
    """A text in the units that parts are measured in, `width` octets each."""

    octets: bytes
    width: int
    single: int
    part: int
    part_16: int

    @property
    def is_gsm(self) -> bool:
        return self.width == 1


def _gsm_units(septets: bytes) -> _Units:
    return _Units(septets, 1, 160, 153, 152)


def _ucs2_units(text: str) -> _Units:
    octets = text.encode("utf-16-be", "surrogatepass")
    return _Units(octets, 2, 140, 134, 132)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """How a route wants its texts.

    `data_coding` is that of texts in `charset`; others are sent as UCS-2.
    """

    charset: Charset = Charset.GSM7
    data_coding: int = 0
    long: Long = Long.UDH8

    def pieces(self, text: str, parts: int, reference: int, tlvs: bytes = b"") -> list[Piece]:
        """The user data of a text that was counted as `parts`, and so takes as many.

        `reference` (16 bits) tells the parts of one text from those of others; `tlvs` go with
        each piece. With `payload` it is one piece. Raises Unsendable.
        """
        septets = gsm.encode(text)
        if septets is not None and self._can_say(text):
            if parts == 1 and len(septets) <= 160:
                return [Piece(self._rendered(septets, 0), self.data_coding, 0, tlvs)]
            units = _gsm_units(septets)
        else:
            units = _ucs2_units(text)
        return self._several(units, parts, reference, tlvs)

    def decode(self, body: bytes, data_coding: int, header_size: int = 0) -> str:
        """The text of user data that came in, without its header of `header_size` octets."""
        match alphabet_of(data_coding):
            case Alphabet.UCS2:
                return body[: len(body) & ~1].decode("utf-16-be", "replace")
            case Alphabet.DEFAULT if self.charset is Charset.GSM7_PACKED:
                return gsm.decode(gsm.unpack(body, udh.fill_of(header_size)))
            case Alphabet.DEFAULT if self.charset is Charset.GSM7:
                return gsm.decode(body)
            case _:
                return body.decode("latin-1")

    def _can_say(self, text: str) -> bool:
        if self.charset is not Charset.LATIN1 or text.isascii():
            return True
        # The euro and the Greek capitals are in the GSM alphabet, not in this one.
        return all(ord(character) < 256 for character in text)

    def _several(self, units: _Units, parts: int, reference: int, tlvs: bytes) -> list[Piece]:
        data_coding = self.data_coding if units.is_gsm else UCS2
        if parts == 1:
            if len(units.octets) > units.single:
                raise Unsendable(f"{len(units.octets)} octets in one part")
            return [Piece(self._body(units, units.octets, b""), data_coding, 0, tlvs)]
        if self.long is Long.PAYLOAD:
            payload = write_tlvs([(Tag.MESSAGE_PAYLOAD, self._body(units, units.octets, b""))])
            return [Piece(b"", data_coding, 0, payload + tlvs)]
        style, cuts = self._cut(units, parts)
        pieces = []
        for no, cut in enumerate(cuts, 1):
            header, esm_class, sar = _marks(style, Place(reference, len(cuts), no))
            pieces.append(Piece(self._body(units, cut, header), data_coding, esm_class, sar + tlvs))
        return pieces

    def _cut(self, units: _Units, parts: int) -> tuple[Long, list[bytes]]:
        """The text in `parts` pieces, and how they are marked.

        A header of 16 bits takes an octet more: a text that would need a further part for it
        gets one of 8 bits.
        """
        if self.long is Long.UDH16:
            cuts = cut_in(units.octets, units.width, units.part_16, parts)
            if len(cuts) <= parts:
                return Long.UDH16, cuts
        cuts = cut_in(units.octets, units.width, units.part, parts)
        if len(cuts) > parts:
            raise Unsendable(f"{len(cuts)} parts, counted as {parts}")
        return (Long.UDH8 if self.long is Long.UDH16 else self.long), cuts

    def _body(self, units: _Units, cut: bytes, header: bytes) -> bytes:
        rendered = self._rendered(cut, udh.fill_of(len(header))) if units.is_gsm else cut
        return header + rendered

    def _rendered(self, septets: bytes, fill: int) -> bytes:
        match self.charset:
            case Charset.GSM7:
                return septets
            case Charset.GSM7_PACKED:
                return gsm.pack(septets, fill)
            case Charset.LATIN1:
                return gsm.decode(septets).encode("latin-1")


def alphabet_of(data_coding: int) -> Alphabet:
    """What a data_coding says (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4)."""
    group = data_coding >> 4
    if data_coding in _CODINGS:
        found = _CODINGS[data_coding]
    elif 1 <= group <= 7:
        found = _OF_GROUP_BITS[data_coding >> 2 & 3]
    elif group == 0xF:
        found = Alphabet.BINARY if data_coding & 4 else Alphabet.DEFAULT
    else:
        found = _WAITING_INDICATIONS.get(group, Alphabet.BINARY)
    return found


def cut_in(octets: bytes, width: int, most: int, parts: int) -> list[bytes]:
    """Cuts at most `most` octets a piece, whole characters each, into `parts` pieces.

    More when it cannot be done in fewer. A text that was counted more strictly than it travels
    is spread, so that as many pieces leave as were counted.
    """
    cuts = list(_cuts(octets, width, most))
    least = -(-len(octets) // (width * parts)) * width
    while len(cuts) < parts and least < most:
        spread = list(_cuts(octets, width, max(least, 2 * width)))
        if len(spread) <= parts:
            return spread
        least += width
    return cuts


def _cuts(octets: bytes, width: int, most: int) -> Iterator[bytes]:
    at, end = 0, len(octets)
    while at < end:
        stop = min(at + most, end)
        if stop < end and _splits_a_character(octets, width, stop):
            stop -= width
        yield octets[at:stop]
        at = stop


def _splits_a_character(octets: bytes, width: int, at: int) -> bool:
    """An escape or the first half of a surrogate pair is the last unit before `at`."""
    last = octets[at - width]
    return last == gsm.ESCAPE if width == 1 else last & 0xFC == 0xD8


def _marks(style: Long, place: Place) -> tuple[bytes, int, bytes]:
    """How a piece tells its place: a header, the esm_class that says so, optional parameters."""
    match style:
        case Long.UDH8:
            return udh.concatenated_8(place), udh.PRESENT, b""
        case Long.UDH16:
            return udh.concatenated_16(place), udh.PRESENT, b""
        case _:
            return b"", 0, _sar(place)


def _sar(place: Place) -> bytes:
    return write_tlvs(
        [
            (Tag.SAR_MSG_REF_NUM, place.reference.to_bytes(2, "big")),
            (Tag.SAR_TOTAL_SEGMENTS, bytes((place.total,))),
            (Tag.SAR_SEGMENT_SEQNUM, bytes((place.no,))),
        ]
    )
