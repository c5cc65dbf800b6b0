"""Units of work on PostgreSQL: whole or not at all, whatever the server and the network do."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import cast

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import conninfo
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import ARRAY

from octavo.db import bulk, partitions, postgresql, postgresql_marks
from octavo.db import postgresql_session as storing
from octavo.db.connection import Connection
from octavo.db.database import Database
from octavo.db.migrate import HEAD, NoDatabase, migrate, require
from octavo.db.postgresql_database import PostgresDatabase
from octavo.db.postgresql_lineage import Lineage
from octavo.db.postgresql_session import Session
from octavo.db.postgresql_store import PostgresStore
from octavo.db.schema import dispatch, money
from octavo.db.statement import Command, Query, first_integer, first_text
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import DAY, Instant, system_clock
from octavo.kit.errors import StoreUnavailable
from octavo.ledger import crew, numbering
from tests.common import postgres
from tests.common.database import NOW

_setting = dispatch.setting.c
PUT = Command(
    sa.insert(dispatch.setting).values(name=bindparam("name"), value=bindparam("value")),
    takes=("name", "value"),
)
SET = Command(
    sa.update(dispatch.setting)
    .where(_setting.name == bindparam("name"))
    .values(value=bindparam("value"))
)
PUT_AT_ONCE = Command(
    sa.insert(dispatch.setting).values(name=bindparam("name"), value=bindparam("value")),
    takes=("name", "value"),
    at_once=True,
)
SET_AT_ONCE = Command(
    sa.update(dispatch.setting)
    .where(_setting.name == bindparam("which"))
    .values(value=bindparam("new")),
    takes=("which", "new"),
    at_once=True,
)
DROP_AT_ONCE = Command(
    sa.delete(dispatch.setting).where(_setting.name == bindparam("which")),
    takes=("which",),
    at_once=True,
)
GET = Query(first_text, sa.select(_setting.value).where(_setting.name == bindparam("name")))
AMONG = Query(
    first_text,
    lambda d: sa.select(_setting.value).where(d.among(_setting.name, "names")),
)
MARKS = Query(first_integer, sa.select(sa.func.count()).where(dispatch.commit_mark.c.n > 0))
TEXTS = Query(
    lambda row: tuple(cast("list[str | None]", row[0])),
    sa.select(bindparam("texts", type_=ARRAY(sa.Text()))),
)
NUMBERS = Query(
    lambda row: tuple(cast("list[int | float | None]", row[0])),
    sa.select(bindparam("numbers", type_=ARRAY(sa.BigInteger()))),
)
FLOATS = Query(
    lambda row: tuple(cast("list[int | float | None]", row[0])),
    sa.select(bindparam("numbers", type_=ARRAY(sa.Double()))),
)
SUM = Query(first_integer, sa.select(sa.func.sum(money.price.c.amount)))
PUT_PRICE = Command(
    sa.insert(money.price).values(
        account_id=0, product=bindparam("product"), country="FR", amount=bindparam("amount")
    ),
    takes=("product", "amount"),
)


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.cluster().emptied() as made:
        yield made


@pytest.fixture
def database(url: str) -> PostgresDatabase:
    return PostgresDatabase(url)


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    made = Session(url, Random(1))
    yield made
    made.close()


def put(name: str, value: str = "x") -> Callable[[Connection], int]:
    return lambda c: c.run(PUT, name=name, value=value)


def read(database: Database, name: str) -> str | None:
    return database.write(lambda c: c.one(GET, name=name))


def cut(session: Session) -> None:
    """The server ends the session's connection, as when it is restarted."""
    assert session._raw is not None
    pid = session._raw.info.backend_pid
    postgres.cluster().execute(f"SELECT pg_terminate_backend({pid}, 5000)")


# -- statements --------------------------------------------------------------------------------


def test_a_batch_tells_how_many_rows_it_touched(session: Session) -> None:
    def unit(c: Connection) -> list[int]:
        rows = [("a", "1"), ("b", "2"), ("c", "3")]
        return [c.many(PUT, rows), c.many(PUT, []), c.run(SET, name="d", value="")]

    assert session.write(unit) == [3, 0, 0]


