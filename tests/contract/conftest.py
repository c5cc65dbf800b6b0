"""One server for all contract tests of a process; an account of its own for each test."""

from collections.abc import Iterator
from os import environ
from pathlib import Path

import pytest

from tests.common.server import Customer, Server, serving, settings


@pytest.fixture(scope="session")
def plain_environment() -> Iterator[None]:
    """No setting of the developer's shell or directory reaches a server of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in environ.keys():
            if name.startswith("OCTAVO_"):
                patch.delenv(name)
        patch.setenv("OCTAVO_CONFIG", "/dev/null")
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, plain_environment: None) -> Iterator[Server]:
    """A real server; when it ends, everything in its database has to add up (P2, P4)."""
    data_dir: Path = tmp_path_factory.mktemp("server")
    with serving(settings(data_dir)) as running_server:
        yield running_server
        breaches = running_server.breaches()
    assert not breaches


@pytest.fixture
def customer(server: Server) -> Customer:
    """An account with 100 EUR."""
    return server.customer()
