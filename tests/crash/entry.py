"""`python -m octavo` with a fault planted in it: the only code of tests that runs in a server.

`CRASH_AT=what:when:n` kills the process with SIGKILL at the n-th time that this moment comes:

* `what` is a unit of work (see UNITS; `drawn` is a settle that draws intents back); `when` is `before` its commit, `during` it (a thread kills
  while SQLite writes, 0.1 to 1 ms into the commit) or `after` it, before anybody hears of it;
* `what` is `granted` (a claim is on disk, nothing is in the outbox), `offer` (`before` or `after`
  the write to the outbox, or `during`: half of it is written), `answered` (outcomes have come,
  no settle has begun).

`CRASH_CLOCK=path`: the wall clock is off by as many seconds as that file says.
"""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from octavo import app
from octavo.db import sqlite
from octavo.drivers.sandbox import driver, journal
from octavo.kit.clock import SECOND, Instant, system_clock
from octavo.ledger import campaigns, claim, doubt, links, orders, receipts, settle
from octavo.worker import link
from octavo.worker.holds import Holds

UNITS: dict[str, tuple[ModuleType, str]] = {
    "accept": (orders, "accept"),
    "take": (links, "take"),
    "claim": (claim, "claim"),
    "settle": (settle, "settle"),
    "drawn": (settle, "settle"),
    "receipts": (receipts, "take"),
    "repeat": (doubt, "repeat"),
    "cancel_step": (campaigns, "cancel_step"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """True from the n-th time on."""

    def __init__(self, n: int) -> None:
        self.left = n

    def now(self) -> bool:
        self.left -= 1
        return self.left <= 0


def before(owner: object, name: str, then: Callable[..., None]) -> None:
    """Calls `then` with the arguments of each call of a function, before it."""
    real = getattr(owner, name)

    def replaced(*args: Any, **kwargs: Any) -> Any:
        then(*args, **kwargs)
        return real(*args, **kwargs)

    setattr(owner, name, replaced)


def plant(what: str, when: str, n: int) -> None:
    countdown = Countdown(n)
    if what in UNITS:
        plant_in_commit(*UNITS[what], what, when, countdown)
    elif what == "granted":
        before(Holds, "add", lambda _, grant: grant.slices and countdown.now() and die())
    elif what == "answered":
        before(link.LinkRunner, "_settle", lambda l, _: l._answers and countdown.now() and die())
    elif what == "offer" and when == "before":
        before(driver.SandboxDriver, "offer", lambda *_: countdown.now() and die())
    elif what == "offer" and when == "after":
        before(driver, "_send_back", lambda *_: countdown.now() and die())
    elif what == "offer" and when == "during":
        plant_in_write(countdown)
    else:
        sys.exit(f"there is no moment {what}:{when}")


def counts(what: str, arguments: Sequence[Any], result: Any) -> bool:
    """Whether a unit did something worth dying in."""
    if what == "settle":
        return bool(arguments[2])
    if what == "drawn":
        return any(told.dropped for told in arguments[3])
    if what == "claim":
        return bool(result.slices)
    if what == "receipts":
        return bool(arguments[2])
    return True


def plant_in_commit(
    module: ModuleType, name: str, what: str, when: str, countdown: Countdown
) -> None:
    real = getattr(module, name)
    armed = threading.local()

    def unit(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if counts(what, args, result) and countdown.now():
            armed.yes = True
        return result

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql != "COMMIT" or not getattr(armed, "yes", False):
                return super().execute(sql, *args)
            if when == "before":
                die()
            if when == "during":
                threading.Thread(target=die_soon, daemon=True).start()
            super().execute(sql)
            die()
            raise AssertionError

    setattr(module, name, unit)
    sqlite.sqlite3 = SimpleNamespace(  # type: ignore[attr-defined]
        connect=lambda *args, **kwargs: sqlite3.connect(*args, factory=Connection, **kwargs),
        sqlite_version=sqlite3.sqlite_version,
        sqlite_version_info=sqlite3.sqlite_version_info,
        OperationalError=sqlite3.OperationalError,
    )


def die_soon() -> None:
    time.sleep((100 + time.time_ns() // 1_000 % 900) / 1_000_000)
    die()


def plant_in_write(countdown: Countdown) -> None:
    def write(fd: int, data: bytes) -> int:
        if not countdown.now():
            return os.write(fd, data)
        os.write(fd, data[: len(data) // 2])
        die()
        raise AssertionError

    names = {name: getattr(os, name) for name in dir(os) if not name.startswith("__")}
    journal.os = SimpleNamespace(**names | {"write": write})  # type: ignore[attr-defined]


class OffClock:
    """The wall clock plus what a file says, read at most every 20 ms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0.0
        self._off = 0

    def __call__(self) -> Instant:
        if time.monotonic() - self._read_at > 0.02:
            self._read_at = time.monotonic()
            self._off = int(self._path.read_text() or self._off)
        return Instant(system_clock() + self._off * SECOND)


if fault := os.environ.get("CRASH_AT"):
    _what, _when, _n = fault.split(":")
    plant(_what, _when, int(_n))
if clock := os.environ.get("CRASH_CLOCK"):
    app.system_clock = OffClock(Path(clock))  # type: ignore[attr-defined]

if __name__ == "__main__":
    from octavo.cli.main import main

    main()
