"""Receipts, inbound messages, suppressions, events."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import Match, MessageState
from octavo.db.dialect import Dialect, const
from octavo.db.schema import dispatch, drafts, people, traffic
from octavo.db.statement import Command, Query, first_integer
from octavo.db.statements.orders import MOVE_COUNTER, insert

_campaign = dispatch.campaign.c
_event = traffic.event.c
_in_doubt = dispatch.in_doubt.c
_message = dispatch.message.c
_part = dispatch.part.c
_receipt = traffic.receipt.c
_suppression = people.suppression.c

INSERT_EVENT = insert(traffic.event, at_once=True)
TAKE_POSITIONS = MOVE_COUNTER
UNNUMBERED_EVENTS = Query(
    first_integer,
    sa.select(_event.id).where(_event.pos.is_(None)).order_by(_event.id).limit(bindparam("most")),
)
NUMBER_EVENT = Command(
    sa.update(traffic.event)
    .where(_event.id == bindparam("event"))
    .values(pos=bindparam("position")),
    takes=("position", "event"),
    at_once=True,
)

INSERT_RECEIPT = insert(traffic.receipt, at_once=True)


class KnownPart(NamedTuple):
    """A part that a receipt names, with the message that it belongs to."""

    ref: str
    campaign: int
    seq: int
    no: int
    part_pass: int
    part_state: int
    address: str
    state: int
    pass_: int
    parts: int
    parts_done: int
    reason: str
    charged: int
    price: int
    account: int


_MAY_BE_SETTLED = _message.state.in_([const(MessageState.UNKNOWN), const(MessageState.ACCEPTED)])
"""A message in doubt, or one of several parts of which some are heard of."""


def _with_message(
    d: Dialect,
    source: sa.FromClause,
    of: sa.FromClause,
    columns: Sequence[sa.ColumnElement[object]],
    *where: sa.ColumnElement[bool],
) -> sa.Select[tuple[object, ...]]:
    """Rows that name a message by campaign_id and seq, each with that message, locked."""
    key = _message.campaign_id == of.c.campaign_id, _message.seq == of.c.seq
    found = d.each(dispatch.message, sa.and_(*key, *where), of, lock=True)
    m = found.table.c
    every = [
        *columns, m.address, m.state, m["pass"], m.parts, m.parts_done, m.reason, m.charged,
        m.price, _campaign.account_id,
    ]  # fmt: skip
    return (
        sa.select(*every)
        .select_from(source)
        .join(found.table, found.on)
        .join(dispatch.campaign, _campaign.id == of.c.campaign_id)
    )


def _parts_by_ref(d: Dialect) -> sa.Select[tuple[object, ...]]:
    # The part is locked before its message is read: a receipt that comes twice at once counts once.
    parts = d.picked(
        dispatch.part, _part.ref, "refs", _part.route_id == bindparam("route_id"), lock=True
    )
    p = parts.table.c
    return (
        _with_message(
            d, parts.source, parts.table, [p.ref, p.campaign_id, p.seq, p.no, p["pass"], p.state]
        )
        .where(parts.where)
        .order_by(p.campaign_id, p.seq, p.no)
    )


PARTS_BY_REF = Query(KnownPart._make, _parts_by_ref)


class Doubt(NamedTuple):
    """An unknown message that a receipt without a known id may settle."""

    campaign: int
    seq: int
    doubt_pass: int
    reference: str
    sender: str
    at: int
    address: str
    state: int
    pass_: int
    parts: int
    parts_done: int
    reason: str
    charged: int
    price: int
    account: int


DOUBTS_OF = Query(
    Doubt._make,
    lambda d: (
        _with_message(
            d,
            dispatch.in_doubt,
            dispatch.in_doubt,
            [
                _in_doubt.campaign_id,
                _in_doubt.seq,
                _in_doubt["pass"],
                _in_doubt.reference,
                _in_doubt.sender,
                _in_doubt.at,
            ],
            _MAY_BE_SETTLED,
        )
        .where(
            _in_doubt.route_id == bindparam("route_id"),
            _in_doubt.address == bindparam("address"),
        )
        .order_by(_in_doubt.campaign_id, _in_doubt.seq)
        .with_for_update(of=dispatch.in_doubt)
    ),
)

SEALED = Query(
    first_integer,
    sa.select(sa.case((_campaign.sealed_at.is_(None), const(0)), else_=const(1)))
    .where(_campaign.id == bindparam("campaign"))
    .with_for_update(read=True),
)
"""Whether a campaign is sealed; it is not sealed before this transaction ends."""

SET_PART = Command(
    sa.update(dispatch.part)
    .where(
        _part.route_id == bindparam("route"),
        _part.ref == bindparam("ref"),
        _part.campaign_id == bindparam("campaign"),
        _part.seq == bindparam("seq"),
        _part.no == bindparam("no"),
    )
    .values(state=bindparam("state")),
    takes=("state", "route", "ref", "campaign", "seq", "no"),
    at_once=True,
)

LEARN_PART = Command(
    lambda d: (
        d.insert(dispatch.part)
        .values({c.name: bindparam(c.name) for c in dispatch.part.columns if c.name != "umr"})
        .on_conflict_do_nothing()
    ),
    takes=[c.name for c in dispatch.part.columns if c.name != "umr"],
    at_once=True,
)

SET_MESSAGE = Command(
    sa.update(dispatch.message)
    .where(_message.campaign_id == bindparam("campaign"), _message.seq == bindparam("seq"))
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        parts_done=bindparam("parts_done"),
        charged=bindparam("charged"),
        at=bindparam("now"),
    ),
    takes=("state", "reason", "parts_done", "charged", "now", "campaign", "seq"),
    at_once=True,
)


class WaitingReceipt(NamedTuple):
    """A receipt that found no message yet."""

    id: int
    route: int
    ref: str
    state: str
    code: str
    address: str
    sender: str
    reference: str
    at: int
    received_at: int
    tries: int


WAITING_RECEIPTS = Query(
    WaitingReceipt._make,
    sa.select(
        _receipt.id,
        _receipt.route_id,
        _receipt.ref,
        _receipt.state,
        _receipt.code,
        _receipt.address,
        _receipt.sender,
        _receipt.reference,
        _receipt.at,
        _receipt.received_at,
        _receipt.tries,
    )
    .where(_receipt.matched == const(Match.NONE), _receipt.next_try_at <= bindparam("now"))
    .order_by(_receipt.next_try_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True),
)

UPDATE_RECEIPT = Command(
    sa.update(traffic.receipt)
    .where(_receipt.id == bindparam("receipt"))
    .values(
        matched=bindparam("matched"),
        campaign_id=bindparam("campaign"),
        seq=bindparam("seq"),
        next_try_at=bindparam("next_try_at"),
        tries=bindparam("tries"),
    ),
    takes=("matched", "campaign", "seq", "next_try_at", "tries", "receipt"),
    at_once=True,
)

INSERT_INBOUND = Query(
    first_integer,
    lambda d: (
        d.insert(traffic.inbound)
        .values({c.name: bindparam(c.name) for c in traffic.inbound.columns})
        .on_conflict_do_nothing(index_elements=["route_id", "ref"])
        .returning(traffic.inbound.c.id)
    ),
)
"""No row when the carrier told it before."""

EXPECT_REPLY = Command(
    lambda d: (
        (statement := d.insert(drafts.reply_path))
        .values({c.name: bindparam(c.name) for c in drafts.reply_path.columns})
        .on_conflict_do_update(
            index_elements=["recipient", "address"],
            set_={
                "campaign_id": statement.excluded.campaign_id,
                "seq": statement.excluded.seq,
                "at": statement.excluded.at,
            },
        )
    ),
    takes=[c.name for c in drafts.reply_path.columns],
    at_once=True,
)


class Answered(NamedTuple):
    """The message that a reply answers."""

    campaign: int
    seq: int


ANSWERED = Query(
    Answered._make,
    sa.select(drafts.reply_path.c.campaign_id, drafts.reply_path.c.seq).where(
        drafts.reply_path.c.recipient == bindparam("recipient"),
        drafts.reply_path.c.address == bindparam("address"),
    ),
)

ACCOUNT_OF_CAMPAIGN = Query(
    first_integer,
    sa.select(_campaign.account_id).where(_campaign.id == bindparam("campaign")),
)

SUPPRESS = Command(
    lambda d: (
        d.insert(people.suppression)
        .values({c.name: bindparam(c.name) for c in people.suppression.columns})
        .on_conflict_do_update(
            index_elements=["account_id", "address"],
            set_={
                "scope": bindparam("scope"),
                "reason": bindparam("reason"),
                "at": bindparam("at"),
            },
            where=_suppression.scope < bindparam("scope"),
        )
    )
)
"""A wider scope replaces a narrower one, never the other way."""

LIFT = Command(
    sa.delete(people.suppression).where(
        _suppression.account_id == bindparam("account_id"),
        _suppression.address == bindparam("address"),
        _suppression.scope <= bindparam("scope"),
    )
)

LOG_SUPPRESSION = insert(people.suppression_log, "id")
