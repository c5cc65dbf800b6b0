"""Statements on callback endpoints, the events they read, and calls to be tried again."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.callbacks.schemas import Place, RetryRow
from octavo.db.codes import CallbackKind, EventKind
from octavo.db.dialect import Dialect, const
from octavo.db.schema import callbacks, dispatch, people, traffic
from octavo.db.statement import Command, Expression, Query, Value, first_integer
from octavo.kit.clock import Instant

_account = people.account.c
_campaign = dispatch.campaign.c
_endpoint = callbacks.endpoint.c
_event = traffic.event.c
_inbound = traffic.inbound.c
_message = dispatch.message.c
_parameter = people.parameter.c
_retry = callbacks.retry.c

_REPLIES = const(EventKind.INBOUND)
"""From here on events have an index of their own (`ix_event_replies`); it must be seen in the
text, and the events of campaigns, which are by far the most, are read in order without it.
"""

OF_KIND: Mapping[CallbackKind, sa.ColumnElement[bool]] = {
    CallbackKind.DELIVERIES: _event.kind < _REPLIES,
    CallbackKind.STOPS: sa.and_(_event.kind == const(EventKind.STOP), _event.kind >= _REPLIES),
    CallbackKind.INBOUNDS: sa.and_(
        _event.kind == const(EventKind.INBOUND), _event.kind >= _REPLIES
    ),
}
"""Which events an endpoint of each kind is called with."""


def _this_endpoint() -> sa.ColumnElement[bool]:
    return sa.and_(
        _endpoint.account_id == bindparam("account"), _endpoint.kind == bindparam("endpoint_kind")
    )


def _this_retry() -> sa.ColumnElement[bool]:
    return sa.and_(
        _retry.account_id == bindparam("account"),
        _retry.kind == bindparam("endpoint_kind"),
        _retry.campaign_id == bindparam("campaign"),
        _retry.seq == bindparam("message"),
        _retry.pos == bindparam("event_pos"),
        _retry.item == bindparam("event_item"),
    )


# -- addresses --------------------------------------------------------------------------------


class Named(NamedTuple):
    """An address as the account's parameter has it and as the endpoint was made for."""

    kind: int
    url: str


ADDRESSES = Query(
    lambda row: (str(row[0]), str(row[1])),
    lambda d: sa.select(_parameter.name, _parameter.value).where(
        _parameter.account_id == bindparam("account"), d.among(_parameter.name, "names")
    ),
)

ENDPOINTS_OF = Query(
    Named._make,
    sa.select(_endpoint.kind, _endpoint.url).where(_endpoint.account_id == bindparam("account")),
)

LAST_POSITION = Query(
    first_integer,
    sa.select(dispatch.counter.c.value).where(dispatch.counter.c.name == bindparam("name")),
)

BEGIN = Command(
    lambda d: (
        d.insert(callbacks.endpoint)
        .values(
            account_id=bindparam("account"),
            kind=bindparam("endpoint_kind"),
            url=bindparam("url"),
            pos=bindparam("pos"),
        )
        .on_conflict_do_update(
            index_elements=["account_id", "kind"],
            set_={
                "url": bindparam("url"),
                "pos": bindparam("pos"),
                "item": 0,
                "fence": _endpoint.fence + 1,
                "lease_until": 0,
                "failures": 0,
                "paused_until": 0,
                "dropped": 0,
                "error": "",
                "error_at": None,
            },
        )
    )
)
"""A new address; whoever calls the old one is fenced out."""

END = Command(sa.delete(callbacks.endpoint).where(_this_endpoint()))

FORGET_RETRIES = Command(
    sa.delete(callbacks.retry).where(
        _retry.account_id == bindparam("account"), _retry.kind == bindparam("endpoint_kind")
    )
)


# -- leases -----------------------------------------------------------------------------------


