"""Fresh databases for tests: migrated once, then copied."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from octavo.accounts import service
from octavo.accounts.keys import Peppers
from octavo.accounts.schemas import NewAccount
from octavo.db import sqlite
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.database import SqliteDatabase
from octavo.db.migrate import migrate
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import SECOND, Instant
from octavo.kit.money import money
from octavo.ledger import wallet
from octavo.prices import defaults
from octavo.routes import service as routes

T = TypeVar("T")

NOW = Instant(1_800_000_000 * SECOND)
"""15 January 2027, 08:00 UTC: the moment at which tests begin."""

PEPPERS = Peppers("a-pepper-that-only-tests-use")


def migrated(directory: Path) -> Path:
    """A database with the schema and nothing else, in `directory`."""
    path = directory / "octavo.db"
    directory.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_empty())
    return path


def seeded(directory: Path) -> Path:
    """A database with the default prices and routes, and no account."""
    path = migrated(directory)
    with connection(path) as c:
        defaults.seed(c)
        routes.seed(c)
    return path


@contextmanager
def connection(path: Path) -> Iterator[SqliteConnection]:
    """A connection in one transaction, committed at the end, undone after an error."""
    raw = sqlite.connect(path)
    try:
        raw.execute("BEGIN IMMEDIATE")
        yield SqliteConnection(raw)
        raw.execute("COMMIT")
    finally:
        raw.close()


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: Instant = NOW) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def go(self, microseconds: int) -> None:
        self.now = Instant(self.now + microseconds)


class DirectStore:
    """A store without threads: each unit is a transaction of its own, run at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.reads = 0

    async def write(self, rank: Rank, unit: Callable[[Connection], T]) -> T:
        return self._run(unit)

    async def read(self, unit: Callable[[Connection], T]) -> T:
        self.reads += 1
        return self._run(unit)

    async def close(self) -> None:
        """Nothing is open."""

    def _run(self, unit: Callable[[Connection], T]) -> T:
        with connection(self._path) as c:
            return unit(c)


def make_account(
    c: SqliteConnection,
    *,
    login: str = "someone@example.org",
    key: str | None = None,
    credit: str = "100",
    now: Instant = NOW,
) -> NewAccount:
    """An account with a key and credit."""
    made = service.create_account(c, PEPPERS, name=login, login=login, key=key, now=now)
    if money(credit):
        ref = f"test-{made.account.id}"
        wallet.top_up(c, account=made.account.id, ref=ref, amount=money(credit), now=now)
    return made


def rows(path: Path, sql: str, *values: int | str) -> list[tuple[int | float | str | None, ...]]:
    """What a statement of the test's own gives."""
    with connection(path) as c:
        return c.raw.execute(sql, values).fetchall()


@cache
def _empty() -> bytes:
    directory = Path(tempfile.mkdtemp())
    try:
        path = directory / "octavo.db"
        migrate(SqliteDatabase(path))
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.close()
        return path.read_bytes()
    finally:
        shutil.rmtree(directory)