def test_a_batch_may_be_one_statement(session: Session) -> None:
    """An insert, an update and a delete of many rows, with nothing and with odd text in them."""

    def unit(c: Connection) -> list[int]:
        return [
            c.many(PUT_AT_ONCE, [("a", "1"), ("b", "x\0y"), ("c", 'say "x, {y}" \\')]),
            c.many(SET_AT_ONCE, [("a", "2"), ("z", "3"), ("c", "\ud800")]),
            c.many(DROP_AT_ONCE, [("b",), ("z",)]),
            c.many(PUT_AT_ONCE, []),
        ]

    assert session.write(unit) == [3, 2, 1, 0]
    odd = "\N{REPLACEMENT CHARACTER}"
    assert sorted(session.read(lambda c: c.all(AMONG, names=["a", "b", "c"]))) == ["2", odd]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.sampled_from(["NULL", "null", "{}", "{a,b}", '"', "\\", '\\"', " ", "", ",", "\n"]),
        )
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_column_of_texts_arrives_as_it_was(session: Session, column: list[str | None]) -> None:
    assert session.read(lambda c: c.one(TEXTS, texts=bulk.array(column))) == tuple(column)


@pytest.mark.parametrize("column", [[], [1, None, -(2**63), 2**63 - 1], [None], [0.1, 1e300, -0.0]])
def test_a_column_of_numbers_arrives_as_it_was(
    session: Session, column: list[int | float | None]
) -> None:
    query = FLOATS if any(isinstance(n, float) for n in column) else NUMBERS
    assert session.read(lambda c: c.one(query, numbers=bulk.array(column))) == tuple(column)


def test_lists_are_one_parameter(session: Session) -> None:
    session.write(lambda c: c.many(PUT, [("a", "1"), ("b", "2"), ("c", "3")]))
    assert sorted(session.read(lambda c: c.all(AMONG, names=["a", "c", "z"]))) == ["1", "3"]
    assert session.read(lambda c: c.all(AMONG, names=[])) == []


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "a\udc00\ud800b\0"])
def test_text_that_the_server_would_refuse_is_mended(session: Session, text: str) -> None:
    session.write(put("odd", text))
    found = session.read(lambda c: c.one(GET, name="odd"))
    assert found is not None
    assert set(found) == {"a", "b", "\N{REPLACEMENT CHARACTER}"}


def test_sums_are_whole_numbers(session: Session) -> None:
    largest = (1 << 62) - 1
    session.write(lambda c: c.many(PUT_PRICE, [("a", largest), ("b", largest), ("c", largest)]))
    assert session.read(lambda c: c.one(SUM)) == 3 * largest


# -- transactions ------------------------------------------------------------------------------


def test_a_unit_that_fails_leaves_nothing(session: Session, database: PostgresDatabase) -> None:
    def unit(c: Connection) -> None:
        c.run(PUT, name="half", value="x")
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        session.write(unit)
    assert read(database, "half") is None
    session.write(put("next"))
    assert read(database, "next") == "x"


def test_what_an_error_of_the_server_was_swallowed_in_is_not_taken_for_done(
    session: Session, database: PostgresDatabase
) -> None:
    def unit(c: Connection) -> None:
        c.run(PUT, name="one", value="x")
        try:
            c.run(PUT, name="one", value="x")
        except psycopg.IntegrityError:
            return

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        session.write(unit)
    assert read(database, "one") is None


def test_readers_cannot_write(session: Session) -> None:
    with pytest.raises(StoreUnavailable):
        session.read(put("never"))


def test_a_reader_sees_one_snapshot(session: Session, database: PostgresDatabase) -> None:
    def unit(c: Connection) -> list[str | None]:
        before = c.one(GET, name="meanwhile")
        database.write(put("meanwhile"))
        return [before, c.one(GET, name="meanwhile")]

    assert session.read(unit) == [None, None]
    assert read(database, "meanwhile") == "x"


