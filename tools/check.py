"""`./octavo test [--all] [pytest arguments]`: the static checks, then the tests.

Stops at the first check that fails and names it. Without `--all` the tests marked slow are left
out; with it, each script in `bench/` also runs once, briefly.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BENCH_LIMIT = 120
"""Seconds after which a bench that was asked to be quick has failed."""

USAGE = "usage: ./octavo test [--all] [pytest arguments]"


class Check(NamedTuple):
    """One command that must exit with 0, within `limit` seconds if there is a limit."""

    name: str
    arguments: tuple[str, ...]
    limit: int | None = None


STATIC = (
    Check("ruff format", ("-m", "ruff", "format", "--check", "--quiet", ".")),
    Check("ruff check", ("-m", "ruff", "check", "--quiet", ".")),
    Check("mypy", ("-m", "mypy", "--no-error-summary")),
    Check(
        "import rules",
        ("-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-logo"),
    ),
)


def main(arguments: list[str]) -> int:
    """Runs the checks; returns the exit code."""
    if arguments[:1] in (["--help"], ["-h"]):
        sys.stdout.write(f"{USAGE}\n\n{__doc__}")
        return 0
    complete = "--all" in arguments
    pytest_arguments = [each for each in arguments if each != "--all"]
    for check in checks(pytest_arguments, complete=complete):
        say(f"-- {check.name}")
        if code := run(check):
            say(f"octavo test: {check.name} failed")
            return code
    return 0


def checks(pytest_arguments: list[str], *, complete: bool) -> Iterator[Check]:
    """Everything to run, in order."""
    yield from STATIC
    selection = () if complete else ("-m", "not slow")
    yield Check("pytest", ("-m", "pytest", *selection, *pytest_arguments))
    if complete:
        for script in sorted((ROOT / "bench").glob("[!_]*.py")):
            for database in ("sqlite", "postgresql"):
                command = (str(script), "--quick", "--database", database)
                yield Check(f"bench/{script.name}, {database}", command, BENCH_LIMIT)


def run(check: Check) -> int:
    """The exit code of a check, run in the checkout with this Python."""
    command = [sys.executable, *check.arguments]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), timeout=check.limit, check=False
        )
    except subprocess.TimeoutExpired:
        say(f"{check.name} took more than {check.limit} s")
        return 1
    return done.returncode


def environment() -> dict[str, str]:
    """This process's environment; under CI, with the order that no peer may be missing."""
    peers = {"OCTAVO_REQUIRE_PEERS": "1"} if os.environ.get("CI") == "true" else {}
    return {**os.environ, **peers}


def say(line: str) -> None:
    """Writes a line at once, so that it stands before what a check itself prints."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
