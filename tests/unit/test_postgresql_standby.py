"""What is promised with a standby: what was committed is on both, and the old primary is left."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from octavo.db import postgresql, vitals
from octavo.db import postgresql_session as storing
from octavo.db.connection import Connection
from octavo.db.migrate import migrate
from octavo.db.postgresql_database import PostgresDatabase
from octavo.db.postgresql_lineage import Lineage
from octavo.db.postgresql_session import Session
from octavo.db.postgresql_store import PostgresStore
from octavo.kit.clock import system_clock
from octavo.kit.errors import StoreInDoubt, StoreUnavailable
from tests.common import postgres
from tests.unit.test_postgresql import GET, PUT, put, read

pytestmark = pytest.mark.slow

SITE = "site"
WAITS = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def primary() -> Iterator[postgres.Cluster]:
    made = postgres.own_cluster()
    try:
        made.execute(f"CREATE DATABASE {SITE}")
        migrate(PostgresDatabase(made.url(SITE)))
        yield made
    finally:
        made.remove()


@pytest.fixture
def standby(primary: postgres.Cluster) -> Iterator[postgres.Cluster]:
    made = primary.standby()
    try:
        yield made
    finally:
        made.remove()


class Writing(threading.Thread):
    """A unit on its way; `ended` tells when it is through."""

    def __init__(self, session: Session, unit: Callable[[Connection], object]) -> None:
        super().__init__(daemon=True)
        self._session = session
        self._unit = unit
        self.start()

    def run(self) -> None:
        self._session.write(self._unit)

    def ended(self, seconds: float = 20) -> bool:
        self.join(seconds)
        return not self.is_alive()


def waiting(cluster: postgres.Cluster, other_than: int = 0) -> int:
    """The server process that waits for a standby."""
    end = time.monotonic() + 20
    with psycopg.connect(cluster.url(SITE), autocommit=True) as raw:
        while True:
            for (pid,) in raw.execute(WAITS).fetchall():
                if pid != other_than:
                    return int(pid)
            assert time.monotonic() < end, "nobody waits for a standby"
            time.sleep(0.01)


def wait_for_nobody(cluster: postgres.Cluster) -> None:
    """From now on commits wait for a standby that does not exist."""
    cluster.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    cluster.execute("SELECT pg_reload_conf()")
    end = time.monotonic() + 20
    with psycopg.connect(cluster.url(SITE), autocommit=True) as raw:
        while raw.execute("SHOW synchronous_standby_names").fetchone() != ("nobody",):
            assert time.monotonic() < end
            time.sleep(0.01)


# -- waiting for a standby ---------------------------------------------------------------------


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_that_did_not_wait_for_its_standby_is_not_taken_for_done(
    primary: postgres.Cluster, how: str
) -> None:
    session = Session(primary.url(SITE), Random(1))
    session.write(put("before"))
    wait_for_nobody(primary)
    writing = Writing(session, put("once"))
    first = waiting(primary)
    primary.execute(f"SELECT {how}({first})")
    waiting(primary, other_than=first)
    assert not writing.ended(0.2)
    primary.wait_for_standbys("")
    assert writing.ended()
    session.close()
    assert read(PostgresDatabase(primary.url(SITE)), "once") == "x"


def test_what_a_new_connection_shows_is_on_the_standby_before_it_is_built_upon(
    primary: postgres.Cluster,
) -> None:
    """A unit that only looks promises too: that an order was taken (code 120)."""
    wait_for_nobody(primary)
    session = Session(primary.url(SITE), Random(1))
    looking = Writing(session, lambda c: c.one(GET, name="min_version"))
    waiting(primary)
    assert not looking.ended(0.2)
    primary.wait_for_standbys("")
    assert looking.ended()
    session.close()


def test_what_cannot_be_learned_is_told_apart_from_what_did_not_happen(
    primary: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "SETTLE_SECONDS", 0.5)
    session = Session(primary.url(SITE), Random(1))
    session.write(put("before"))
    wait_for_nobody(primary)
    failed: list[StoreUnavailable] = []

    def write() -> None:
        try:
            session.write(put("in doubt"))
        except StoreUnavailable as error:
            failed.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    waiting(primary)
    primary.kill9()
    thread.join(20)
    assert [type(error) for error in failed] == [StoreInDoubt]
    with pytest.raises(StoreUnavailable) as caught:
        session.write(put("not begun"))
    assert not isinstance(caught.value, StoreInDoubt)
    session.close()


def test_readiness_tells_of_a_missing_and_of_a_silent_standby(primary: postgres.Cluster) -> None:
    async def look() -> tuple[str | None, str | None]:
        store = PostgresStore(primary.url(SITE), Random(1))
        asked = vitals.Vitals(store, system_clock)
        told = await asked.problem(), await asked.warning()
        if told[0] is not None:
            await asyncio.to_thread(primary.wait_for_standbys, "")
        await store.close()
        return told

    assert asyncio.run(look()) == (None, vitals.NO_STANDBY)
    standby = primary.standby()
    try:
        primary.wait_for_standbys()
        assert asyncio.run(look()) == (None, None)
    finally:
        standby.remove()
    problem, warning = asyncio.run(look())
    assert problem == "nothing was committed within 2 seconds"
    assert warning is None


# -- failover ----------------------------------------------------------------------------------


def test_a_commit_that_only_the_standby_tells_of_is_not_done_again(
    primary: postgres.Cluster, standby: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The primary dies after its standby has the commit and before we hear of it."""
    primary.wait_for_standbys()
    session = Session(primary.url(SITE, standby), Random(1))
    tries: list[int] = []
    real = Session._mark_and_commit

    def lose(self: Session, raw: postgresql.Raw) -> None:
        real(self, raw)
        if len(tries) == 1:
            primary.kill9()
            standby.promote()
            raise storing._InTheAir("the primary is lost")

    def unit(c: Connection) -> int:
        tries.append(1)
        return c.run(PUT, name="once", value=str(len(tries)))

    monkeypatch.setattr(Session, "_mark_and_commit", lose)
    assert session.write(unit) == 1
    assert len(tries) == 1
    session.close()
    assert read(PostgresDatabase(standby.url(SITE)), "once") == "1"


