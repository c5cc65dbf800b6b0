"""All processes on one database, of either engine, and what the ledger says of them."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from octavo.accounts.first import CREDIT as FIRST_CREDIT
from octavo.cli.setup import first_start
from octavo.db.connection import Connection
from octavo.kit.clock import system_clock
from octavo.kit.money import Money
from octavo.ledger import wallet
from octavo.settings import Settings
from octavo.worker.link import CHUNK
from tests.common import postgres
from tests.common.process import KEY, LOGIN, PATIENCE, ServerProcess
from tests.crash.judge import CREDIT, Books, doubts_so_far, judge, opened, wait_settled
from tests.crash.load import Notes

T = TypeVar("T")

ENGINES = ("sqlite", "postgresql")
LINKS = 4
"""Of the route, where several workers share them."""

DIALS = {
    "OCTAVO_IN_DOUBT_AFTER_ALERT": "1",
    "OCTAVO_IN_DOUBT_AFTER_MARKETING": "1",
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0.02",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0.05",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0.4",
}

_IN_FLIGHT = """
SELECT l.worker, l.id, sum(m.parts) FROM slice s JOIN link l ON l.id = s.link_id
  JOIN message m ON m.campaign_id = s.campaign_id AND m.pass = s.pass AND m.state = 0
    AND m.seq > s.cur AND m.seq <= s.intent_hi
  WHERE s.state = 2 GROUP BY l.worker, l.id
