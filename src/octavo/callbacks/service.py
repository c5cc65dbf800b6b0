"""Callback endpoints: functions inside somebody's unit of work."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from octavo.callbacks import repository
from octavo.callbacks.repository import EventRow
from octavo.callbacks.schemas import (
    PARAMETERS,
    Due,
    Happening,
    Held,
    Overview,
    Page,
    Place,
    RetryRow,
)
from octavo.db.codes import CallbackKind, EventKind
from octavo.db.connection import Connection
from octavo.kit.clock import SECOND, Instant
from octavo.kit.errors import OctavoError
from octavo.ledger.events import POSITIONS

LEASE = 30 * SECOND
PAGE = 500
"""Items that are read at once; the event that reaches this number is read whole."""
ROWS_A_PAGE = 64
HURRIED = 500
"""Failed calls that need not wait once an endpoint is back. Going down leaves few, and a unit must
not hold the writer for long.
"""


class EndpointLost(OctavoError):
    """Another worker holds the endpoint, or its address was changed or cleared."""

    says = "Another worker serves this callback address, or it was changed"


class Saved(NamedTuple):
    """What one save of an endpoint says. `until` ends the lease."""

    place: Place
    until: Instant
    failures: int
    paused_until: Instant
    dropped: int
    error: str
    error_at: Instant | None
    failed: Sequence[RetryRow] = ()
    again: Sequence[RetryRow] = ()
    done: Sequence[RetryRow] = ()
    hurry: bool = False


def follow(connection: Connection, account: int) -> None:
    """Makes the endpoints agree with the account's parameters; to be called when these change.

    A new or changed address starts at the present. Failed calls of an old one are forgotten.
    """
    named = dict(
        connection.all(repository.ADDRESSES, account=account, names=sorted(PARAMETERS.values()))
    )
    known = {e.kind: e.url for e in connection.all(repository.ENDPOINTS_OF, account=account)}
    for kind, parameter in PARAMETERS.items():
        url = named.get(parameter)
        if url == known.get(kind):
            continue
        connection.run(repository.FORGET_RETRIES, account=account, endpoint_kind=kind)
        if url is None:
            connection.run(repository.END, account=account, endpoint_kind=kind)
            continue
        present = (connection.one(repository.LAST_POSITION, name=POSITIONS) or 0) + 1
        connection.run(repository.BEGIN, account=account, endpoint_kind=kind, url=url, pos=present)


def waiting(connection: Connection, most: int, now: Instant) -> list[tuple[int, CallbackKind]]:
    """Endpoints with something to tell that nobody holds: who was served longest ago is first."""
    found = connection.all(repository.WAITING, most=most, now=now)
    return [(w.account, CallbackKind(w.kind)) for w in found]


def take(
    connection: Connection, account: int, kind: CallbackKind, *, worker: str, now: Instant
) -> Held | None:
    """Leases an endpoint; None when another worker was faster."""
    taken = connection.one(
        repository.TAKE,
        account=account,
        endpoint_kind=kind,
        worker=worker,
        now=now,
        until=now + LEASE,
    )
    zone = connection.one(repository.TIME_ZONE, account=account)
    if taken is None or zone is None:
        return None
    retrying = connection.one(repository.ANY_RETRY, account=account, endpoint_kind=kind)
    return Held(
        account=account,
        kind=kind,
        url=taken.url,
        time_zone=zone,
        fence=taken.fence,
        place=Place(taken.pos, taken.item),
        failures=taken.failures,
        error=taken.error,
        error_at=None if taken.error_at is None else Instant(taken.error_at),
        retrying=bool(retrying),
    )


def end_leases(connection: Connection) -> None:
    """Frees every endpoint; only where a lock proves that no other process lives."""
    connection.run(repository.END_LEASES)


def save(connection: Connection, held: Held, saved: Saved, now: Instant) -> None:
    """Keeps how far an endpoint is and what is to be tried again. Raises EndpointLost."""
    mine = {"account": held.account, "endpoint_kind": held.kind}
    kept = connection.run(
        repository.SAVE,
        **mine,
        held_fence=held.fence,
        pos=saved.place.pos,
        item=saved.place.item,
        until=saved.until,
        failures=saved.failures,
        paused_until=saved.paused_until,
        dropped=saved.dropped,
        error=saved.error,
        error_at=saved.error_at,
    )
    if not kept:
        raise EndpointLost(f"{held.account} {held.kind.name.lower()}")
    key = held.account, int(held.kind)
    connection.many(
        repository.INSERT_RETRY,
        [
            (*key, r.campaign, r.seq, *r.place, r.tries, r.since, r.next_try_at)
            for r in saved.failed
        ],
    )
    connection.many(
        repository.UPDATE_RETRY,
        [(r.tries, r.next_try_at, *key, r.campaign, r.seq, *r.place) for r in saved.again],
    )
    connection.many(
        repository.DELETE_RETRY, [(*key, r.campaign, r.seq, *r.place) for r in saved.done]
    )
    if saved.hurry:
        connection.run(repository.HURRY, **mine, now=now, most=HURRIED)


def page(connection: Connection, held: Held, place: Place, *, retrying: bool) -> Page:
    """What happened from a place on: about PAGE items. `retrying` asks for those behind others."""
    rows = connection.all(
        repository.EVENTS[held.kind], account=held.account, pos=place.pos, most=ROWS_A_PAGE
    )
    found: list[Happening] = []
    behind: set[Place] = set()
    for row in rows:
        first = place.item if row.pos == place.pos else 0
        told = _happenings(connection, [row], first)
        if retrying:
            behind |= _behind(connection, held, told)
        found += told
        place = Place(row.pos + 1, 0)
        if len(found) >= PAGE:
            break
    return Page(found, behind, place)


def due(connection: Connection, held: Held, most: int, now: Instant) -> list[Due]:
    """Failed calls that are to be tried again now, of each message only the first."""
    rows = connection.all(
        repository.DUE, account=held.account, endpoint_kind=held.kind, most=most, now=now
    )
    positions = sorted({row.place.pos for row in rows})
    events = connection.all(repository.EVENTS_AT, account=held.account, positions=positions)
    wanted = {row.place for row in rows}
    told = {h.place: h for h in _happenings(connection, events) if h.place in wanted}
    return [Due(r.place, r.campaign, r.seq, r.tries, r.since, told.get(r.place)) for r in rows]


def overview(connection: Connection, account: int | None = None) -> list[Overview]:
    """Every endpoint, or those of one account."""
    rows = connection.all(repository.OVERVIEW, every=int(account is None), account=account or 0)
    return [
        Overview(
            r.account,
            CallbackKind(r.kind),
            r.url,
            r.pos,
            r.untold - (r.item if r.first_pos == r.pos else 0),
            r.retrying,
            r.failures,
            r.dropped,
            Instant(r.paused_until) if r.paused_until else None,
            r.error,
            None if r.error_at is None else Instant(r.error_at),
        )
        for r in rows
    ]


def _behind(connection: Connection, held: Held, told: Sequence[Happening]) -> set[Place]:
    if not told:
        return set()
    messages = set(
        connection.all(
            repository.BEHIND,
            account=held.account,
            endpoint_kind=held.kind,
            campaign=told[0].campaign,
            messages=sorted({h.seq for h in told}),
        )
    )
    return {h.place for h in told if h.seq in messages}


def _happenings(
    connection: Connection, rows: Iterable[EventRow], first: int = 0
) -> list[Happening]:
    """The items of events, from the item `first` on."""
    found: list[Happening] = []
    for row in rows:
        items: list[tuple[int, str, int]] = json.loads(row.items)
        if row.kind >= EventKind.INBOUND:
            found += _replies(connection, row, items, first)
        else:
            found += _fates(connection, row, items, first)
    return found


def _fates(
    connection: Connection, row: EventRow, items: Sequence[tuple[int, str, int]], first: int
) -> Iterable[Happening]:
    addresses = dict(
        connection.all(
            repository.ADDRESSES_OF,
            campaign=row.campaign,
            messages=sorted({seq for seq, _, _ in items[first:]}),
        )
    )
    for item, told in enumerate(items[first:], first):
        yield _happening(row, item, told, addresses.get(told[0], ""))


def _replies(
    connection: Connection, row: EventRow, items: Sequence[tuple[int, str, int]], first: int
) -> Iterable[Happening]:
    ids = [int(what) for _, what, _ in items[first:]]
    stored = {m.id: m for m in connection.all(repository.INBOUNDS, inbounds=ids)}
    for item, (seq, what, at) in enumerate(items[first:], first):
        m = stored.get(int(what))
        if m is not None:
            told = _happening(row, item, (seq, what, at), m.sender)
            yield told._replace(text=m.text, recipient=m.recipient)


def _happening(row: EventRow, item: int, told: tuple[int, str, int], number: str) -> Happening:
    seq, what, at = told
    return Happening(
        event=row.id,
        place=Place(row.pos, item),
        kind=EventKind(row.kind),
        campaign=row.campaign,
        seq=seq,
        ticket=row.ticket,
        channel=row.channel,
        number=number,
        what=what,
        at=Instant(at),
        since=Instant(row.at),
    )
