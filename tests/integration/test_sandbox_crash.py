"""A carrier outlives our process: kill -9, a full disk, and then the receipts."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from octavo.drivers.protocol import Fault, Verdict
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.outbox import outbox_path, read_outbox
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import system_clock
from tests.common.sandbox import RecordingSink, message

ROOT = Path(__file__).parents[2]

OFFERS = """
import asyncio, sys
from pathlib import Path
from random import Random
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import system_clock
from tests.common.sandbox import RecordingSink, message

async def main():
    settings = SandboxSettings(data_dir=Path(sys.argv[1]), window=1000)
    link = SandboxDriver(settings, system_clock, Random())
    await link.start(RecordingSink())
    seq = 0
    while True:
        size = min(100, link.room())
        link.offer([message("+33600000001", seq + no) for no in range(size)])
        seq += size
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


def offer_until_killed(data_dir: Path, least: int) -> None:
    """Runs a process that offers, and kills it once the outbox holds `least` bytes."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen([sys.executable, "-c", OFFERS, str(data_dir)], env=environment)
    try:
        while not outbox_path(data_dir).exists() or outbox_path(data_dir).stat().st_size < least:
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


async def listen(data_dir: Path, sink: RecordingSink, references: int) -> None:
    """Brings the link up until so many messages are reported."""
    link = SandboxDriver(SandboxSettings(data_dir=data_dir), system_clock, Random())
    await link.start(sink)
    async with asyncio.timeout(60):
        while len({report.id for report in sink.reported}) < references:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await link.stop(drain=True)


def test_after_kill_9_every_message_taken_is_reported(tmp_path: Path) -> None:
    size = 0
    for _ in range(3):
        offer_until_killed(tmp_path, size + 200_000)
        size = outbox_path(tmp_path).stat().st_size
        sink = RecordingSink()
        unreported = sent_after(tmp_path)
        asyncio.run(listen(tmp_path, sink, len(unreported)))
        assert {report.id for report in sink.reported} == unreported
    assert sent_after(tmp_path) == set()


def sent_after(data_dir: Path) -> set[str]:
    """The ids of the outbox after the checkpoint of link 0."""
    checkpoint = data_dir / "sandbox" / "0.reported"
    offset = int(checkpoint.read_text()) if checkpoint.exists() else 0
    with outbox_path(data_dir).open("rb") as file:
        file.seek(offset)
        ids = {line.rsplit(b'"', 2)[1].decode() for line in file if line.endswith(b'"]}\n')}
    assert ids <= {id_ for record in read_outbox(data_dir) for id_ in record.ids}
    return ids


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        pytest.skip("no mount program here")
    if mounted.returncode:
        pytest.skip(f"cannot mount a small tmpfs: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_on_a_full_disk_only_what_is_in_the_outbox_counts_as_sent(tiny_disk: Path) -> None:
    sink = RecordingSink()
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(100_000))

    async def main() -> None:
        link = SandboxDriver(SandboxSettings(data_dir=tiny_disk), system_clock, Random())
        await link.start(sink)
        for round_ in range(20):
            link.offer([message("+33600000001", round_ * 50 + no) for no in range(50)])
        ballast.unlink()
        link.offer([message("+33600000001", 1_000)])
        await asyncio.sleep(0.05)
        await link.stop(drain=True)
        seen = {outcome.seq for outcome in sink.answered if outcome.verdict is Verdict.ACCEPTED}
        await listen(tiny_disk, sink, len(seen))

    asyncio.run(main())
    refused = {outcome.seq for outcome in sink.answered if outcome.fault is Fault.OURS}
    accepted = {outcome.seq for outcome in sink.answered if outcome.verdict is Verdict.ACCEPTED}
    assert refused
    assert accepted | refused == set(range(1_001))
    assert 1_000 in accepted
    assert sorted(record.seq for record in read_outbox(tiny_disk)) == sorted(accepted)
    assert {report.reference for report in sink.reported} == {f"7-{seq}" for seq in accepted}