"""


class Site:
    """An API and workers; without workers, one process that is both."""

    def __init__(self, data_dir: Path, url: str = "", workers: int = 0) -> None:
        self.data_dir = data_dir
        self.url = url
        self.api = self._process("api" if workers else "up", "server")
        self.workers = [self._process("worker", f"worker{n}") for n in range(workers)]
        self.processes = [self.api, *self.workers]

    def _process(self, command: str, name: str) -> ServerProcess:
        env = DIALS | ({"OCTAVO_DATABASE_URL": self.url} if self.url else {})
        log = self.data_dir.with_name(f"{name}.log")
        return ServerProcess(
            self.data_dir, env, module="tests.crash.entry", command=command, log=log
        )

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts whoever does not run, and waits until orders are taken and every link is held."""
        for process in self.processes:
            if not process.running():
                process.launch()
        self.api.wait_ready()
        self.wait_taken_over()

    def kill9(self, process: ServerProcess) -> None:
        """Kills a process; no link of it may have more than D in doubt."""
        process.kill9()
        self.check_doubt_is_bounded()
        self.bury(process)

    def bury(self, dead: ServerProcess) -> None:
        """Ends the leases of a process that is dead for certain, which time would do too."""
        if not self.url:
            return  # the next start does
        with closing(opened(self.data_dir, self.url)) as raw:
            its = f"LIKE '%:{dead.pid}:%'"
            raw.execute(f"UPDATE link SET lease_until = 0 WHERE worker {its}")  # noqa: S608 - a pid
            raw.execute(f"DELETE FROM worker WHERE name {its}")  # noqa: S608 - a pid

    def stop(self) -> None:
        """Asks everybody to end, all at once; they must do so well."""
        running = [process for process in self.processes if process.running()]
        for process in running:
            process.ask_to_stop()
        for process in running:
            assert process.wait_exit() == 0, process.told("no clean end")

    def ends(self, notes: Notes, kills: int, *, reports: bool = True) -> Books:
        """Settles, stops and judges. `kills`: how often a link lost its holder."""
        wait_settled(self.api, reports=reports)
        self.stop()
        return judge(self.api, notes, kills, reports=reports)

    def close(self) -> None:
        for process in self.processes:
            process.close()

    def write(self, unit: Callable[[Connection], T]) -> T:
        """A short write beside the processes, as commands do."""
        return Settings(data_dir=self.data_dir, database_url=self.url).database.write(unit)

    def read_at(self, url: str) -> None:
        """Where tests read from now on: the URL of the processes may name a server too many."""
        self.url = url
        for process in self.processes:
            process.judged_at = url

    # -- links ---------------------------------------------------------------------------------

    def holders(self) -> dict[int, int]:
        """The process that holds each link, by the ledger."""
        with closing(opened(self.data_dir, self.url)) as raw:
            rows = raw.execute("SELECT no, worker FROM link WHERE lease_until > 0").fetchall()
        return {no: int(worker.split(":")[1]) for no, worker in rows}

    def wait_held_by(self, *workers: ServerProcess) -> None:
        """Waits until all links are held, by just these processes."""
        pids = {worker.pid for worker in workers}
        links = self._links()
        workers[0].wait(
            lambda: len(held := self.holders()) == links and set(held.values()) == pids,
            f"links are not held by {pids}",
        )

    def wait_taken_over(self) -> None:
        """Waits until processes that live hold all links, so that they have looked at the past,
        and all workers have begun.
        """
        links = self._links()

        def taken() -> bool:
            held = self.holders()
            living = {process.pid for process in self.processes if process.running()}
            return len(held) == links and set(held.values()) <= living and self._all_have_appeared()

        self.api.wait(taken, "no link was taken")

    def _all_have_appeared(self) -> bool:
        if not self.workers:
            return True
        with closing(opened(self.data_dir, self.url)) as raw:
            names = raw.execute("SELECT name FROM worker").fetchall()
        seen = {int(name.split(":")[1]) for (name,) in names}
        return {worker.pid for worker in self.workers if worker.running()} <= seen

    def _links(self) -> int:
        with closing(opened(self.data_dir, self.url)) as raw:
            return int(raw.execute("SELECT sum(links) FROM route").fetchone()[0])

    # -- doubt ---------------------------------------------------------------------------------

    def freeze_in_flight(self, worker: ServerProcess) -> None:
        """Freezes a worker at a moment at which it has messages under an intent."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            os.kill(worker.pid, signal.SIGSTOP)
            time.sleep(0.2)  # a settle may be on its way already, and the server carries it out
            if any(pid == worker.pid for pid, _ in self.in_flight()):
                return
            os.kill(worker.pid, signal.SIGCONT)
            time.sleep(0.1)
        raise AssertionError(worker.told("it never had anything in flight"))

    def in_flight(self) -> list[tuple[int, int]]:
        """For each link its holder and the parts under an intent and unsettled, by the ledger."""
        with closing(opened(self.data_dir, self.url)) as raw:
            held = raw.execute(_IN_FLIGHT).fetchall()
        return [(int(worker.split(":")[1]), int(parts)) for worker, _, parts in held]

    def check_doubt_is_bounded(self) -> None:
        """P3: no link has more than D parts under an intent and unsettled."""
        with closing(opened(self.data_dir, self.url)) as raw:
            window = int(raw.execute('SELECT max("window") FROM route').fetchone()[0])
        assert max((parts for _, parts in self.in_flight()), default=0) <= window + 2 * CHUNK

    def doubts(self) -> int:
        """How often a message has come into doubt so far."""
        return doubts_so_far(self.api)


def prepare(data_dir: Path, url: str = "", links: int = 1) -> None:
    """A first start, with enough money for any test and so many links."""
    settings = Settings(
        data_dir=data_dir, database_url=url, first_login=LOGIN, first_key=SecretStr(KEY)
    )
    first_start(settings)
    more = Money(CREDIT - FIRST_CREDIT)
    settings.database.write(
        lambda c: wallet.top_up(c, account=1, ref="crash", amount=more, now=system_clock())
    )
    if links > 1:
        with closing(opened(data_dir, url)) as raw:
            raw.execute(f"UPDATE route SET links = {links}")  # noqa: S608 - a number of ours


@contextmanager
def on_postgresql(folder: Path, url: str, workers: int) -> Iterator[Site]:
    """Processes on an empty or migrated database, ended afterwards."""
    data_dir = folder / "data"
    prepare(data_dir, url, links=LINKS if workers else 1)
    site = Site(data_dir, url, workers)
    try:
        yield site
    finally:
        site.close()


@contextmanager
def made_on(engine: str, folder: Path, prepared: Path, workers: int) -> Iterator[Site]:
    """A site on an engine; `workers` where it can be shared. `prepared`: a directory to copy."""
    if engine == "postgresql":
        with postgres.cluster().database() as url, on_postgresql(folder, url, workers) as site:
            yield site
        return
    shutil.copytree(prepared, folder / "data")
    site = Site(folder / "data")
    try:
        yield site
    finally:
        site.close()
