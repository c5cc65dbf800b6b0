"""Accepting an order."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.dialect import Dialect
from octavo.db.schema import dispatch, people
from octavo.db.statement import Command, Query, first_integer, first_text

_key = dispatch.request_key.c
_account = people.account.c
_counter = dispatch.counter.c


def _columns(table: sa.Table, *left_out: str) -> list[str]:
    return [column.name for column in table.columns if column.name not in left_out]


def insert(table: sa.Table, *left_out: str, at_once: bool = False) -> Command:
    """An insert of every column (less those left to their defaults), in the table's order."""
    names = _columns(table, *left_out)
    statement = sa.insert(table).values({name: bindparam(name) for name in names})
    return Command(statement, takes=names, at_once=at_once)


MOVE_COUNTER = Query(
    first_integer,
    lambda d: (
        d.insert(dispatch.counter)
        .values(name=bindparam("name"), value=bindparam("n"))
        .on_conflict_do_update(
            index_elements=["name"], set_={"value": _counter.value + bindparam("n")}
        )
        .returning(_counter.value)
    ),
)
"""Moves a counter by n; gives its new value."""

NEXT_NUMBERS = Query(
    first_integer,
    sa.select(
        sa.func.nextval(sa.literal_column("'number_'").concat(bindparam("name", type_=sa.Text())))
    ).select_from(sa.func.generate_series(1, bindparam("n", type_=sa.BigInteger()))),
)
"""The next n numbers of a sequence; others may get some in between."""

CLAIM_REQUEST_ID = Query(
    first_text,
    lambda d: (
        d.insert(dispatch.request_key)
        .values(
            account_id=bindparam("account_id"),
            request_id=bindparam("request_id"),
            ticket=bindparam("ticket"),
            at=bindparam("now"),
        )
        .on_conflict_do_update(
            index_elements=["account_id", "request_id"],
            set_={"ticket": bindparam("ticket"), "at": bindparam("now")},
            where=_key.at < bindparam("forgotten_before"),
        )
        .returning(_key.ticket)
    ),
)
"""Gives the ticket when the request_id is ours now, no row when it is taken."""

TICKET_OF_REQUEST_ID = Query(
    first_text,
    sa.select(_key.ticket).where(
        _key.account_id == bindparam("account_id"), _key.request_id == bindparam("request_id")
    ),
)


def _suppressed_among(d: Dialect) -> sa.Select[tuple[str]]:
    stops = d.picked(
        people.suppression,
        people.suppression.c.address,
        "addresses",
        people.suppression.c.account_id == bindparam("account_id"),
        people.suppression.c.scope >= bindparam("least_scope"),
    )
    return sa.select(stops.table.c.address).select_from(stops.source).where(stops.where)


SUPPRESSED_AMONG = Query(first_text, _suppressed_among)


class Debited(NamedTuple):
    """An account after a hold."""

    available: int
    weight: float


HOLD = Query(
    Debited._make,
    sa.update(people.account)
    .where(_account.id == bindparam("account_id"), _account.available >= bindparam("amount"))
    .values(available=_account.available - bindparam("amount"))
    .returning(_account.available, _account.weight),
)
"""No row when the money is not there."""

INSERT_CAMPAIGN = insert(
    dispatch.campaign, "released", "cursor", "finished_at", "sealed_at", at_once=True
)
INSERT_COUNT = insert(
    dispatch.campaign_count, "accepted", "delivered", "failed", "unknown", "captured", at_once=True
)
INSERT_MESSAGES = insert(
    dispatch.message, "charged", "pass", "attempts", "parts_done", "route_id", at_once=True
)
INSERT_SLICES = insert(dispatch.slice_, "id", "pass", "link_id", "fence", at_once=True)
ADD_REASON = Command(
    lambda d: (
        d.insert(dispatch.campaign_reason)
        .values({c: bindparam(c) for c in _columns(dispatch.campaign_reason)})
        .on_conflict_do_update(
            index_elements=["campaign_id", "state", "reason"],
            set_={
                "n": dispatch.campaign_reason.c.n + d.insert(dispatch.campaign_reason).excluded.n
            },
        )
    ),
    takes=_columns(dispatch.campaign_reason),
)
