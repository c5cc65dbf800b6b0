"""Servers that may die, with enough money for any test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.common.process import ServerProcess
from tests.crash.site import DIALS, ENGINES, Site, made_on, prepare

WORKERS = 2


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for a site gets one on each engine; where PostgreSQL takes part, it is slow."""
    if "site" in metafunc.fixturenames:
        engines = [
            pytest.param(engine, marks=[pytest.mark.slow] if engine == "postgresql" else [])
            for engine in ENGINES
        ]
        metafunc.parametrize("site", engines, indirect=True)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory after a first start, with money; to be copied."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    prepare(data_dir)
    return data_dir


@pytest.fixture
def site(request: pytest.FixtureRequest, prepared: Path, tmp_path: Path) -> Iterator[Site]:
    """On SQLite one process, on PostgreSQL an API and two workers; none has been started yet."""
    with made_on(request.param, tmp_path, prepared, WORKERS) as made:
        yield made


@pytest.fixture
def shared_site(prepared: Path, tmp_path: Path) -> Iterator[Site]:
    """An API and two workers on PostgreSQL."""
    with made_on("postgresql", tmp_path, prepared, WORKERS) as made:
        yield made


@pytest.fixture
def crash_server(prepared: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on SQLite that has not been started yet."""
    shutil.copytree(prepared, tmp_path / "data")
    server = ServerProcess(tmp_path / "data", DIALS, module="tests.crash.entry")
    try:
        yield server
    finally:
        server.close()
