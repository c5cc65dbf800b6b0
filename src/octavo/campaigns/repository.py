"""Statements on campaigns, besides those of the ledger."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import dispatch, drafts
from octavo.db.statement import Query, first_integer

_campaign = dispatch.campaign.c
_cancel = drafts.cancel_count.c
_count = dispatch.campaign_count.c
_draft = drafts.draft.c


class Cancelable(NamedTuple):
    """What the rules for canceling look at."""

    state: int
    send_at: int
    audience: int


CANCELABLE = Query(
    Cancelable._make,
    sa.select(_campaign.state, _campaign.send_at, _count.audience)
    .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
    .where(
        _campaign.ticket == bindparam("ticket"), _campaign.account_id == bindparam("account_id")
    ),
)

COUNT_CANCEL = Query(
    first_integer,
    lambda d: (
        d.insert(drafts.cancel_count)
        .values(
            account_id=bindparam("account_id"),
            login=bindparam("login"),
            month=bindparam("month"),
            n=1,
        )
        .on_conflict_do_update(
            index_elements=["account_id", "login", "month"],
            set_={"n": _cancel.n + 1},
            where=_cancel.n < bindparam("most"),
        )
        .returning(_cancel.n)
    ),
)
"""No row when there were so many this month already."""


class Overview(NamedTuple):
    """A campaign as its owner sees it; `shown` is what it was computed to cost, without its fee.

    `shown` and `code` are None for a direct send.
    """

    id: int
    ticket: str
    channel: str
    product: str
    purpose: int
    sender: str
    text: str
    state: int
    created_at: int
    send_at: int
    finished_at: int | None
    parts: int
    held: int
    fee: int
    released: int
    captured: int
    audience: int
    pending: int
    accepted: int
    delivered: int
    failed: int
    skipped: int
    unknown: int
    shown: int | None
    draft_fee: int | None
    code: int | None


_SHOWN = (
    sa.select(sa.func.sum(drafts.country.c.cost))
    .where(drafts.country.c.campaign_id == _campaign.id)
    .scalar_subquery()
)

OVERVIEW = Query(
    Overview._make,
    sa.select(
        _campaign.id,
        _campaign.ticket,
        _campaign.channel,
        _campaign.product,
        _campaign.purpose,
        _campaign.sender,
        _campaign.text,
        _campaign.state,
        _campaign.created_at,
        _campaign.send_at,
        _campaign.finished_at,
        _campaign.parts,
        _campaign.held,
        _campaign.fee,
        _campaign.released,
        _count.captured,
        _count.audience,
        _count.pending,
        _count.accepted,
        _count.delivered,
        _count.failed,
        _count.skipped,
        _count.unknown,
        _SHOWN,
        _draft.fee,
        _draft.code,
    )
    .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
    .outerjoin(drafts.draft, _draft.campaign_id == _campaign.id)
    .where(
        _campaign.ticket == bindparam("ticket"), _campaign.account_id == bindparam("account_id")
    ),
)
