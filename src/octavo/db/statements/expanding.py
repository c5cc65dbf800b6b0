"""From the contacts of an audience to the messages of a campaign."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.codes import MessageState, Skipped
from octavo.db.dialect import Dialect, const
from octavo.db.schema import dispatch, drafts, people
from octavo.db.statement import Command, Query

_campaign = dispatch.campaign.c
_contact = people.contact.c
_count = dispatch.campaign_count.c
_country = drafts.country.c
_draft = drafts.draft.c
_message = dispatch.message.c
_suppression = people.suppression.c

PENDING = const(MessageState.PENDING)
SKIPPED = const(MessageState.SKIPPED)


class Job(NamedTuple):
    """A campaign under computation; `cursor` is the last contact looked at."""

    account: int
    state: int
    cursor: int
    text: str
    options: str
    purpose: int
    audience: str
    part_rules: str
    most_parts: int
    leave_out: int
    stop_countries: str
    stop_code: int
    seq: int


JOB = Query(
    Job._make,
    sa.select(
        _campaign.account_id,
        _campaign.state,
        _campaign.cursor,
        _campaign.text,
        _campaign.options,
        _campaign.purpose,
        _draft.audience,
        _draft.part_rules,
        _draft.most_parts,
        _draft.leave_out,
        _draft.stop_countries,
        _draft.stop_code,
        _draft.seq,
    )
    .join(drafts.draft, _draft.campaign_id == _campaign.id)
    .where(_campaign.id == bindparam("campaign")),
)


def _people(d: Dialect, *columns: sa.ColumnElement[object]) -> sa.Select[*tuple[object, ...]]:
    """The contacts of a page with their suppression and their country's price."""
    return (
        sa.select(*columns)
        .select_from(people.contact)
        .outerjoin(
            drafts.country,
            sa.and_(
                _country.campaign_id == bindparam("campaign", type_=sa.BigInteger()),
                _country.country == _contact.country,
            ),
        )
        .outerjoin(
            people.suppression,
            sa.and_(
                _suppression.account_id == _contact.account_id,
                _suppression.address == _contact.phone_number,
                _suppression.scope >= bindparam("least_scope"),
            ),
        )
        .where(
            d.among(_contact.id, "contacts"),
            # As a sum it is no reason to read all contacts of the account by index.
            _contact.account_id + const(0) == bindparam("account_id"),
            sa.or_(bindparam("leave_out") == 0, _suppression.scope.is_(None)),
        )
    )


