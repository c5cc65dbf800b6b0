"""What the benches share: arguments, data directories, processes, figures, and the proof at the
end. A bench whose messages or money do not add up has failed, however quick it was.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from _site import ACCOUNT, BENCH, REQUIRE_PEERS, Site

from octavo.db.connection import Connection
from octavo.db.schema import dispatch
from octavo.db.statement import Query
from octavo.db.statements import verifying
from octavo.ledger import verify

SOURCES = BENCH.parent / "src"
PATIENCE = 60.0
"""Seconds after which something that should have happened long ago counts as stuck."""
TICKS = os.sysconf("SC_CLK_TCK")


class Options(NamedTuple):
    """How a bench was called."""

    quick: bool
    json: bool
    database: str
    folder: Path | None


class Usage(NamedTuple):
    """What a process has used: seconds of CPU (user and system), most MiB of memory."""

    cpu: float
    peak_mib: float


class Yardstick(NamedTuple):
    """What a rate is compared with, measured in the same run."""

    name: str
    rate: float


class Figure(NamedTuple):
    """One measured case."""

    bench: str
    database: str
    n: int
    seconds: float
    unit: str
    yardstick: Yardstick
    cpu: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.n / self.seconds

    def as_json(self) -> dict[str, object]:
        """The object of the design's chapter 12."""
        return {
            "bench": self.bench,
            "database": self.database,
            "n": self.n,
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate),
            "unit": self.unit,
            "yardstick": {"name": self.yardstick.name, "rate": round(self.yardstick.rate)},
            "ratio": round(self.rate / self.yardstick.rate, 3),
            "cpu_us_per_message": round(self.cpu / self.n * 1e6, 1),
            "peak_mib": round(self.peak_mib, 1),
        }


class DoesNotAddUpError(Exception):
    """The run lost, doubled or mispriced something."""


def options(description: str) -> Options:
    """Reads the command line, and keeps settings of whoever runs this out of the bench."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a run under 20 seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, last line")
    parser.add_argument(
        "--database", choices=["sqlite", "postgresql"], default="sqlite", help="default: sqlite"
    )
    parser.add_argument(
        "--dir",
        type=Path,
        help="folder to work in, on the disk to be measured (default: the system's for "
        "temporary files)",
    )
    given = parser.parse_args()
    folder = given.dir and given.dir.resolve()
    # No octavo.toml either.
    os.chdir(BENCH)
    for name in [name for name in os.environ if name.startswith("OCTAVO_")]:
        if name != REQUIRE_PEERS:
            del os.environ[name]
    return Options(given.quick, given.json, given.database, folder)


def report(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Prints the figures: a line each, or JSON."""
    listed = [figure.as_json() for figure in figures]
    if as_json:
        print(json.dumps(listed if len(listed) > 1 else listed[0]))
        return
    for figure in figures:
        stick = figure.yardstick
        print(
            f"{figure.bench}, {figure.database}: {figure.rate:,.0f} {figure.unit} (n {figure.n:,}, "
            f"{figure.seconds:.1f} s), {figure.rate / stick.rate:.2f} of {stick.name} "
            f"({stick.rate:,.0f}), {figure.cpu / figure.n * 1e6:.0f} us CPU per message, "
            f"peak {figure.peak_mib:.0f} MiB"
        )


def environment(site: Site, **more: str) -> dict[str, str]:
    """Variables of a child process that works on a site."""
    own = {
        "PYTHONPATH": str(SOURCES),
        "OCTAVO_DATA_DIR": str(site.home),
        "OCTAVO_DATABASE_URL": site.url,
        "OCTAVO_LOG_LEVEL": "error",
    }
    return {**os.environ, **own, **more}


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Server(NamedTuple):
    """A server at work."""

    port: int
    pid: int


@contextmanager
def server(site: Site, *entry: str) -> Iterator[Server]:
    """`octavo up` in a process of its own on a site, until it has drained.

    `entry` are Python's arguments for another program that does as `-m octavo`.
    """
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *(entry or ("-m", "octavo")), "up"],
        env=environment(site, OCTAVO_LISTEN=f"127.0.0.1:{port}"),
        # So that no octavo.toml of whoever runs this is read.
        cwd=site.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_ready(process, port)
        yield Server(port, process.pid)
        process.terminate()
        if process.wait(PATIENCE):
            raise RuntimeError(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def _wait_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server does not start") from None
            time.sleep(0.05)


def usage(pid: int | str = "self") -> Usage:
    """What a process has used until now, with all its threads."""
    process = Path("/proc") / str(pid)
    # Behind the name in parentheses, which may hold blanks: user and system time (proc(5)).
    times = process.joinpath("stat").read_text().rpartition(")")[2].split()[11:13]
    lines = process.joinpath("status").read_text().splitlines()
    peak = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return Usage(sum(map(int, times)) / TICKS, int(peak) / 1024)


def add_up(site: Site, *, messages: int, **states: int) -> None:
    """Proves the whole database (`octavo.ledger.verify`), and that it holds what the bench sent.

    `messages` is the audience of all campaigns, `states` counts of it. Raises DoesNotAddUpError.
    """
    with site.database.reading() as reader:
        breaches = reader.run(_breaches)
        if breaches:
            raise DoesNotAddUpError(f"{len(breaches)} breaches, the first: {breaches[0]}")
        counted = reader.run(_counted)
        for name, expected in {"audience": messages, **states}.items():
            found = counted[name]
            if found != expected:
                raise DoesNotAddUpError(f"{name}: expected {expected}, found {found}")


def _counted(connection: Connection) -> dict[str, int]:
    names = ("audience", "pending", "accepted", "delivered", "failed", "skipped", "unknown")
    sums = [sa.func.sum(dispatch.campaign_count.c[name]) for name in names]
    row = connection.one(Query(lambda row: [int(n or 0) for n in row], sa.select(*sums)))
    return dict(zip(names, row or (), strict=True))


def _breaches(connection: Connection) -> list[verify.Breach]:
    found = verify.account(connection, ACCOUNT)
    number = 0
    while following := connection.one(verifying.NEXT_CAMPAIGN, after=number):
        number = following
        found += verify.campaign(connection, number)
    return found
