"""Where a bench works: a data directory and a database, on either engine, made anew for each case.

PostgreSQL is a server of the bench's own, found on this machine, with its usual care for the disk.
"""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from pydantic import SecretStr

from octavo.cli.setup import first_start
from octavo.db import sqlite
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.database import Database, database_at
from octavo.db.unit_of_work import Checkpointer, Unit
from octavo.kit.clock import system_clock
from octavo.kit.money import money
from octavo.ledger import wallet
from octavo.settings import Settings

if TYPE_CHECKING:
    from tests.common.postgres import Cluster

BENCH = Path(__file__).resolve().parent
LOGIN = "bench@example.org"
KEY = "a-key-that-only-benches-use"
ACCOUNT = 1
REQUIRE_PEERS = "OCTAVO_REQUIRE_PEERS"
"""Set where a bench whose peer is missing has failed."""

DURABLE = {"listen_addresses": "", "max_connections": "100", "max_wal_size": "4GB"}
"""The server's settings: otherwise as PostgreSQL comes."""

T = TypeVar("T")
_numbers = itertools.count(1)


class Run(Protocol):
    """Runs a unit and commits it, on disk."""

    def __call__(self, unit: Unit[T]) -> T:
        """What the unit returns."""


class Site(NamedTuple):
    """A data directory and its database."""

    home: Path
    url: str
    copied: "Callable[[], str] | None" = None
    """Makes a copy of the database where the directory's copy does not hold it."""

    @property
    def database(self) -> Database:
        """The database as a place."""
        return database_at(self.url)

    @property
    def engine(self) -> str:
        """Its name in the figures."""
        return self.url.partition(":")[0]


@contextmanager
def prepared(engine: str, folder: Path | None) -> Iterator[Site]:
    """The account of the bench and credit for everything, to be copied."""
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", dir=folder) as name:
        home = Path(name, "prepared")
        home.mkdir()
        if engine == "sqlite":
            yield _filled(Site(home, _sqlite(home)))
            return
        with _cluster(folder) as cluster:
            cluster.execute("CREATE DATABASE prepared")
            yield _filled(Site(home, cluster.url("prepared"), lambda: _copy(cluster)))


@contextmanager
def fresh(site: Site) -> Iterator[Site]:
    """A copy of a prepared site, beside it."""
    with tempfile.TemporaryDirectory(dir=site.home.parent) as name:
        home = Path(name)
        shutil.copytree(site.home, home, dirs_exist_ok=True)
        yield site._replace(home=home, url=site.copied() if site.copied else _sqlite(home))


@contextmanager
def writing(site: Site) -> Iterator[Run]:
    """One connection that runs units in turn, each a durable commit: no threads, no store."""
    if site.engine == "sqlite":
        path = site.home / "octavo.db"
        checkpointer = Checkpointer(path)
        checkpointer.start()
        try:
            with closing(sqlite.connect(path)) as raw:

                def run(unit: Unit[T]) -> T:
                    raw.execute("BEGIN IMMEDIATE")
                    result = unit(SqliteConnection(raw))
                    raw.execute("COMMIT")
                    return result

                yield run
        finally:
            checkpointer.close()
        return
    from octavo.db.postgresql_session import Session  # noqa: PLC0415 - only this engine needs it

    with closing(Session(site.url, Random(1))) as session:
        yield session.write


def _sqlite(home: Path) -> str:
    return f"sqlite:///{home / 'octavo.db'}"


def _filled(site: Site) -> Site:
    first_start(
        Settings(
            data_dir=site.home,
            first_login=LOGIN,
            first_key=SecretStr(KEY),
            database_url=site.url,
        )
    )
    site.database.write(_top_up)
    return site


def _top_up(connection: Connection) -> None:
    wallet.top_up(
        connection, account=ACCOUNT, ref="bench", amount=money("10000000"), now=system_clock()
    )


@contextmanager
def _cluster(folder: Path | None) -> "Iterator[Cluster]":
    sys.path.append(str(BENCH.parent))
    from tests.common.postgres import own_cluster, programs  # noqa: PLC0415 - beside the sources

    if programs() is None:
        print("no PostgreSQL on this machine")
        sys.exit(1 if os.environ.get(REQUIRE_PEERS) else 0)
    cluster = own_cluster(DURABLE, folder)
    try:
        yield cluster
    finally:
        cluster.remove()


def _copy(cluster: "Cluster") -> str:
    name = f"bench_{next(_numbers)}"
    cluster.execute(f"CREATE DATABASE {name} TEMPLATE prepared")
    return cluster.url(name)
