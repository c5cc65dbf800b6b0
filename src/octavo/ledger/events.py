"""Facts worth telling a customer: one row a transaction, campaign and kind (design 7).

A row holds at most 500 items; what is more goes into further rows.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from octavo.db.codes import EventKind
from octavo.db.connection import Connection
from octavo.db.statements import traffic
from octavo.kit.clock import Instant
from octavo.ledger import numbering

MOST_ITEMS = 500
"""In one row."""

POSITIONS = "event_position"
"""The counter that numbers events in the order of their commits."""

SILENT = "silent"
"""Why a message is unknown for good: its campaign is sealed and no receipt came."""


class Item(NamedTuple):
    """What one message met: its reason or text, and when."""

    seq: int
    what: str
    at: Instant


class Journal:
    """The events of one transaction."""

    def __init__(self) -> None:
        self._items: defaultdict[tuple[int, int, EventKind], list[Item]] = defaultdict(list)

    def tell(self, account: int, campaign: int, kind: EventKind, item: Item) -> None:
        """One message of a campaign met a fact."""
        self._items[account, campaign, kind].append(item)

    def write(self, connection: Connection, now: Instant) -> None:
        """Writes the rows; their position among all events is given later, in commit order."""
        if not self._items:
            return
        rows = [
            (*key, None, now, len(chunk), json.dumps(chunk))
            for key, items in self._items.items()
            for chunk in _chunks(items)
        ]
        numbers = numbering.take(connection, "event", len(rows), now)
        connection.many(
            traffic.INSERT_EVENT,
            [(number, *row) for number, row in zip(numbers, rows, strict=True)],
        )


def _chunks(items: list[Item]) -> Iterator[list[Item]]:
    """Whoever reads a row has all of it in memory."""
    return (items[i : i + MOST_ITEMS] for i in range(0, len(items), MOST_ITEMS))


def number_events(connection: Connection, most: int) -> int:
    """Gives positions to events that have none, in the order of their commits; how many."""
    if not connection.all(traffic.UNNUMBERED_EVENTS, most=1):
        return 0
    # Whoever holds the counter is alone: a reader must never see a position before a lower one.
    connection.one(traffic.TAKE_POSITIONS, name=POSITIONS, n=0)
    waiting = connection.all(traffic.UNNUMBERED_EVENTS, most=most)
    last = connection.one(traffic.TAKE_POSITIONS, name=POSITIONS, n=len(waiting))
    assert last is not None  # noqa: S101 - an upsert with RETURNING gives a row
    first = last - len(waiting) + 1
    connection.many(traffic.NUMBER_EVENT, [(first + i, event) for i, event in enumerate(waiting)])
    return len(waiting)