def test_a_deadlock_is_run_again(url: str, database: PostgresDatabase) -> None:
    database.write(lambda c: c.many(PUT, [("a", ""), ("b", "")]))
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def swap(first: str, second: str) -> Callable[[Connection], None]:
        def unit(c: Connection) -> None:
            tries.append(first)
            c.run(SET, name=first, value=first)
            if len(tries) <= 2:
                both_hold_one.wait(10)
            c.run(SET, name=second, value=first)

        return unit

    def run(first: str, second: str) -> None:
        made = Session(url, Random(1))
        made.write(swap(first, second))
        made.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # The one that is run again may take its first row before the other gets its second.
    assert len(tries) > 2
    assert read(database, "a") == read(database, "b") == tries[-1]


def test_a_connection_that_breaks_before_the_commit_is_made_anew(
    session: Session, database: PostgresDatabase
) -> None:
    tries: list[int] = []

    def unit(c: Connection) -> None:
        tries.append(1)
        c.run(PUT, name="once", value=str(len(tries)))
        if len(tries) == 1:
            cut(session)
            c.one(GET, name="once")

    session.write(unit)
    assert read(database, "once") == "2"


def test_a_connection_that_was_cut_while_idle_does_not_show(
    session: Session, database: PostgresDatabase
) -> None:
    session.write(put("one"))
    cut(session)
    session.write(put("two"))
    assert read(database, "two") == "x"


@pytest.mark.parametrize("happened", [True, False])
def test_a_commit_whose_answer_is_lost_is_found_out(
    happened: bool,
    session: Session,
    database: PostgresDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[int] = []
    real = Session._mark_and_commit

    def lose(self: Session, raw: postgresql.Raw) -> None:
        if len(tries) > 1:
            return real(self, raw)
        if happened:
            real(self, raw)
            cut(session)
        else:
            self._marks._take_name()
            self._marks._n += 1
            cut(session)
        raise storing._InTheAir("cut")

    def unit(c: Connection) -> int:
        tries.append(1)
        c.run(PUT, name=f"try {len(tries)}", value="x")
        return len(tries)

    monkeypatch.setattr(Session, "_mark_and_commit", lose)
    assert session.write(unit) == (1 if happened else 2)
    assert (read(database, "try 1"), read(database, "try 2")) == (
        ("x", None) if happened else (None, "x")
    )


def test_a_mark_that_was_looked_for_in_vain_is_never_there(session: Session) -> None:
    """Looking may be cut short too: the trace that it leaves is not the mark."""
    session.write(put("one"))
    raw, marks = session._connected(), session._marks
    assert marks.is_there(raw)
    marks._n += 1
    assert [marks.is_there(raw) for _ in range(3)] == [False] * 3
    with pytest.raises(psycopg.errors.UniqueViolation):
        raw.execute("INSERT INTO commit_mark (session, n) VALUES (%s, %s)", (marks._name, marks._n))


def test_marks_of_dead_sessions_are_forgotten_after_a_day(
    session: Session, database: PostgresDatabase
) -> None:
    session.write(put("one"))
    left = session.read(lambda c: c.one(MARKS)) or 0
    assert left == 1
    now = system_clock()
    assert database.write(lambda c: crew.forget_marks(c, now)) == 0
    assert database.write(lambda c: crew.forget_marks(c, Instant(now + 2 * DAY))) >= left
    assert session.read(lambda c: c.one(MARKS)) == 1  # that of the write itself


def test_marks_do_not_pile_up(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_marks, "FORGET_EVERY", 10)
    for n in range(35):
        session.write(put(f"setting {n}"))
    assert session.read(lambda c: c.one(MARKS)) == 6


def test_a_unit_that_changed_nothing_leaves_no_mark(session: Session) -> None:
    session.write(lambda c: c.run(SET, name="nobody", value="x"))
    session.write(lambda c: c.one(GET, name="nobody"))
    assert session.read(lambda c: c.one(MARKS)) == 0


def test_a_server_that_is_away_is_told_of_at_once() -> None:
    session = Session("postgresql:///x?host=/nowhere/at/all", Random(1))
    with pytest.raises(StoreUnavailable):
        session.write(put("never"))


# -- servers that were replaced ---------------------------------------------------------------


def test_a_cluster_of_another_identity_begins_anew(url: str, tmp_path: Path) -> None:
    kept = tmp_path / "lineage"
    kept.write_text('{"system": 1, "timeline": 7}')
    PostgresDatabase(url, kept).write(put("restored"))
    assert '"timeline": 1' in kept.read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"system": "x"}', "\xff", '{"timeline": 9}'])