def _word(word: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{word}'", sa.Text())


_WHY_NOT = sa.case(
    (_contact.phone_number.is_(None), _word(Skipped.NO_NUMBER)),
    (_contact.invalid != 0, _word(Skipped.INVALID_NUMBER)),
    (_country.price.is_(None), _word(Skipped.NO_PRICE)),
    (_suppression.scope.is_not(None), _word(Skipped.OPTED_OUT)),
    else_=_word(""),
)
"""Why somebody is not sent to, "" when they are."""

_ADDRESS = sa.func.coalesce(_contact.phone_number, _contact.email, _word(""))


def _insert_alike(d: Dialect) -> sa.Insert:
    each = _people(
        d,
        _contact.id.label("contact_id"),
        _ADDRESS.label("address"),
        _contact.country.label("country"),
        _WHY_NOT.label("reason"),
        _country.group_id.label("group_id"),
        _country.price.label("price"),
    ).subquery("each_one")
    p = each.c
    sent = p.reason == _word("")
    parts = bindparam("parts", type_=sa.SmallInteger())
    order = sa.func.row_number().over(
        order_by=[sa.case((sent, 0), else_=1), sa.case((sent, p.group_id), else_=0), p.contact_id]
    )
    return d.insert(dispatch.message).from_select(
        [
            "campaign_id", "seq", "address", "country", "contact_id",
            "parts", "price", "state", "reason", "at",
        ],
        sa.select(
            bindparam("campaign", type_=sa.BigInteger()),
            bindparam("seq", type_=sa.BigInteger()) + order,
            p.address,
            p.country,
            p.contact_id,
            sa.case((sent, parts), else_=0),
            sa.case((sent, p.price * parts), else_=0),
            sa.case((sent, PENDING), else_=SKIPPED),
            p.reason,
            bindparam("now", type_=sa.BigInteger()),
        ),
        include_defaults=False,
    )  # fmt: skip


INSERT_ALIKE = Command(_insert_alike)
"""Messages of the same text to a page of contacts: by group, then by contact, then the skipped."""


class Person(NamedTuple):
    """A contact, why they are not sent to, and the price and group of their country."""

    contact: int
    address: str
    country: str
    reason: str
    price: int | None
    group: int | None
    first_name: str | None
    last_name: str | None
    param1: str | None
    param2: str | None
    param3: str | None
    param4: str | None
    param5: str | None


PEOPLE = Query(
    Person._make,
    lambda d: _people(
        d,
        _contact.id,
        _ADDRESS,
        _contact.country,
        _WHY_NOT,
        _country.price,
        _country.group_id,
        *(_contact[name] for name in Person._fields[6:]),
    ),
)

_PERSONAL = (
    "campaign_id", "seq", "address", "country", "fields", "contact_id",
    "parts", "price", "state", "reason", "at",
)  # fmt: skip

INSERT_PERSONAL = Command(
    sa.insert(dispatch.message).values({name: bindparam(name) for name in _PERSONAL}),
    takes=_PERSONAL,
    at_once=True,
)


class Sum(NamedTuple):
    """Messages of a page alike in country and fate; no group where nothing is sent."""

    group: int
    slice_size: int
    country: str
    state: int
    reason: str
    n: int
    parts: int
    cost: int


SUMS = Query(
    Sum._make,
    sa.select(
        sa.func.coalesce(_country.group_id, 0),
        sa.func.coalesce(_country.slice_size, 0),
        _message.country,
        _message.state,
        _message.reason,
        sa.func.count(),
        sa.func.sum(_message.parts),
        sa.func.sum(_message.price),
    )
    .select_from(dispatch.message)
    .outerjoin(
        drafts.country,
        sa.and_(_country.campaign_id == _message.campaign_id, _country.country == _message.country),
    )
    .where(_message.campaign_id == bindparam("campaign"), _message.seq > bindparam("after"))
    .group_by(
        _country.group_id, _country.slice_size, _message.country, _message.state, _message.reason
    )
    .order_by(sa.func.coalesce(_country.group_id, 0)),
)

GROW_COUNTRY = Command(
    sa.update(drafts.country)
    .where(_country.campaign_id == bindparam("campaign"), _country.country == bindparam("where"))
    .values(
        contacts=_country.contacts + bindparam("n"),
        parts=_country.parts + bindparam("n_parts"),
        cost=_country.cost + bindparam("amount"),
    ),
    takes=("n", "n_parts", "amount", "campaign", "where"),
)

GROW_COUNT = Command(
    sa.update(dispatch.campaign_count)
    .where(_count.campaign_id == bindparam("campaign"))
    .values(
        audience=_count.audience + bindparam("to_send") + bindparam("left_out"),
        pending=_count.pending + bindparam("to_send"),
        skipped=_count.skipped + bindparam("left_out"),
        open_work=_count.open_work + bindparam("slices"),
    )
)

MOVE_CAMPAIGN = Command(
    sa.update(dispatch.campaign)
    .where(_campaign.id == bindparam("campaign"))
    .values(cursor=bindparam("cursor"), parts=_campaign.parts + bindparam("n_parts"))
)

MOVE_DRAFT = Command(
    sa.update(drafts.draft)
    .where(_draft.campaign_id == bindparam("campaign"))
    .values(seq=bindparam("seq"))
)

FAIL_DRAFT = Command(
    sa.update(drafts.draft)
    .where(_draft.campaign_id == bindparam("campaign"))
    .values(code=bindparam("code"))
)

FORGET_COUNTRIES = Command(
    sa.delete(drafts.country).where(
        _country.campaign_id == bindparam("campaign"), _country.contacts == 0
    )
)
"""Those that nobody is of."""
