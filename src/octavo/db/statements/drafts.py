"""Campaigns on lists and tags: making, confirming, starting and throwing them away."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import CampaignState, MessageState, Skipped
from octavo.db.dialect import const
from octavo.db.schema import dispatch, drafts, people
from octavo.db.statement import Command, Query
from octavo.db.statements.orders import insert

_account = people.account.c
_campaign = dispatch.campaign.c
_count = dispatch.campaign_count.c
_country = drafts.country.c
_draft = drafts.draft.c
_message = dispatch.message.c
_slice = dispatch.slice_.c

PENDING = const(MessageState.PENDING)

INSERT_DRAFT = insert(drafts.draft, "seq", "code", "confirmed_at")
INSERT_COUNTRIES = insert(drafts.country, "contacts", "parts", "cost", at_once=True)


class Draft(NamedTuple):
    """A campaign on a list or tag; `cost` is that of its messages, `last` the last one's number."""

    id: int
    state: int
    send_at: int
    pending: int
    parts: int
    cost: int
    fee: int
    last: int
    code: int
    audience: str
    confirmed_at: int | None


_COST = (
    sa.select(sa.func.coalesce(sa.func.sum(_country.cost), 0))
    .where(_country.campaign_id == _campaign.id)
    .scalar_subquery()
)
_DRAFT = (
    sa.select(
        _campaign.id,
        _campaign.state,
        _campaign.send_at,
        _count.pending,
        _campaign.parts,
        _COST,
        _draft.fee,
        _draft.seq,
        _draft.code,
        _draft.audience,
        _draft.confirmed_at,
    )
    .join(drafts.draft, _draft.campaign_id == _campaign.id)
    .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
)
_BY_TICKET = sa.and_(
    _campaign.ticket == bindparam("ticket"), _campaign.account_id == bindparam("account_id")
)

DRAFT = Query(Draft._make, _DRAFT.where(_BY_TICKET))


class Latest(NamedTuple):
    """The draft of an account that waits to be confirmed."""

    ticket: str
    contacts: int
    parts: int
    cost: int
    fee: int
    available: int


LATEST = Query(
    Latest._make,
    sa.select(
        _campaign.ticket,
        _count.pending,
        _campaign.parts,
        _COST,
        _draft.fee,
        _account.available,
    )
    .join(drafts.draft, _draft.campaign_id == _campaign.id)
    .join(dispatch.campaign_count, _count.campaign_id == _campaign.id)
    .join(people.account, _account.id == _campaign.account_id)
    .where(
        _campaign.account_id == bindparam("account_id"),
        _campaign.state == const(CampaignState.READY_TO_BE_SENT),
        _campaign.channel == bindparam("channel"),
    )
    .order_by(_campaign.id.desc())
    .limit(1),
)

CONFIRM = Command(
    sa.update(dispatch.campaign)
    .where(
        _campaign.id == bindparam("campaign"),
        _campaign.state == const(CampaignState.READY_TO_BE_SENT),
    )
    .values(
        state=bindparam("state"),
        held=bindparam("held"),
        fee=bindparam("fee"),
        send_at=bindparam("send_at"),
        cursor=0,
    )
)

CONFIRM_DRAFT = Command(
    sa.update(drafts.draft)
    .where(_draft.campaign_id == bindparam("campaign"))
    .values(confirmed_at=bindparam("now"))
)

# -- starting ----------------------------------------------------------------------------------


class Starting(NamedTuple):
    """A confirmed campaign; `cursor` is the last message that was looked at."""

    account: int
    state: int
    send_at: int
    validity: int
    cursor: int
    last: int
    audience: str


STARTING = Query(
    Starting._make,
    sa.select(
        _campaign.account_id,
        _campaign.state,
        _campaign.send_at,
        _campaign.validity,
        _campaign.cursor,
        _draft.seq,
        _draft.audience,
    )
    .join(drafts.draft, _draft.campaign_id == _campaign.id)
    .where(_campaign.id == bindparam("campaign")),
)


class WaitingSlice(NamedTuple):
    """A slice that has not been started."""

    id: int
    lo: int
    hi: int


WAITING_SLICES = Query(
    WaitingSlice._make,
    sa.select(_slice.id, _slice.lo, _slice.hi)
    .where(
        _slice.campaign_id == bindparam("campaign"),
        _slice.lo > bindparam("after"),
        _slice.lo <= bindparam("upto"),
        _slice["pass"] == 0,
    )
    .order_by(_slice.lo),
)


class Waiting(NamedTuple):
    """A message to be sent, or one to somebody who has opted out."""

    seq: int
    contact: int
    state: int
    parts: int


WAITING = Query(
    Waiting._make,
    sa.select(
        _message.seq, sa.func.coalesce(_message.contact_id, 0), _message.state, _message.parts
    )
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq > bindparam("after"),
        _message.seq <= bindparam("upto"),
        sa.or_(
            _message.state == PENDING,
            _message.reason == sa.literal_column(f"'{Skipped.OPTED_OUT}'", sa.Text()),
        ),
    )
    .order_by(_message.seq),
)

START_SLICE = Command(
    sa.update(dispatch.slice_)
    .where(_slice.id == bindparam("slice_id"))
    .values(parts=bindparam("parts"), run_at=bindparam("run_at"), not_after=bindparam("not_after")),
    takes=("parts", "run_at", "not_after", "slice_id"),
    at_once=True,
)

# -- throwing away -----------------------------------------------------------------------------


class Unsent(NamedTuple):
    """A campaign that will not be sent."""

    account: int
    state: int
    confirmed_at: int | None


UNSENT = Query(
    Unsent._make,
    sa.select(_campaign.account_id, _campaign.state, _draft.confirmed_at)
    .join(drafts.draft, _draft.campaign_id == _campaign.id)
    .where(_campaign.id == bindparam("campaign")),
)


class Range(NamedTuple):
    """The messages of a slice."""

    lo: int
    hi: int


FIRST_SLICES = Query(
    Range._make,
    sa.select(_slice.lo, _slice.hi)
    .where(_slice.campaign_id == bindparam("campaign"))
    .order_by(_slice.lo)
    .limit(bindparam("most")),
)

SKIP_RANGE = Command(
    sa.update(dispatch.message)
    .where(
        _message.campaign_id == bindparam("campaign"),
        _message.seq >= bindparam("lo"),
        _message.seq <= bindparam("hi"),
        _message.state == PENDING,
    )
    .values(state=const(MessageState.SKIPPED), reason=bindparam("reason"), at=bindparam("now"))
)

DROP_SLICES = Command(
    sa.delete(dispatch.slice_).where(
        _slice.campaign_id == bindparam("campaign"), _slice.lo <= bindparam("upto")
    )
)

COUNT_SKIPPED = Command(
    sa.update(dispatch.campaign_count)
    .where(_count.campaign_id == bindparam("campaign"))
    .values(
        pending=_count.pending - bindparam("n"),
        skipped=_count.skipped + bindparam("n"),
        open_work=_count.open_work - bindparam("slices"),
    )
)

# -- looking -----------------------------------------------------------------------------------


class Country(NamedTuple):
    """Those of a country that a campaign is for, and what they cost."""

    country: str
    contacts: int
    parts: int
    cost: int


COUNTRIES = Query(
    Country._make,
    sa.select(_country.country, _country.contacts, _country.parts, _country.cost)
    .where(_country.campaign_id == bindparam("campaign"), _country.contacts > 0)
    .order_by(_country.country),
)
