"""Long messages from phones, put together again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from octavo.drivers.smpp import udh
from octavo.drivers.smpp.session import Ask
from octavo.drivers.smpp.texts import TextStyle
from octavo.drivers.smpp.udh import Place
from octavo.drivers.smpp.wire.delivery import Delivery
from octavo.drivers.smpp.wire.tlv import Tag, Tlvs, integer_of

PATIENCE = 5.0
"""Seconds that a part waits for the others, unanswered: after a crash the carrier gives it again.
Then it is taken as a message of its own."""
MOST_WAITING = 500
"""Parts; the oldest go by themselves when more wait."""


class Reading(NamedTuple):
    """The text of one delivery and its place in a longer one."""

    text: str
    place: Place | None


def read_text(delivery: Delivery, style: TextStyle) -> Reading:
    """What a message from a phone says."""
    body, place, size = delivery.body, _by_parameters(delivery.tlvs), 0
    if delivery.esm_class & udh.PRESENT:
        body, by_header, size = udh.read(body)
        place = by_header or place
    text = style.decode(body, delivery.data_coding, size)
    return Reading(text, place if place is not None and place.total > 1 else None)


class Item(NamedTuple):
    """A part as it waits, with what is to be answered once it is kept."""

    delivery: Delivery
    text: str
    asks: tuple[Ask, ...]


class Key(NamedTuple):
    """What the parts of one text have in common."""

    source: bytes
    destination: bytes
    reference: int
    total: int


@dataclass(slots=True)
class _Waiting:
    due: float
    items: dict[int, Item] = field(default_factory=dict)


class Assembly:
    """Parts that wait for the others. Times are the loop's, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[Key, _Waiting] = {}
        self._count = 0

    def add(self, place: Place, item: Item, now: float) -> list[Item]:
        """Keeps a part; the whole message in order when this was the last one missing."""
        delivery = item.delivery
        key = Key(delivery.source, delivery.destination, place.reference, place.total)
        waiting = self._waiting.setdefault(key, _Waiting(now + PATIENCE))
        if (twice := waiting.items.get(place.no)) is not None:
            item = item._replace(asks=twice.asks + item.asks)
        else:
            self._count += 1
        waiting.items[place.no] = item
        if len(waiting.items) < place.total:
            return []
        self._remove(key)
        return [waiting.items[no] for no in sorted(waiting.items)]

    def overdue(self, now: float) -> Iterable[Item]:
        """Removes and gives the parts that have waited long enough."""
        while self._waiting:
            key, waiting = next(iter(self._waiting.items()))
            if waiting.due > now and self._count <= MOST_WAITING:
                return
            self._remove(key)
            yield from (waiting.items[no] for no in sorted(waiting.items))

    def next_due(self) -> float | None:
        """When `overdue` has something to give."""
        return next((waiting.due for waiting in self._waiting.values()), None)

    def _remove(self, key: Key) -> None:
        self._count -= len(self._waiting.pop(key).items)


def _by_parameters(tlvs: Tlvs) -> Place | None:
    reference = integer_of(tlvs, Tag.SAR_MSG_REF_NUM, 2)
    total = integer_of(tlvs, Tag.SAR_TOTAL_SEGMENTS, 1)
    no = integer_of(tlvs, Tag.SAR_SEGMENT_SEQNUM, 1)
    if reference is None or total is None or no is None:
        return None
    place = Place(reference, total, no)
    return place if udh.is_possible(place) else None
