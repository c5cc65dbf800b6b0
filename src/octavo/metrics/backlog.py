"""What waits in the database, read now and then and shown as it was last seen."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from octavo.callbacks import backlog as callbacks
from octavo.callbacks.backlog import Backlog as CallbackBacklog
from octavo.db.codes import CallbackKind, Purpose
from octavo.db.connection import Connection
from octavo.db.statements import backlog
from octavo.db.statements.backlog import Due
from octavo.kit.clock import SECOND, Instant
from octavo.metrics.families import NAMESPACE

MOST = 2_000
"""Slices of a kind that are read."""
MOST_COUNTED = 10_000
"""Receipts and doubts that are counted."""

CURRENCY_UNIT = 10**8
"""Of which a unit of currency has so many; what is shown is rounded, what is kept never."""


class Backlog(NamedTuple):
    """What waited at an instant."""

    at: Instant
    due: Mapping[Purpose, Due]
    in_doubt: Mapping[str, int]
    unmatched: int
    held: Mapping[str, int]
    callbacks: Mapping[CallbackKind, CallbackBacklog]


def read(connection: Connection, now: Instant) -> Backlog:
    """Reads a bounded number of rows, by index."""
    groups = connection.all(backlog.GROUPS)
    return Backlog(
        at=now,
        due={purpose: _due(connection, groups, purpose) for purpose in Purpose},
        in_doubt={
            route.name: connection.one(backlog.IN_DOUBT, route_id=route.id, most=MOST_COUNTED) or 0
            for route in connection.all(backlog.ROUTES)
        },
        unmatched=connection.one(backlog.UNMATCHED, most=MOST_COUNTED) or 0,
        held={h.currency: h.amount for h in connection.all(backlog.HELD, most=MOST)},
        callbacks=callbacks.backlog(connection, now),
    )


def _due(connection: Connection, groups: Iterable[int], purpose: Purpose) -> Due:
    found = [
        due
        for group in groups
        if (due := connection.one(backlog.DUE, group_id=group, priority=purpose, most=MOST))
    ]
    return Due(
        sum(due.slices for due in found),
        sum(due.messages for due in found),
        min((due.oldest for due in found if due.oldest is not None), default=None),
    )


class BacklogCollector(Collector):
    """Shows what was last read; nothing while the database cannot be asked."""

    def __init__(self) -> None:
        self.seen: Backlog | None = None

    def describe(self) -> Iterable[Metric]:
        """Every family, empty."""
        return _Families().all()

    def collect(self) -> Iterable[Metric]:
        """Every family, filled."""
        seen = self.seen
        if seen is None:
            return []
        families = _Families()
        families.fill(seen)
        return families.all()


class _Families:
    """The metrics of one backlog."""

    def __init__(self) -> None:
        def gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"{NAMESPACE}_{name}", says, labels=labels)

        self.read = gauge("backlog_read_timestamp_seconds", "When these numbers were read.")
        self.slices = gauge("due_slices", "Slices that a claim may take.", "priority")
        self.messages = gauge("due_messages", "Messages of these slices.", "priority")
        self.oldest = gauge(
            "oldest_due_slice_seconds", "How long the oldest has been due.", "priority"
        )
        self.in_doubt = gauge("in_doubt_messages", "Messages whose answer was lost.", "route")
        self.unmatched = gauge("unmatched_receipts", "Receipts whose message is not known.")
        self.held = gauge("wallet_held", "Money that open campaigns hold.", "currency")
        self.callbacks = gauge("callback_backlog", "Callbacks not tried yet.", "kind")
        self.callback_wait = gauge(
            "callback_oldest_seconds", "How long the oldest of them has waited.", "kind"
        )
        self.retries = gauge("callback_retries", "Callbacks that wait to be tried again.", "kind")

    def all(self) -> list[Metric]:
        """In the order of their making."""
        return list(vars(self).values())

    def fill(self, seen: Backlog) -> None:
        """With what was seen."""
        self.read.add_metric((), seen.at / SECOND)
        for purpose, due in seen.due.items():
            name = (purpose.name.lower(),)
            self.slices.add_metric(name, due.slices)
            self.messages.add_metric(name, due.messages)
            waited = 0 if due.oldest is None else max(seen.at - due.oldest, 0)
            self.oldest.add_metric(name, waited / SECOND)
        for route, messages in seen.in_doubt.items():
            self.in_doubt.add_metric((route,), messages)
        self.unmatched.add_metric((), seen.unmatched)
        for currency, amount in seen.held.items():
            self.held.add_metric((currency,), amount / CURRENCY_UNIT)
        for kind, waits in seen.callbacks.items():
            label = (kind.name.lower(),)
            self.callbacks.add_metric(label, waits.untold)
            self.callback_wait.add_metric(label, max(waits.waited, 0) / SECOND)
            self.retries.add_metric(label, waits.retrying)
