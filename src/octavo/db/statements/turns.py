"""Virtual time of groups and accounts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.dialect import larger
from octavo.db.schema import dispatch, people
from octavo.db.statement import Command, Query, Value

_account = people.account.c
_mine = dispatch.account_turn.c
_group = dispatch.group_turn.c


def _number(row: Sequence[Value]) -> float:
    return float(row[0] or 0)


def _real(name: str) -> sa.BindParameter[float]:
    return bindparam(name, type_=sa.Double())


_reached = sa.select(_group.vt).where(
    _group.group_id == bindparam("group_id"), _group.priority == bindparam("priority")
)

REACHED = Query(_number, _reached)
"""The virtual time that a group has come to; no row when it has served nothing."""

MOVE_GROUP = Command(
    lambda d: (
        d.insert(dispatch.group_turn)
        .values(group_id=bindparam("group_id"), priority=bindparam("priority"), vt=_real("vt"))
        .on_conflict_do_update(
            index_elements=["group_id", "priority"], set_={"vt": larger(_group.vt, _real("vt"))}
        )
    )
)

MOVE_ACCOUNT = Query(
    _number,
    lambda d: (
        (mine := d.insert(dispatch.account_turn))
        .values(
            account_id=bindparam("account_id"),
            group_id=bindparam("group_id"),
            priority=bindparam("priority"),
            vt=sa.func.coalesce(_reached.scalar_subquery(), 0.0) + _real("by"),
        )
        .on_conflict_do_update(
            index_elements=["account_id", "group_id", "priority"],
            set_={"vt": larger(mine.excluded.vt, _mine.vt + _real("by"))},
        )
        .returning(_mine.vt)
    ),
)
"""From where the account is, or from where the group is if that is later."""

TAKE_BACK = Command(
    sa.update(dispatch.account_turn)
    .where(
        _mine.account_id == bindparam("account_id"),
        _mine.group_id == bindparam("group_id"),
        _mine.priority == bindparam("priority"),
    )
    .values(vt=_mine.vt - _real("by"))
)
"""Below the group's time it does no harm: who asks next begins there at least."""

WEIGHT = Query(_number, sa.select(_account.weight).where(_account.id == bindparam("account_id")))
