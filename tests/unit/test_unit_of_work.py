"""Units of work on SQLite: grouped, committed once, answered after the commit."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from octavo.db import sqlite, unit_of_work
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.unit_of_work import Checkpointer, Rank, SqliteStore, Unit, run_once
from octavo.kit.errors import Refusal, StoreUnavailable
from tests.common.peers import need


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_database(tmp_path)


def make_database(directory: Path) -> Path:
    path = directory / "octavo.db"
    raw = sqlite.connect(path)
    raw.execute("CREATE TABLE note (text TEXT NOT NULL) STRICT")
    raw.close()
    return path


@asynccontextmanager
async def store_at(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    try:
        yield store
    finally:
        await store.close()


def raw_of(connection: Connection) -> sqlite3.Connection:
    assert isinstance(connection, SqliteConnection)
    return connection.raw


def note(text: str) -> Unit[str]:
    """A unit that writes a line."""

    def unit(connection: Connection) -> str:
        raw_of(connection).execute("INSERT INTO note VALUES (?)", (text,))
        return text

    return unit


def notes(path: Path) -> list[str]:
    """What is on disk, seen from outside."""
    raw = sqlite.connect(path, readonly=True)
    try:
        return [str(text) for (text,) in raw.execute("SELECT text FROM note ORDER BY rowid")]
    finally:
        raw.close()


class Gate:
    """A unit that keeps the writer busy until it is opened."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, connection: Connection) -> None:
        self._entered.set()
        assert self._open.wait(10)

    async def entered(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._entered.wait, 10)

    def open(self) -> None:
        self._open.set()


