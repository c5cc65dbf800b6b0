"""One server for all contract tests of a process; an account of its own for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.common.server import Customer, Server, serving, settings

ROOM = 1 << 30


@pytest.fixture(scope="session")
def plain_environment() -> Iterator[None]:
    """No setting of the developer's shell or directory reaches a server of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("OCTAVO_"):
                patch.delenv(name)
        patch.setenv("OCTAVO_CONFIG", "/dev/null")
        yield


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A directory, in memory where there is room: what a power cut leaves is no matter here."""
    shared = Path("/dev/shm")
    roomy = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM
    with TemporaryDirectory(dir=shared if roomy else None) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def server(memory: Path, plain_environment: None) -> Iterator[Server]:
    """A real server; when it ends, everything in its database has to add up (P2, P4)."""
    with serving(settings(memory / "server")) as running_server:
        yield running_server
        breaches = running_server.breaches()
    assert not breaches


@pytest.fixture
def customer(server: Server) -> Customer:
    """An account with 100 EUR."""
    return server.customer()