def test_a_primary_that_was_replaced_is_left_and_not_taken_again(
    primary: postgres.Cluster, standby: postgres.Cluster, tmp_path: Path
) -> None:
    both, kept = primary.url(SITE, standby), tmp_path / "lineage"
    lineage = Lineage(kept)
    alive = Session(both, Random(1), lineage)
    alive.write(put("before"))
    primary.wait_for_standbys()
    primary.wait_for_standbys("")
    standby.promote()
    other = Session(standby.url(SITE), Random(1), lineage)
    other.write(put("new one"))
    other.close()

    # The old primary still takes writes, and comes first in the URL.
    alive.write(put("who was connected"))
    alive.close()
    PostgresDatabase(both, kept).write(put("who came later"))
    with pytest.raises(StoreUnavailable, match="timeline 2 has been seen"):
        PostgresDatabase(primary.url(SITE), kept).write(put("who knows only the old one"))
    PostgresDatabase(both).write(put("who knows nothing"))

    found = PostgresDatabase(standby.url(SITE))
    names = ("before", "new one", "who was connected", "who came later", "who knows nothing")
    assert [read(found, name) for name in names] == ["x", "x", "x", "x", None]


def test_who_migrates_passes_a_standby_over(
    primary: postgres.Cluster, standby: postgres.Cluster
) -> None:
    primary.execute("CREATE DATABASE other")
    end = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(standby.url("other")).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end, "the standby does not follow"
            time.sleep(0.02)
        else:
            break
    assert migrate(PostgresDatabase(standby.url("other", primary)))
