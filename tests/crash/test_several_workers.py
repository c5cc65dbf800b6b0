"""Several processes on one PostgreSQL database: one dies, the others go on."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from octavo.cli.setup import first_start
from octavo.kit.clock import system_clock
from octavo.kit.money import Money, money
from octavo.ledger import wallet
from octavo.settings import Settings
from tests.common import postgres
from tests.common.process import KEY, LOGIN, PATIENCE, ServerProcess
from tests.crash.conftest import DIALS
from tests.crash.judge import CREDIT, judge, opened, wait_settled
from tests.crash.load import sending

pytestmark = pytest.mark.slow

LINKS = 4
IN_FLIGHT = """
SELECT l.worker, count(*) FROM slice s JOIN link l ON l.id = s.link_id
  JOIN message m ON m.campaign_id = s.campaign_id AND m.pass = s.pass AND m.state = 0
    AND m.seq > s.cur AND m.seq <= s.intent_hi
  WHERE s.state = 2 GROUP BY l.worker
"""


class Site:
    """An API and two workers."""

    def __init__(self, folder: Path, url: str) -> None:
        env = DIALS | {"OCTAVO_DATABASE_URL": url}
        data_dir = folder / "data"
        self.url = url
        self.api = ServerProcess(data_dir, env, command="api", log=folder / "api.log")
        self.workers = [
            ServerProcess(data_dir, env, command="worker", log=folder / f"worker{n}.log")
            for n in range(2)
        ]

    def holders(self) -> dict[int, int]:
        """Which worker (by its place in `workers`) holds which link, by the ledger."""
        with closing(opened(self.api.data_dir, self.url)) as raw:
            rows = raw.execute("SELECT no, worker FROM link WHERE lease_until > 0").fetchall()
        pids = {str(w.pid): n for n, w in enumerate(self.workers)}
        return {no: pids[worker.split(":")[1]] for no, worker in rows}

    def wait_held_by(self, worker: ServerProcess, *places: int) -> None:
        """Waits until all links are held, by just these workers."""
        worker.wait(
            lambda: len(self.holders()) == LINKS and set(self.holders().values()) == set(places),
            "links are not held as they should be",
        )

    def kill_in_flight(self, worker: ServerProcess) -> None:
        """Kills a worker that has messages under an intent; frozen first, so that it stays so."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            os.kill(worker.pid, signal.SIGSTOP)
            if self.in_flight(worker):
                worker.kill9()
                return
            os.kill(worker.pid, signal.SIGCONT)
            time.sleep(0.1)
        raise AssertionError(worker.told("it never had anything in flight"))

    def in_flight(self, worker: ServerProcess) -> int:
        """Messages of a worker under an intent and unsettled, by the ledger."""
        with closing(opened(self.api.data_dir, self.url)) as raw:
            held = raw.execute(IN_FLIGHT).fetchall()
        return sum(n for holder, n in held if int(holder.split(":")[1]) == worker.pid)

    def stop(self) -> None:
        """Asks everybody to end; they must do so well."""
        for process in (self.api, *self.workers):
            if process.running():
                assert process.sigterm() == 0, process.told("no clean end")

    def close(self) -> None:
        for process in (self.api, *self.workers):
            process.close()


@contextmanager
def opened_site(folder: Path, url: str) -> Iterator[Site]:
    """Processes on a database that is made ready here; ended afterwards."""
    settings = Settings(
        data_dir=folder / "data",
        database_url=url,
        first_login=LOGIN,
        first_key=SecretStr(KEY),
    )
    first_start(settings)
    more = Money(CREDIT - money("1000"))
    settings.database.write(
        lambda c: wallet.top_up(c, account=1, ref="crash", amount=more, now=system_clock())
    )
    with closing(opened(folder, url)) as raw:
        raw.execute(f"UPDATE route SET links = {LINKS}")  # noqa: S608 - a number of ours
    site = Site(folder, url)
    try:
        yield site
    finally:
        site.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with postgres.cluster().database() as url, opened_site(tmp_path, url) as made:
        yield made


def test_a_killed_worker_is_replaced_and_nothing_goes_twice(site: Site) -> None:
    for worker in site.workers:
        worker.launch()
    site.api.start()
    with sending(site.api.port, 1, 4) as notes:
        site.wait_held_by(site.workers[0], 0, 1)
        site.kill_in_flight(site.workers[0])
        site.wait_held_by(site.workers[1], 1)
        time.sleep(1)
    wait_settled(site.api)
    site.stop()
    books = judge(site.api, notes, LINKS)
    assert notes.taken
    assert books.doubts, "the kill hit nothing"


def test_a_worker_that_was_frozen_past_its_lease_sends_nothing_more(site: Site) -> None:
    for worker in site.workers:
        worker.launch()
    site.api.start()
    with sending(site.api.port, 2, 4) as notes:
        site.wait_held_by(site.workers[0], 0, 1)
        time.sleep(2)
        os.kill(site.workers[0].pid, signal.SIGSTOP)
        site.wait_held_by(site.workers[1], 1)
        os.kill(site.workers[0].pid, signal.SIGCONT)
        site.wait_held_by(site.workers[0], 0, 1)
        time.sleep(1)
    wait_settled(site.api)
    site.stop()
    books = judge(site.api, notes, LINKS)
    assert notes.taken
    assert books.doubts, "the freeze hit nothing"


def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    cluster = postgres.own_cluster()
    try:
        cluster.execute("CREATE DATABASE site")
        with opened_site(tmp_path, cluster.url("site")) as site:
            for worker in site.workers:
                worker.launch()
            site.api.start()
            with sending(site.api.port, 3, 4) as notes:
                for _ in range(3):
                    site.wait_held_by(site.workers[0], 0, 1)
                    time.sleep(1)
                    taken = len(notes.taken)
                    cluster.stop()
                    time.sleep(2)
                    cluster.start()
                    site.api.wait(lambda n=taken: len(notes.taken) > n, "no orders are taken")  # type: ignore[misc]
            wait_settled(site.api)
            site.stop()
            judge(site.api, notes, LINKS)
            assert notes.unavailable
    finally:
        cluster.remove()
