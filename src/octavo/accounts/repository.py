"""Statements on accounts, their keys and their parameters."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.accounts.schemas import Account, ApiKey
from octavo.db.schema import people
from octavo.db.statement import Command, Query, Value, first_integer, first_text
from octavo.kit.clock import Instant

_account = people.account.c
_key = people.api_key.c
_parameter = people.parameter.c

_COLUMNS = (_account.id, _account.name, _account.time_zone, _account.currency)

INSERT_ACCOUNT = Query(
    Account._make,
    sa.insert(people.account)
    .values(
        name=bindparam("name"),
        time_zone=bindparam("time_zone"),
        currency=bindparam("currency"),
        created_at=bindparam("created_at"),
    )
    .returning(*_COLUMNS),
)

ACCOUNT = Query(
    Account._make,
    sa.select(*_COLUMNS).where(_account.id == bindparam("account_id")),
)

ACCOUNT_OF_LOGIN = Query(
    Account._make,
    sa.select(*_COLUMNS)
    .join(people.api_key, _key.account_id == _account.id)
    .where(_key.login == bindparam("login"))
    .order_by(_key.id)
    .limit(1),
)

FIRST_LOGIN = Query(
    first_text,
    sa.select(_key.login).order_by(_key.account_id, _key.revoked_at.is_not(None), _key.id).limit(1),
)
"""A login of the oldest account, one that works if there is any."""


class Overview(NamedTuple):
    """An account among others."""

    id: int
    name: str
    available: int
    currency: str
    created_at: int


ACCOUNTS = Query(
    Overview._make,
    sa.select(
        _account.id, _account.name, _account.available, _account.currency, _account.created_at
    ).order_by(_account.id),
)

INSERT_KEY = Query(
    first_integer,
    sa.insert(people.api_key)
    .values(
        account_id=bindparam("account_id"),
        login=bindparam("login"),
        pepper=bindparam("pepper"),
        digest=bindparam("digest"),
        label=bindparam("label"),
        created_at=bindparam("created_at"),
    )
    .returning(_key.id),
)

SAME_KEY = Query(
    first_integer,
    sa.select(_key.id).where(
        _key.login == bindparam("login"),
        _key.pepper == bindparam("pepper"),
        _key.digest == bindparam("digest"),
        _key.revoked_at.is_(None),
    ),
)


def _api_key(row: Sequence[Value]) -> ApiKey:
    id_, account, login, label, pepper, created, revoked = row
    return ApiKey(
        int(id_ or 0),
        int(account or 0),
        str(login),
        str(label),
        str(pepper),
        Instant(int(created or 0)),
        None if revoked is None else Instant(int(revoked)),
    )


KEYS = Query(
    _api_key,
    sa.select(
        _key.id,
        _key.account_id,
        _key.login,
        _key.label,
        _key.pepper,
        _key.created_at,
        _key.revoked_at,
    )
    .where(sa.or_(bindparam("every") == 1, _key.account_id == bindparam("account_id")))
    .order_by(_key.account_id, _key.id),
)

REVOKE_KEY = Command(
    sa.update(people.api_key)
    .where(_key.id == bindparam("key_id"), _key.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


class Candidate(NamedTuple):
    """A key that a login may be used with."""

    pepper: str
    digest: str
    account: int
    name: str
    time_zone: str
    currency: str


CANDIDATES = Query(
    Candidate._make,
    sa.select(_key.pepper, _key.digest, *_COLUMNS)
    .join(people.account, _account.id == _key.account_id)
    .where(_key.login == bindparam("login"), _key.revoked_at.is_(None))
    .order_by(_key.id),
)

PARAMETERS = Query(
    lambda row: (str(row[0]), str(row[1])),
    sa.select(_parameter.name, _parameter.value)
    .where(_parameter.account_id == bindparam("account_id"))
    .order_by(_parameter.name),
)

PUT_PARAMETER = Command(
    lambda d: (
        (statement := d.insert(people.parameter))
        .values(
            account_id=bindparam("account_id"), name=bindparam("name"), value=bindparam("value")
        )
        .on_conflict_do_update(
            index_elements=["account_id", "name"], set_={"value": statement.excluded.value}
        )
    ),
    takes=("account_id", "name", "value"),
)

DELETE_PARAMETER = Command(
    sa.delete(people.parameter).where(
        _parameter.account_id == bindparam("account_id"), _parameter.name == bindparam("name")
    ),
    takes=("account_id", "name"),
)
