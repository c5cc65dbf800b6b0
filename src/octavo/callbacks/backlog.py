"""How many callbacks wait, for whoever watches a server.

Bounded reading, however much there is: beyond the bounds the numbers mean "at least".
"""

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.callbacks.repository import HAS_EVENTS, OF_KIND
from octavo.db.codes import CallbackKind
from octavo.db.connection import Connection
from octavo.db.dialect import const
from octavo.db.schema import callbacks, traffic
from octavo.db.statement import Query
from octavo.kit.clock import Instant

MOST_ENDPOINTS = 100
MOST_EVENTS = 500
"""Of each endpoint."""
MOST_RETRIES = 10_000

_endpoint = callbacks.endpoint.c
_event = traffic.event.c
_retry = callbacks.retry.c


class Untold(NamedTuple):
    """An endpoint with something to tell: how many items, and since when the first waits."""

    kind: int
    items: int
    since: int


def _of_first_events(
    column: sa.ColumnElement[int], of: Callable[[sa.ColumnElement[int]], sa.ColumnElement[int]]
) -> sa.ColumnElement[int]:
    choices = []
    for kind, of_kind in OF_KIND.items():
        first = (
            sa.select(column.label("value"))
            .where(_event.account_id == _endpoint.account_id, _event.pos >= _endpoint.pos, of_kind)
            .order_by(_event.pos)
            .limit(bindparam("most_events"))
            .correlate(callbacks.endpoint)
            .subquery()
        )
        told = sa.select(of(first.c.value)).scalar_subquery()
        choices.append((_endpoint.kind == const(kind), told))
    return sa.case(*choices)


UNTOLD = Query(
    Untold._make,
    sa.select(
        _endpoint.kind,
        _of_first_events(_event.n, lambda n: sa.func.coalesce(sa.func.sum(n), const(0))),
        _of_first_events(_event.at, sa.func.min),
    )
    .where(HAS_EVENTS)
    .order_by(_endpoint.account_id, _endpoint.kind)
    .limit(bindparam("most")),
)


class Retrying(NamedTuple):
    """Calls of a kind that failed and are tried again."""

    kind: int
    calls: int


_first_retries = (
    sa.select(_retry.kind)
    .order_by(_retry.account_id, _retry.kind, _retry.next_try_at)
    .limit(bindparam("most"))
    .subquery()
)
RETRYING = Query(
    Retrying._make,
    sa.select(_first_retries.c.kind, sa.func.count()).group_by(_first_retries.c.kind),
)


class Backlog(NamedTuple):
    """Callbacks of a kind not tried yet, how long the oldest has waited (microseconds), and those
    that failed and are tried again.
    """

    untold: int = 0
    waited: int = 0
    retrying: int = 0


def backlog(connection: Connection, now: Instant) -> dict[CallbackKind, Backlog]:
    """What waits of each kind, over all accounts."""
    found = {kind: Backlog() for kind in CallbackKind}
    rows = connection.all(UNTOLD, most=MOST_ENDPOINTS, most_events=MOST_EVENTS)
    for row in rows:
        kind = CallbackKind(row.kind)
        before = found[kind]
        found[kind] = before._replace(
            untold=before.untold + row.items, waited=max(before.waited, now - row.since)
        )
    for kind_, calls in connection.all(RETRYING, most=MOST_RETRIES):
        kind = CallbackKind(kind_)
        found[kind] = found[kind]._replace(retrying=calls)
    return found