def test_a_damaged_file_is_as_good_as_none(url: str, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "lineage"
    kept.write_text(text)
    found = Lineage(kept).connect(url)
    found.raw.close()
    assert found.timeline == 1
    assert '"timeline": 1' in kept.read_text()


def test_each_host_of_a_url_may_be_tried_by_itself() -> None:
    tried = postgresql.one_by_one("postgresql://u:p@a:1,b:2,c:3/x?connect_timeout=7")
    found = [conninfo.conninfo_to_dict(one) for one in tried]
    assert [(one["host"], one["port"]) for one in found] == [("a", "1"), ("b", "2"), ("c", "3")]
    assert {(one["dbname"], one["password"], one["connect_timeout"]) for one in found} == {
        ("x", "p", "7")
    }
    shared = postgresql.one_by_one("host=a,b port=5433 dbname=x")
    assert [conninfo.conninfo_to_dict(one)["port"] for one in shared] == ["5433", "5433"]
    assert len(postgresql.one_by_one("postgresql:///x")) == 1


# -- the store ---------------------------------------------------------------------------------


def test_a_store_runs_many_units_at_once_and_finishes_what_is_queued(url: str) -> None:
    async def main() -> list[str]:
        store = PostgresStore(url, Random(1))
        writes = [store.write(Rank(n % 4), put(f"n{n}", str(n))) for n in range(100)]
        waiting = [asyncio.create_task(write) for write in writes]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*waiting) == [1] * 100
        with pytest.raises(StoreUnavailable):
            await store.write(Rank.ACCEPT, put("late"))
        again = PostgresStore(url, Random(1))
        found = await again.read(lambda c: c.all(AMONG, names=[f"n{n}" for n in range(100)]))
        await again.close()
        return found

    assert sorted(asyncio.run(main()), key=int) == [str(n) for n in range(100)]


