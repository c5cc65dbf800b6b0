"""What `/readyz` asks of the database: that it commits, and that a second server has the data."""

import asyncio
from typing import Final

import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db.connection import Connection
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_text
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Clock
from octavo.kit.errors import StoreUnavailable
from octavo.kit.fresh import Fresh

SECONDS_TO_COMMIT = 2.0

_PULSE = Command(
    lambda d: (
        d.insert(dispatch.setting)
        .values(name="pulse", value=bindparam("value"))
        .on_conflict_do_update(index_elements=["name"], set_={"value": bindparam("value")})
    )
)
_SYNCHRONOUS = Query(
    first_text, sa.select(sa.func.current_setting("synchronous_standby_names", type_=sa.Text()))
)
"""Every user may read it. Where it names a standby, no commit returns before the standby has it."""

NO_STANDBY: Final = (
    "PostgreSQL has no synchronous standby (synchronous_standby_names is empty): if it is lost,"
    " orders that were taken may be lost and messages may go twice"
)


class Vitals:
    """Looks at a store, at most every two seconds however often it is asked."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._commits = Fresh(self._commit, clock)
        self._synchronous = Fresh(self._read_synchronous, clock)

    async def problem(self) -> str | None:
        """What is wrong when nothing is committed: a full disk, a database or a standby away."""
        try:
            await asyncio.wait_for(self._commits.get(None), SECONDS_TO_COMMIT)
        except TimeoutError:
            return f"nothing was committed within {SECONDS_TO_COMMIT:g} seconds"
        except StoreUnavailable as error:
            return f"nothing is committed: {error}"
        return None

    async def warning(self) -> str | None:
        """PostgreSQL alone: that a failover would lose what was promised (P1, P3)."""
        try:
            names = await asyncio.wait_for(self._synchronous.get(None), SECONDS_TO_COMMIT)
        except (TimeoutError, StoreUnavailable):
            return None  # `problem` tells
        return None if names.strip() else NO_STANDBY

    async def _commit(self, _: None) -> None:
        value = str(self._clock())
        await self._store.write(Rank.ACCEPT, lambda c: _beat(c, value))

    async def _read_synchronous(self, _: None) -> str:
        return await self._store.read(lambda c: c.one(_SYNCHRONOUS) or "")


def _beat(connection: Connection, value: str) -> None:
    connection.run(_PULSE, value=value)
