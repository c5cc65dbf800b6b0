"""`octavo up` whose store takes every order at once: the rest of the way of an order, as it is.

Only for orders of one recipient: each is answered with the same counts.
"""

from typing import TypeVar, cast

from octavo.cli.main import main
from octavo.db import database
from octavo.db.unit_of_work import Rank, SqliteStore, Unit
from octavo.kit.money import money
from octavo.ledger.orders import Accepted

T = TypeVar("T")

ANSWER = Accepted(1, 1, 1, money("0.045"), money("1000"), 0)


class Storeless(SqliteStore):
    """Writes no order; everything else is as ever."""

    async def write(self, rank: Rank, unit: Unit[T], account: int = 0) -> T:
        """Accepts at once what is an order."""
        if rank is Rank.ACCEPT:
            return cast("T", ANSWER)
        return await super().write(rank, unit, account)


if __name__ == "__main__":
    database.SqliteStore = Storeless  # type: ignore[attr-defined]
    main()