def test_a_store_raises_what_a_unit_raises(url: str) -> None:
    async def main() -> None:
        store = PostgresStore(url, Random(1), writers=1, readers=1)
        with pytest.raises(ZeroDivisionError):
            await store.write(Rank.TASK, lambda _: 1 // 0)
        assert await store.write(Rank.TASK, lambda _: 1) == 1
        await store.close()

    asyncio.run(main())


# -- schema ------------------------------------------------------------------------------------


def test_migrations_that_start_at_once_wait_for_each_other() -> None:
    with postgres.cluster().database("template1") as url:
        database = PostgresDatabase(url)
        with pytest.raises(NoDatabase):
            require(database)
        threads = [threading.Thread(target=migrate, args=(database,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        require(database)
        assert database.standing().version == HEAD


def test_numbers_are_never_given_twice(url: str) -> None:
    database = PostgresDatabase(url)
    first = database.write(lambda c: numbering.take(c, "receipt", 3, NOW))
    second = database.write(lambda c: numbering.take(c, "receipt", 2, NOW))
    assert [n - first[0] for n in (*first, *second)] == [0, 1, 2, 3, 4]
    assert partitions.MONTH_SHIFT == 40
    assert first[0] >> 40 == 27 * 12


def test_partitions_are_made_ahead_and_once() -> None:
    with postgres.cluster().database() as url:
        database = PostgresDatabase(url)
        later = Instant(NOW + 70 * DAY)
        made = database.write(lambda c: partitions.ensure(c, later))
        assert sorted(p.name for p in made) == [
            f"{table}_2027_{month}"
            for table in ("event", "message", "part", "receipt")
            for month in ("04", "05")
        ]
        assert database.write(lambda c: partitions.ensure(c, later)) == []
        with psycopg.connect(url) as raw:
            options = raw.execute(
                "SELECT relname, reloptions FROM pg_class WHERE relname IN"
                " ('message_2027_04', 'message_default', 'slice') ORDER BY relname"
            ).fetchall()
        assert options == [
            ("message_2027_04", ["fillfactor=60"]),
            ("message_default", ["fillfactor=60"]),
            (
                "slice",
                [
                    "fillfactor=50",
                    "autovacuum_vacuum_scale_factor=0",
                    "autovacuum_vacuum_threshold=1000",
                ],
            ),
        ]


def test_timeouts_are_ours(session: Session) -> None:
    assert session._connected().execute(
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
        " current_setting('idle_in_transaction_session_timeout'),"
        " current_setting('synchronous_commit')"
    ).fetchone() == ("1min", "8s", "5s", "on")


@pytest.mark.parametrize("weak", ["off", "local", "remote_write"])
def test_a_commit_is_on_disk_whatever_the_server_is_set_to(
    database: PostgresDatabase, weak: str
) -> None:
    name = conninfo.conninfo_to_dict(database.url)["dbname"]
    postgres.cluster().execute(f"ALTER DATABASE {name} SET synchronous_commit = '{weak}'")
    try:
        with postgresql.connect(database.url) as raw:
            assert raw.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        postgres.cluster().execute(f"ALTER DATABASE {name} RESET synchronous_commit")


TIMEOUTS = [
    ("STATEMENT_TIMEOUT", "300ms", 1),
    ("LOCK_TIMEOUT", "50ms", storing.MOST_TRIES),
]


@pytest.mark.parametrize(("name", "value", "tries"), TIMEOUTS)
def test_who_waits_for_a_row_waits_no_longer_than_that(
    url: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str, tries: int
) -> None:
    """A lock is waited for again; a statement that takes too long is not run again."""
    shorten(monkeypatch, getattr(postgresql, name), value)
    PostgresDatabase(url).write(put("row"))
    ran: list[int] = []

    def unit(c: Connection) -> int:
        ran.append(1)
        return c.run(SET, name="row", value="y")

    session = Session(url, Random(1))
    with psycopg.connect(url) as holder:
        holder.execute("UPDATE setting SET value = 'held' WHERE name = 'row'")
        with pytest.raises(StoreUnavailable):
            session.write(unit)
        holder.rollback()
    assert len(ran) == tries
    assert session.write(unit) == 1
    session.close()


def test_who_sleeps_in_a_transaction_loses_it_and_does_it_again(
    url: str, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(monkeypatch, postgresql.IDLE_TIMEOUT, "100ms")
    session = Session(url, Random(1))
    tries: list[int] = []

    def unit(c: Connection) -> None:
        tries.append(1)
        c.run(PUT, name=f"try {len(tries)}", value="x")
        if len(tries) == 1:
            wait_until_cut(session)

    session.write(unit)
    session.close()
    assert (read(database, "try 1"), read(database, "try 2")) == (None, "x")


def shorten(monkeypatch: pytest.MonkeyPatch, timeout: str, value: str) -> None:
    assert postgresql._SESSION.count(f"'{timeout}'") == 1
    shorter = postgresql._SESSION.replace(f"'{timeout}'", f"'{value}'")
    monkeypatch.setattr(postgresql, "_SESSION", shorter)


def wait_until_cut(session: Session) -> None:
    """Until the server has ended the session's process."""
    assert session._raw is not None
    pid, end = session._raw.info.backend_pid, time.monotonic() + 20
    with psycopg.connect(postgres.cluster().url("postgres"), autocommit=True) as raw:
        while raw.execute(f"SELECT FROM pg_stat_activity WHERE pid = {pid}").fetchone() is not None:
            assert time.monotonic() < end, "it was not cut"
            time.sleep(0.02)
