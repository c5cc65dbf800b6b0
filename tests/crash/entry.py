"""`python -m octavo` with a fault planted in it: the only code of tests that runs in a server.

`CRASH_AT=what:when:n` kills the process with SIGKILL when a moment has come n times:

* `what` is a unit of work (see UNITS and `matters`); `when` is `before` its commit, `during` it
  (0.1 to 1 ms after it has begun, while the engine writes) or `after` it, before anybody hears of
  it;
* `granted`: a claim is on disk, nothing of it is in the outbox;
* `offer`: `before` or `after` the write to the outbox, or `during` it, when half is written;
* `answered`: outcomes have come, their settle has not begun.

`CRASH_CLOCK=path`: the wall clock is off by as many seconds as that file says.
"""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Protocol, TypeVar

from octavo.app import processes
from octavo.cli.main import main
from octavo.db import sqlite
from octavo.db.postgresql import Raw
from octavo.db.postgresql_session import Session
from octavo.drivers.sandbox import driver, journal
from octavo.kit.clock import SECOND, Instant, system_clock
from octavo.ledger import (
    campaigns,
    claim,
    confirm,
    doubt,
    drafts,
    expand,
    links,
    orders,
    receipts,
    settle,
)
from octavo.worker.holds import Holds
from octavo.worker.link import LinkRunner

T = TypeVar("T")


class Around(Protocol):
    """Commits, and dies around it when it is time."""

    def __call__(self, commit: Callable[[], T], /) -> T: ...


UNITS: dict[str, tuple[ModuleType, str]] = {
    "accept": (orders, "accept_all"),
    "take": (links, "take"),
    "claim": (claim, "claim"),
    "settle": (settle, "settle"),
    "drawn": (settle, "settle"),
    "receipts": (receipts, "take"),
    "repeat": (doubt, "repeat"),
    "cancel_step": (campaigns, "cancel_step"),
    "create": (drafts, "create"),
    "expand": (expand, "expand"),
    "confirm": (confirm, "confirm"),
    "start": (confirm, "start_step"),
    "discard": (drafts, "discard_step"),
}


def matters(what: str, arguments: tuple[object, ...], result: object) -> bool:
    """Whether a unit did something worth dying in: `drawn` is a settle that draws intents back."""
    match what:
        case "settle" | "receipts":
            return bool(arguments[2])
        case "drawn":
            progress = arguments[3]
            assert isinstance(progress, list)
            return any(told.dropped for told in progress)
        case "claim":
            assert isinstance(result, claim.Grant)
            return bool(result.slices)
        case _:
            return True


class Countdown:
    """Dies when it has been asked often enough."""

    def __init__(self, n: int) -> None:
        self._left = n

    def is_over(self) -> bool:
        self._left -= 1
        return self._left == 0

    def step(self) -> None:
        if self.is_over():
            die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_soon() -> None:
    time.sleep((100 + time.time_ns() // 1_000 % 900) / 1_000_000)
    die()


def plant(what: str, when: str, countdown: Countdown) -> None:
    """Puts the fault where it belongs."""
    if what in UNITS:
        plant_in_commit(what, when, countdown)
        return
    match what, when:
        case "granted", _:
            before(Holds, "add", countdown.step)
        case "answered", _:
            before(LinkRunner, "_settle", countdown.step, given=has_answers)
        case "offer", "before":
            before(driver.SandboxDriver, "offer", countdown.step)
        case "offer", "during":
            plant_in_write(countdown)
        case "offer", "after":
            before(driver, "_send_back", countdown.step)
        case _:
            sys.exit(f"there is no moment {what}:{when}")


def has_answers(runner: object) -> bool:
    return isinstance(runner, LinkRunner) and bool(runner._answers)


def before(
    owner: object,
    name: str,
    step: Callable[[], None],
    given: Callable[[object], bool] = lambda _: True,
) -> None:
    """Steps before each call of a function whose first argument is as `given`."""
    real = getattr(owner, name)

    def replaced(*args: object, **kwargs: object) -> object:
        if given(args[0]):
            step()
        return real(*args, **kwargs)

    setattr(owner, name, replaced)


def plant_in_commit(what: str, when: str, countdown: Countdown) -> None:
    """Dies around the commit that holds the n-th unit of a kind."""
    module, name = UNITS[what]
    real = getattr(module, name)
    doomed = threading.local()

    def unit(*args: object, **kwargs: object) -> object:
        result = real(*args, **kwargs)
        if matters(what, args, result) and countdown.is_over():
            doomed.here = True
        return result

    def around(commit: Callable[[], T]) -> T:
        if not getattr(doomed, "here", False):
            return commit()
        if when == "before":
            die()
        if when == "during":
            threading.Thread(target=die_soon, daemon=True).start()
        done = commit()
        die()
        return done

    setattr(module, name, unit)
    plant_in_sqlite(around)
    plant_in_postgresql(around)


def plant_in_sqlite(around: Around) -> None:
    """Each COMMIT on SQLite goes through `around`."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, *args)  # type: ignore[arg-type]
            return around(lambda: super(Connection, self).execute(sql))

    def connect(path: Path, **options: object) -> sqlite3.Connection:
        return sqlite3.connect(path, factory=Connection, **options)  # type: ignore[call-overload, no-any-return]

    shadow(sqlite, "sqlite3", sqlite3, connect=connect)


def plant_in_postgresql(around: Around) -> None:
    """So does each commit of something on PostgreSQL."""
    real = Session._mark_and_commit

    def mark_and_commit(self: Session, raw: Raw) -> None:
        around(lambda: real(self, raw))

    setattr(Session, "_mark_and_commit", mark_and_commit)  # noqa: B010 - it is no attribute to assign


def plant_in_write(countdown: Countdown) -> None:
    """Dies with half of what was to go to the outbox in it."""

    def write(fd: int, data: bytes) -> int:
        if not countdown.is_over():
            return os.write(fd, data)
        os.write(fd, data[: len(data) // 2])
        die()
        return 0

    shadow(journal, "os", os, write=write)


def shadow(module: ModuleType, name: str, real: ModuleType, **changed: object) -> None:
    """A module sees another one with some of its functions changed; the others do not."""
    setattr(module, name, SimpleNamespace(**(vars(real) | changed)))


class OffClock:
    """The wall clock plus what a file says, looked at every 20 ms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked_at = 0.0
        self._off = 0

    def __call__(self) -> Instant:
        if time.monotonic() - self._looked_at > 0.02:
            self._looked_at = time.monotonic()
            self._off = int(self._path.read_text() or self._off)
        return Instant(system_clock() + self._off * SECOND)


if __name__ == "__main__":
    if moment := os.environ.get("CRASH_AT"):
        at, around, times = moment.split(":")
        plant(at, around, Countdown(int(times)))
    if clock := os.environ.get("CRASH_CLOCK"):
        setattr(processes, "system_clock", OffClock(Path(clock)))  # noqa: B010 - it is no attribute to assign
    main()