def _any(*where: sa.ColumnElement[bool], by: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """As EXISTS, but looked up for each row: PostgreSQL would read the table whole and hash it.

    `by` is the end of the index: without an order it would be read to its end, into a bitmap.
    """
    one = sa.select(const(1)).where(*where).order_by(by).limit(1)
    return one.correlate(callbacks.endpoint).scalar_subquery().is_not(None)


HAS_EVENTS = sa.or_(
    *(
        sa.and_(
            _endpoint.kind == const(kind),
            _any(
                _event.account_id == _endpoint.account_id,
                _event.pos >= _endpoint.pos,
                of_kind,
                by=_event.pos,
            ),
        )
        for kind, of_kind in OF_KIND.items()
    )
)
_has_due = _any(
    _retry.account_id == _endpoint.account_id,
    _retry.kind == _endpoint.kind,
    _retry.next_try_at <= bindparam("now"),
    by=_retry.next_try_at,
)


class Waiting(NamedTuple):
    """An endpoint that has work and that nobody holds."""

    account: int
    kind: int


WAITING = Query(
    Waiting._make,
    sa.select(_endpoint.account_id, _endpoint.kind)
    .where(
        _endpoint.lease_until <= bindparam("now"),
        _endpoint.paused_until <= bindparam("now"),
        sa.or_(HAS_EVENTS, _has_due),
    )
    .order_by(_endpoint.lease_until, _endpoint.account_id, _endpoint.kind)
    .limit(bindparam("most")),
)
"""Whoever was served longest ago comes first."""


class Taken(NamedTuple):
    """An endpoint just leased."""

    url: str
    fence: int
    pos: int
    item: int
    failures: int
    error: str
    error_at: int | None


TAKE = Query(
    Taken._make,
    sa.update(callbacks.endpoint)
    .where(_this_endpoint(), _endpoint.lease_until <= bindparam("now"))
    .values(
        worker=bindparam("worker"),
        fence=_endpoint.fence + 1,
        lease_until=bindparam("until"),
    )
    .returning(
        _endpoint.url,
        _endpoint.fence,
        _endpoint.pos,
        _endpoint.item,
        _endpoint.failures,
        _endpoint.error,
        _endpoint.error_at,
    ),
)

TIME_ZONE = Query(
    lambda row: str(row[0]),
    sa.select(_account.time_zone).where(_account.id == bindparam("account")),
)

ANY_RETRY = Query(
    first_integer,
    sa.select(const(1))
    .where(_retry.account_id == bindparam("account"), _retry.kind == bindparam("endpoint_kind"))
    .limit(1),
)

SAVE = Command(
    sa.update(callbacks.endpoint)
    .where(_this_endpoint(), _endpoint.fence == bindparam("held_fence"))
    .values(
        pos=bindparam("pos"),
        item=bindparam("item"),
        lease_until=bindparam("until"),
        failures=bindparam("failures"),
        paused_until=bindparam("paused_until"),
        dropped=_endpoint.dropped + bindparam("dropped"),
        error=bindparam("error"),
        error_at=bindparam("error_at"),
    )
)

END_LEASES = Command(sa.update(callbacks.endpoint).values(lease_until=0))


# -- events -----------------------------------------------------------------------------------


class EventRow(NamedTuple):
    """A numbered event with the campaign that it is about."""

    id: int
    pos: int
    kind: int
    at: int
    campaign: int
    ticket: str
    channel: str
    items: str


def _events(source: sa.FromClause, event: sa.FromClause) -> sa.Select[tuple[object, ...]]:
    e = event.c
    return (
        sa.select(
            e.id,
            e.pos,
            e.kind,
            e.at,
            e.campaign_id,
            _campaign.ticket,
            _campaign.channel,
            e["items"],
        )
        .select_from(source)
        .join(dispatch.campaign, _campaign.id == e.campaign_id)
    )


EVENTS: Mapping[CallbackKind, Query[EventRow]] = {
    kind: Query(
        EventRow._make,
        _events(traffic.event, traffic.event)
        .where(_event.account_id == bindparam("account"), _event.pos >= bindparam("pos"), of_kind)
        .order_by(_event.pos)
        .limit(bindparam("most")),
    )
    for kind, of_kind in OF_KIND.items()
}
EVENTS_OF_DELIVERIES, EVENTS_OF_STOPS, EVENTS_OF_INBOUNDS = EVENTS.values()


def _events_at(d: Dialect) -> sa.Select[tuple[object, ...]]:
    mine = _event.account_id == bindparam("account")
    events = d.picked(traffic.event, _event.pos, "positions", mine)
    return _events(events.source, events.table).where(events.where)


EVENTS_AT = Query(EventRow._make, _events_at)


def _address(row: Sequence[Value]) -> tuple[int, str]:
    return first_integer(row), str(row[1])


def _addresses_of(d: Dialect) -> sa.Select[tuple[int, str]]:
    mine = _message.campaign_id == bindparam("campaign")
    messages = d.picked(dispatch.message, _message.seq, "messages", mine)
    found = messages.table.c
    return sa.select(found.seq, found.address).select_from(messages.source).where(messages.where)


ADDRESSES_OF = Query(_address, _addresses_of)


class InboundRow(NamedTuple):
    """A message from a recipient."""

    id: int
    sender: str
    recipient: str
    text: str


INBOUNDS = Query(
    InboundRow._make,
    lambda d: sa.select(_inbound.id, _inbound.sender, _inbound.recipient, _inbound.text).where(
        d.among(_inbound.id, "inbounds")
    ),
)


# -- calls to be tried again ------------------------------------------------------------------


def _behind(d: Dialect) -> sa.Select[tuple[int]]:
    retries = d.picked(
        callbacks.retry,
        _retry.seq,
        "messages",
        _retry.account_id == bindparam("account"),
        _retry.kind == bindparam("endpoint_kind"),
        _retry.campaign_id == bindparam("campaign"),
    )
    found = sa.select(retries.table.c.seq).distinct()
    return found.select_from(retries.source).where(retries.where)


BEHIND = Query(first_integer, _behind)
"""Messages of a campaign that have a callback waiting to be tried again."""

INSERT_RETRY = Command(
    lambda d: (
        d.insert(callbacks.retry)
        .values({c.name: bindparam(c.name) for c in callbacks.retry.columns})
        .on_conflict_do_nothing()
    ),
    takes=[c.name for c in callbacks.retry.columns],
)

UPDATE_RETRY = Command(
    sa.update(callbacks.retry)
    .where(_this_retry())
    .values(tries=bindparam("tried"), next_try_at=bindparam("next")),
    takes=("tried", "next", "account", "endpoint_kind", "campaign", "message", "event_pos",
           "event_item"),
)  # fmt: skip

DELETE_RETRY = Command(
    sa.delete(callbacks.retry).where(_this_retry()),
    takes=("account", "endpoint_kind", "campaign", "message", "event_pos", "event_item"),
)

_KEY = (_retry.account_id, _retry.kind, _retry.campaign_id, _retry.seq, _retry.pos, _retry.item)

HURRY = Command(
    sa.update(callbacks.retry)
    .where(
        sa.tuple_(*_KEY).in_(
            sa.select(*_KEY)
            .where(
                _retry.account_id == bindparam("account"),
                _retry.kind == bindparam("endpoint_kind"),
                _retry.next_try_at > bindparam("now"),
            )
            .order_by(_retry.next_try_at)
            .limit(bindparam("most"))
        )
    )
    .values(next_try_at=bindparam("now"))
)
"""The endpoint is back: what failed with it need not wait any longer."""


def _retry_row(row: Sequence[Value]) -> RetryRow:
    campaign, seq, pos, item, tries, since, at = (int(value or 0) for value in row)
    return RetryRow(campaign, seq, Place(pos, item), tries, Instant(since), Instant(at))


def _due(_: Dialect) -> Expression:
    """Of one message only the first, so that its callbacks keep their order."""
    earlier = callbacks.retry.alias("earlier")
    return (
        sa.select(
            _retry.campaign_id, _retry.seq, _retry.pos, _retry.item,
            _retry.tries, _retry.since, _retry.next_try_at,
        )
        .where(
            _retry.account_id == bindparam("account"),
            _retry.kind == bindparam("endpoint_kind"),
            _retry.next_try_at <= bindparam("now"),
            ~sa.exists().where(
                earlier.c.account_id == _retry.account_id,
                earlier.c.kind == _retry.kind,
                earlier.c.campaign_id == _retry.campaign_id,
                earlier.c.seq == _retry.seq,
                sa.or_(
                    earlier.c.pos < _retry.pos,
                    sa.and_(earlier.c.pos == _retry.pos, earlier.c.item < _retry.item),
                ),
            ),
        )
        .order_by(_retry.next_try_at)
        .limit(bindparam("most"))
    )  # fmt: skip


DUE = Query(_retry_row, _due)


# -- looking ----------------------------------------------------------------------------------


class Row(NamedTuple):
    """An endpoint as it is stored, with what waits for it."""

    account: int
    kind: int
    url: str
    pos: int
    item: int
    failures: int
    dropped: int
    paused_until: int
    error: str
    error_at: int | None
    retrying: int
    untold: int
    """Items of the events from `pos` on, the ones before `item` included."""
    first_pos: int | None


def _over_events(of: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    choices = [
        (
            _endpoint.kind == const(kind),
            sa.select(of)
            .where(_event.account_id == _endpoint.account_id, _event.pos >= _endpoint.pos, of_kind)
            .scalar_subquery(),
        )
        for kind, of_kind in OF_KIND.items()
    ]
    return sa.case(*choices)


OVERVIEW = Query(
    Row._make,
    sa.select(
        _endpoint.account_id,
        _endpoint.kind,
        _endpoint.url,
        _endpoint.pos,
        _endpoint.item,
        _endpoint.failures,
        _endpoint.dropped,
        _endpoint.paused_until,
        _endpoint.error,
        _endpoint.error_at,
        sa.select(sa.func.count())
        .where(_retry.account_id == _endpoint.account_id, _retry.kind == _endpoint.kind)
        .scalar_subquery(),
        _over_events(sa.func.coalesce(sa.func.sum(_event.n), 0)),
        _over_events(sa.func.min(_event.pos)),
    )
    .where(sa.or_(bindparam("every") == 1, _endpoint.account_id == bindparam("account")))
    .order_by(_endpoint.account_id, _endpoint.kind),
)
