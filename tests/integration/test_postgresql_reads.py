"""What the ledger's statements read on PostgreSQL does not grow with what the tables hold.

A history is made first: a campaign of thousands, thousands of orders of one, of receipts and of
people who opted out, all of one account and one route. Then a few messages live their lives, and
each statement is explained as it is run.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
import sqlalchemy as sa

from octavo.contacts import removal
from octavo.contacts.schemas import NewContact
from octavo.db.codes import InDoubt
from octavo.db.dialect import POSTGRESQL, const
from octavo.db.postgresql import PostgresConnection
from octavo.db.schema import dispatch
from octavo.db.statement import Compiled, Parameter
from octavo.drivers.protocol import Fault
from octavo.kit.clock import HOUR, MINUTE, SECOND
from octavo.ledger.receipts import DELIVERED, Receipt
from tests.common.contacts import Book, person
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
    # The database was another test's: what was known of its rows would be taken for these.
    made.sql("DELETE FROM pg_statistic")
    made.sql("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind IN ('r', 'i')")
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


@pytest.mark.parametrize("analyzed", [False, True], ids=["no statistics", "analyzed"])
def test_what_is_read_of_contacts_does_not_grow_with_them(
    world: World, monkeypatch: pytest.MonkeyPatch, *, analyzed: bool
) -> None:
    make_contacts(world)
    if analyzed:
        world.sql("ANALYZE")
    monkeypatch.setattr(removal, "MEMBERS_A_STEP", 10)
    monkeypatch.setattr(removal, "CONTACTS_A_STEP", 10)
    book = Book(world)
    wasted: dict[str, int] = {}
    explain(monkeypatch, wasted)

    keep(book)

    monkeypatch.undo()
    assert not wasted, "\n\n".join(f"{n} rows in vain: {text}" for text, n in wasted.items())


def make_contacts(world: World) -> None:
    """Thousands with numbers and thousands without, all on two lists and under a tag."""
    world.sql(
        "INSERT INTO contact (account_id, phone_number, email, country, created_at, updated_at)"
        " SELECT ?, CASE WHEN mod(n, 2) = 0 THEN '+3370000' || n END, n || '@example.org',"
        " 'FR', 0, 0 FROM generate_series(1, ?) n",
        world.account,
        HISTORY,
    )
    for of, names in (("list", "ab"), ("tag", "t")):
        for name in names:
            world.sql(
                f"WITH made AS (INSERT INTO {of} (account_id, name, created_at)"  # noqa: S608
                f" VALUES (?, ?, 0) RETURNING id) INSERT INTO {of}_member ({of}_id, contact_id)"
                " SELECT made.id, contact.id FROM made, contact",
                world.account,
                name,
            )


def keep(book: Book) -> None:
    """Contacts filed, merged, taken off and deleted; a list emptied and one deleted."""
    people = [person(n, email=f"{2 * n + 1}@example.org") for n in range(20)]
    mailed = [NewContact(None, email=f"{n}@example.org") for n in range(100, 110)]
    book.file(*people, *mailed, lists=["a", "b", "new"], tags=["t"])
    book.file(*people, *mailed, lists=["a"], un_list=True, un_tag=True, overwrite=False)
    book.delete(*(str(one.phone_number) for one in people[:5]), from_list="a")
    book.delete(*(str(one.phone_number) for one in people[:5]), emails=["999@example.org"])
    book.empty("a", contacts=True)
    book.remove("b")
    for _ in range(4):
        book.step()
    book.file(*people, *mailed, lists=["a"])


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
