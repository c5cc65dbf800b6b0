"""A disk that fills up under load: orders are refused, none is lost, and freeing it is enough."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.common.peers import need
from tests.common.process import ServerProcess
from tests.crash.judge import judge, wait_settled
from tests.crash.load import sending
from tests.crash.site import DIALS

SIZE = 96 << 20
LEFT = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own. `/readyz` wants 64 MiB free."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    found = os.geteuid() == 0 and shutil.which("mount") is not None
    if found:
        found = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    need("a tmpfs that can be mounted", found=found)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def cramped_server(prepared: Path, small_disk: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose data directory is on the small disk; its log is not."""
    shutil.copytree(prepared, small_disk / "data")
    log = tmp_path / "server.log"
    server = ServerProcess(small_disk / "data", DIALS, module="tests.crash.entry", log=log)
    try:
        yield server
    finally:
        server.close()


def fill(disk: Path) -> Path:
    """A file that leaves very little room."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - LEFT)
    return ballast


@pytest.mark.slow
def test_a_full_disk_refuses_orders_and_loses_none(
    cramped_server: ServerProcess, small_disk: Path
) -> None:
    server = cramped_server
    server.start()
    with sending(server.port, seed=1, size=4, pause=0.01) as notes:
        server.wait(lambda: len(notes.taken) > 5, "no order was taken")
        ballast = fill(small_disk)
        server.wait(lambda: notes.unavailable > 20, "orders are still taken")
        status, body = server.get("/readyz")
        assert status == 503
        assert "MiB are free" in body
        assert server.get("/healthz")[0] == 200
        time.sleep(1)
        taken = len(notes.taken)
        ballast.unlink()
        server.wait_ready()
        server.wait(lambda: len(notes.taken) > taken + 5, "no order is taken any more")
    wait_settled(server)
    assert server.starts == 1
    assert server.sigterm() == 0
    books = judge(server, notes, kills=0)
    assert not books.doubts