async def together(
    store: SqliteStore, *units: tuple[Rank, Unit[object]]
) -> list[object | BaseException]:
    """Queues units while the writer is busy with another, so that they make a group with it."""
    gate = Gate()
    first = asyncio.create_task(store.write(Rank.ACCEPT, gate))
    await gate.entered()
    waiting = [asyncio.create_task(store.write(rank, unit)) for rank, unit in units]
    await asyncio.sleep(0)
    gate.open()
    _, *results = await asyncio.gather(first, *waiting, return_exceptions=True)
    return results


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group takes all that waits, however slow the machine is."""
    monkeypatch.setattr(unit_of_work, "GROUP_SECONDS", 60.0)


@pytest.mark.asyncio
async def test_a_result_is_told_when_it_is_on_disk(path: Path) -> None:
    async with store_at(path) as store:
        assert await store.write(Rank.ACCEPT, note("one")) == "one"
        assert notes(path) == ["one"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("patience")
async def test_nobody_of_a_group_hears_before_its_commit(path: Path) -> None:
    async with store_at(path) as store:
        gate, last = Gate(), Gate()
        first = asyncio.create_task(store.write(Rank.ACCEPT, gate))
        await gate.entered()
        second = asyncio.create_task(store.write(Rank.ACCEPT, note("one")))
        third = asyncio.create_task(store.write(Rank.TASK, last))
        await asyncio.sleep(0)
        gate.open()
        await last.entered()
        await asyncio.sleep(0.01)

        assert not second.done()
        assert notes(path) == []
        last.open()
        await asyncio.gather(first, second, third)
        assert notes(path) == ["one"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("patience")
async def test_a_refused_unit_leaves_nothing_and_disturbs_nobody(path: Path) -> None:
    def refused(connection: Connection) -> None:
        note("half done")(connection)
        raise Refusal(104)

    async with store_at(path) as store:
        one, error, two = await together(
            store, (Rank.ACCEPT, note("1")), (Rank.ACCEPT, refused), (Rank.ACCEPT, note("2"))
        )

    assert (one, two) == ("1", "2")
    assert isinstance(error, Refusal)
    assert notes(path) == ["1", "2"]


@pytest.mark.asyncio
async def test_an_error_of_the_store_in_one_unit_is_told_as_such(path: Path) -> None:
    def broken(connection: Connection) -> None:
        raw_of(connection).execute("SELECT * FROM nowhere")

    async with store_at(path) as store:
        error, fine = await together(store, (Rank.ACCEPT, broken), (Rank.ACCEPT, note("1")))

    assert isinstance(error, StoreUnavailable)
    assert fine == "1"


@pytest.mark.asyncio
@pytest.mark.usefixtures("patience")
async def test_one_of_each_rank_goes_first_then_rank_decides(path: Path) -> None:
    queued = [Rank.TASK, Rank.TASK, Rank.CLAIM, Rank.SETTLE, Rank.SETTLE, Rank.ACCEPT, Rank.ACCEPT]
    async with store_at(path) as store:
        await together(store, *((rank, note(rank.name)) for rank in queued))

    assert notes(path) == ["SETTLE", "CLAIM", "TASK", "ACCEPT", "ACCEPT", "SETTLE", "TASK"]


@pytest.mark.asyncio
async def test_no_rank_starves(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_of_work, "GROUP_SECONDS", 0.0)
    many = [(Rank.ACCEPT, note("accept"))] * 30
    async with store_at(path) as store:
        await together(store, *many, (Rank.TASK, note("task")), (Rank.CLAIM, note("claim")))

    order = notes(path)
    assert len(order) == 32
    assert {"task", "claim"} <= set(order[:4])


@pytest.mark.asyncio
async def test_a_caller_that_goes_away_disturbs_nobody(path: Path) -> None:
    async with store_at(path) as store:
        gate = Gate()
        first = asyncio.create_task(store.write(Rank.ACCEPT, gate))
        await gate.entered()
        gone = asyncio.create_task(store.write(Rank.ACCEPT, note("gone")))
        stays = asyncio.create_task(store.write(Rank.ACCEPT, note("stays")))
        await asyncio.sleep(0)
        gone.cancel()
        gate.open()

        assert await stays == "stays"
        await first
    assert notes(path) == ["gone", "stays"]


@pytest.mark.asyncio
async def test_close_waits_for_what_is_queued(path: Path) -> None:
    store = SqliteStore(path)
    gate = Gate()
    first = asyncio.create_task(store.write(Rank.ACCEPT, gate))
    await gate.entered()
    rest = [asyncio.create_task(store.write(Rank.TASK, note(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(store.close())
    gate.open()
    await closing
    await asyncio.gather(first, *rest)

    assert notes(path) == [str(n) for n in range(20)]
    with pytest.raises(StoreUnavailable):
        await store.write(Rank.ACCEPT, note("too late"))


@pytest.mark.asyncio
async def test_a_read_sees_one_moment(path: Path) -> None:
    async with store_at(path) as store:
        await store.write(Rank.ACCEPT, note("before"))
        inside, go_on = threading.Event(), threading.Event()

        def count_twice(connection: Connection) -> tuple[int, int]:
            def count() -> int:
                return int(raw_of(connection).execute("SELECT count(*) FROM note").fetchone()[0])

            first = count()
            inside.set()
            assert go_on.wait(10)
            return first, count()

        reading = asyncio.create_task(store.read(count_twice))
        await asyncio.get_running_loop().run_in_executor(None, inside.wait, 10)
        await store.write(Rank.ACCEPT, note("meanwhile"))
        go_on.set()

        assert await reading == (1, 1)
        assert await store.read(lambda c: raw_of(c).execute("SELECT 1").fetchall()) == [(1,)]


@pytest.mark.asyncio
async def test_a_reader_cannot_write(path: Path) -> None:
    async with store_at(path) as store:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await store.read(note("no"))


@pytest.mark.asyncio
async def test_an_error_in_a_read_does_not_cost_its_connection(path: Path) -> None:
    def broken(connection: Connection) -> None:
        raise ValueError

    async with store_at(path) as store:
        for _ in range(5):
            with pytest.raises(ValueError, match=r"^$"):
                await store.read(broken)


# -- beside a server ------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_command_writes_beside_a_running_server(path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with store_at(path) as store:
        writing = [asyncio.create_task(store.write(Rank.ACCEPT, note("a"))) for _ in range(50)]
        beside = [loop.run_in_executor(None, run_once, path, note("b")) for _ in range(5)]
        await asyncio.gather(*writing, *beside)

    assert sorted(notes(path)) == ["a"] * 50 + ["b"] * 5


def test_a_command_that_fails_leaves_nothing(path: Path) -> None:
    def fails(connection: Connection) -> None:
        note("half done")(connection)
        raise Refusal(104)

    with pytest.raises(Refusal):
        run_once(path, fails)

    assert notes(path) == []


def test_a_command_tells_when_there_is_no_such_table(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        run_once(tmp_path / "empty.db", note("x"))


# -- the write-ahead log --------------------------------------------------------------------------


def wal_size(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


@pytest.fixture
def checkpointer(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkpointer]:
    monkeypatch.setattr(unit_of_work, "WAL_CEILING", 1 << 20)
    checkpointer = Checkpointer(path)
    yield checkpointer
    checkpointer._raw.close()


def fill(raw: sqlite3.Connection, mebibytes: int) -> None:
    for _ in range(mebibytes):
        raw.execute("INSERT INTO note VALUES (?)", ("x" * (1 << 20),))


def test_a_log_past_its_ceiling_starts_anew(path: Path, checkpointer: Checkpointer) -> None:
    raw = sqlite.connect(path)
    for _ in range(3):
        fill(raw, 2)
        assert wal_size(path) > 1 << 20
        checkpointer.checkpoint()
        assert wal_size(path) == 0
    raw.close()


def test_a_log_below_its_ceiling_is_used_again(path: Path, checkpointer: Checkpointer) -> None:
    raw = sqlite.connect(path)
    sizes = []
    for _ in range(5):
        raw.execute("INSERT INTO note VALUES (?)", ("x" * 100_000,))
        checkpointer.checkpoint()
        sizes.append(wal_size(path))
    raw.close()

    assert sizes[-1] <= 2 * sizes[0]


def test_a_long_read_does_not_stop_writing(path: Path, checkpointer: Checkpointer) -> None:
    reader, writer = sqlite.connect(path, readonly=True), sqlite.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM note").fetchall()
    fill(writer, 2)

    checkpointer.checkpoint()
    fill(writer, 1)
    reader.execute("ROLLBACK")
    checkpointer.checkpoint()

    assert wal_size(path) == 0
    assert len(notes(path)) == 3
    reader.close()
    writer.close()


# -- a full disk ----------------------------------------------------------------------------------


def fill_up(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@contextmanager
def small_disk(where: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    where.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "octavo-test", str(where)],
        stderr=subprocess.DEVNULL,
    )
    need("the right to mount a small disk", found=bool(mounted))
    try:
        yield where
    finally:
        subprocess.check_call(["umount", str(where)])


@pytest.mark.asyncio
@pytest.mark.usefixtures("patience")
async def test_a_full_disk_refuses_whole_groups_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = make_database(disk)
        ballast = disk / "ballast"
        async with store_at(path) as store:
            await store.write(Rank.ACCEPT, note("before"))
            fill_up(ballast)

            small, big = await together(
                store, (Rank.ACCEPT, note("small")), (Rank.ACCEPT, note("x" * 300_000))
            )
            assert isinstance(small, StoreUnavailable)
            assert isinstance(big, StoreUnavailable)
            assert await store.read(lambda c: raw_of(c).execute("SELECT 1").fetchone()) == (1,)

            ballast.unlink()
            assert await store.write(Rank.ACCEPT, note("after")) == "after"
        assert notes(path) == ["before", "after"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("patience")
async def test_a_database_that_may_not_grow_refuses_and_recovers(path: Path) -> None:
    def limit(pages: int) -> Unit[None]:
        def unit(connection: Connection) -> None:
            raw_of(connection).execute(f"PRAGMA max_page_count={pages}")

        return unit

    async with store_at(path) as store:
        await store.write(Rank.ACCEPT, limit(20))
        results = await together(
            store, *((Rank.ACCEPT, note(str(n) + "x" * 20_000)) for n in range(8))
        )
        kept = [r for r in results if isinstance(r, str)]
        assert any(isinstance(r, StoreUnavailable) for r in results)
        assert notes(path) == kept

        await store.write(Rank.ACCEPT, limit(1_000_000))
        await store.write(Rank.ACCEPT, note("after"))
    assert notes(path) == [*kept, "after"]
