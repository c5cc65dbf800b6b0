"""What an operator looks at across accounts; nothing here serves a request."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.schema import dispatch
from octavo.db.statement import Query, first_integer, first_text

_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c

SEEDED = "seeded"

MARK = Query(
    first_text,
    lambda d: (
        d.insert(dispatch.setting)
        .values(name=bindparam("name"), value=bindparam("value"))
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(dispatch.setting.c.name)
    ),
)
"""Gives a row when the mark is new."""


class CampaignRow(NamedTuple):
    """A campaign among others."""

    id: int
    ticket: str
    account: int
    channel: str
    product: str
    state: int
    sender: str
    send_at: int
    created_at: int
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


_COLUMNS = (
    _campaign.id,
    _campaign.ticket,
    _campaign.account_id,
    _campaign.channel,
    _campaign.product,
    _campaign.state,
    _campaign.sender,
    _campaign.send_at,
    _campaign.created_at,
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
)
_SELECT = sa.select(*_COLUMNS).join(dispatch.campaign_count, _count.campaign_id == _campaign.id)

CAMPAIGNS = Query(
    CampaignRow._make,
    _SELECT.where(sa.or_(bindparam("every") == 1, _campaign.account_id == bindparam("account_id")))
    .order_by(_campaign.id.desc())
    .limit(bindparam("most")),
)

CAMPAIGN = Query(CampaignRow._make, _SELECT.where(_campaign.ticket == bindparam("ticket")))

CAMPAIGN_COUNT = Query(first_integer, sa.select(sa.func.count()).select_from(dispatch.campaign))
