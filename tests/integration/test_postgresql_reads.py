"""What the ledger's statements read on PostgreSQL does not grow with what the tables hold.

A history is made first: a campaign of thousands, thousands of orders of one, of receipts and of
people who opted out, all of one account and one route. Then a few messages live their lives, and
each statement is explained as it is run.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
import sqlalchemy as sa

from octavo.db.codes import InDoubt
from octavo.db.dialect import POSTGRESQL, const
from octavo.db.postgresql import PostgresConnection
from octavo.db.schema import dispatch
from octavo.db.statement import Compiled, Parameter
from octavo.drivers.protocol import Fault
from octavo.kit.clock import HOUR, MINUTE, SECOND
from octavo.ledger.receipts import DELIVERED, Receipt
from tests.common.engines import OnServer
from tests.common.holder import Holder, Key, ids_of
from tests.common.ledger import Choice, World

HISTORY = 3_000
ENOUGH = 200
"""Rows that a statement about fewer than 60 messages may look at in vain."""

_REMOVED = re.compile(r"Rows Removed by .*?: (\d+)")
_LOOPS = re.compile(r"rows=(\d+) loops=(\d+)")


@pytest.fixture
def world() -> Iterator[World]:
    Choice.name = "postgresql"
    made = World(credit="10000")
    yield made
    made.close()


def make_history(world: World) -> None:
    """Everything of it is over."""
    assert isinstance(world.engine, OnServer)
    world.sql(
        "INSERT INTO suppression (account_id, address, scope, reason, at)"
        " SELECT ?, '+3370000' || n, 1, 'stop', 0 FROM generate_series(1, ?) n",
        world.account,
        HISTORY,
    )
    holder = Holder(world)
    world.send(HISTORY)
    for _ in range(HISTORY // 20):
        world.send(1)
    sent = holder.work()
    world.receipts(*(delivered(key, world) for key in sent))
    holder.drain()


def delivered(key: Key, world: World) -> Receipt:
    return Receipt(ids_of(key)[0], DELIVERED, world.now)


def explain(monkeypatch: pytest.MonkeyPatch, wasted: dict[str, int]) -> None:
    """Explains each statement before it is run, undone; keeps the most rows read in vain."""
    really = PostgresConnection._execute

    def execute(
        self: PostgresConnection, compiled: Compiled, given: Mapping[str, Parameter]
    ) -> object:
        self.raw.execute("SAVEPOINT explained")
        plan = self.raw.execute(
            f"EXPLAIN (ANALYZE, TIMING OFF) {compiled.sql}".encode(), compiled.arrange(given)
        ).fetchall()
        self.raw.execute("ROLLBACK TO explained")
        lines = [str(line) for (line,) in plan]
        vain = read_in_vain(lines)
        text = "\n".join([compiled.sql, *lines])
        if vain > ENOUGH:
            wasted[text] = vain
        return really(self, compiled, given)

    monkeypatch.setattr(PostgresConnection, "_execute", execute)
    monkeypatch.setattr("octavo.db.postgresql.WORTH_ONE_STATEMENT", 1)


def read_in_vain(plan: list[str]) -> int:
    """Rows that were read and left out, over all loops of each node."""
    vain, loops = 0, 1
    for line in plan:
        if node := _LOOPS.search(line):
            loops = int(node[2])
        elif removed := _REMOVED.search(line):
            vain += int(removed[1]) * loops
    return vain


@pytest.mark.parametrize("analyzed", [False, True], ids=["no statistics", "analyzed"])
def test_what_is_read_does_not_grow_with_history(
    world: World, monkeypatch: pytest.MonkeyPatch, *, analyzed: bool
) -> None:
    make_history(world)
    if analyzed:
        world.sql("ANALYZE")
    wasted: dict[str, int] = {}
    explain(monkeypatch, wasted)

    live(world)

    monkeypatch.undo()
    assert not wasted, "\n\n".join(f"{n} rows in vain: {text}" for text, n in wasted.items())
    assert not world.breaches()


def live(world: World) -> None:
    """Sent, refused, delayed, lost, repeated, reported, taken over, canceled."""
    holder = Holder(world)
    world.send(30, in_doubt=InDoubt.REPEAT, slice_size=10)
    for _ in range(5):
        world.send(1)
    holder.claim()
    keys = holder.pump()
    holder.refused(keys[0])
    holder.refused(keys[1], Fault.TEMPORARY)
    holder.lost(keys[2])
    for key in keys[3:20]:
        holder.accepted(key)
    holder.settle()
    world.receipts(*(delivered(key, world) for key in keys[3:15]))
    world.receipts(Receipt("nobody's", DELIVERED, world.now, address="+33600000002"))
    holder.retake()
    holder.work()
    world.live(HOUR)
    holder.work()
    world.live(20 * MINUTE)
    world.live(SECOND)


def test_reading_in_vain_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make_history(world)
    wasted: dict[str, int] = {}
    explain(monkeypatch, wasted)
    assert isinstance(world.c, PostgresConnection)

    world.engine.begin()
    by_no_key = sa.select(dispatch.message.c.seq).where(dispatch.message.c.at == const(-1))
    world.c._execute(Compiled(by_no_key, POSTGRESQL, ()), {})
    world.engine.roll_back()

    assert wasted
