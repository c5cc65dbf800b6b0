"""The link itself: window, dials, ids, drain, outbox, restarts; on virtual time."""

import asyncio
import errno
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from octavo.drivers.protocol import Fault, Submission, Verdict
from octavo.drivers.sandbox import reporter
from octavo.drivers.sandbox.journal import Follower
from octavo.drivers.sandbox.outbox import read_outbox
from octavo.drivers.sandbox.reporter import checkpoint_path
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.drivers.sandbox.waiting import Waiting, Wheel
from octavo.kit.clock import Instant
from octavo.kit.errors import StoreUnavailable
from tests.common.sandbox import EPOCH, RecordingSink, link_up, message, sandbox_dir
from tests.common.virtual_loop import VirtualLoop, run_virtually

USUAL = "+33600000001"
MANY = 4_000


def messages(count: int) -> list[Submission]:
    return [message(USUAL, seq) for seq in range(count)]


def run_link(
    settings: SandboxSettings, batch: list[Submission], seconds: float, seed: int = 1
) -> RecordingSink:
    """Starts a link, offers, listens for so long, stops."""
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(settings, sink, seed=seed) as link:
            link.offer(batch)
            await asyncio.sleep(seconds)

    run_virtually(main())
    return sink


def test_room_is_the_window_less_the_parts_in_flight(tmp_path: Path) -> None:
    async def main() -> list[int]:
        settings = SandboxSettings(data_dir=tmp_path, window=10)
        async with link_up(settings, RecordingSink()) as link:
            rooms = [link.room()]
            link.offer([message(USUAL, parts=3), message("+33600009930", 1, parts=2)])
            rooms.append(link.room())
            await asyncio.sleep(1)
            rooms.append(link.room())
            await asyncio.sleep(10)
            rooms.append(link.room())
        return [*rooms, link.room()]

    assert run_virtually(main()) == [10, 5, 8, 10, 0]


def test_no_answer_comes_within_offer(tmp_path: Path) -> None:
    sink = RecordingSink()

    async def main() -> None:
        settings = SandboxSettings(data_dir=tmp_path, answer_latency=0.0)
        async with link_up(settings, sink) as link:
            link.offer(messages(2))
            assert sink.answered == []
            await asyncio.sleep(0.001)
            assert len(sink.answered) == 2

    run_virtually(main())


def test_a_link_that_is_not_up_takes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path), RecordingSink()) as link:
            pass
        assert link.room() == 0
        await link.stop(drain=True)
        with pytest.raises(RuntimeError):
            link.offer(messages(1))

    run_virtually(main())


@pytest.mark.parametrize(("drain", "answers"), [(True, 3), (False, 0)])
def test_stop_with_drain_waits_for_the_answers(tmp_path: Path, drain: bool, answers: int) -> None:
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path), sink) as link:
            link.offer([*messages(2), message("+33600009930", 2)])
            await link.stop(drain=drain)
        await asyncio.sleep(60)

    run_virtually(main())
    assert len(sink.answered) == answers


@pytest.mark.parametrize(
    ("dial", "verdict", "fault", "taken"),
    [
        ("refused", Verdict.REFUSED, Fault.PERMANENT, False),
        ("throttled", Verdict.THROTTLED, None, False),
        ("unknown", Verdict.UNKNOWN, None, True),
    ],
)
def test_a_fraction_goes_wrong(
    tmp_path: Path, dial: str, verdict: Verdict, fault: Fault | None, taken: bool
) -> None:
    dials: dict[str, Any] = {dial: 0.25}
    settings = SandboxSettings(data_dir=tmp_path, **dials)
    sink = run_link(settings, messages(MANY), 60)
    wrong = [outcome for outcome in sink.answered if outcome.verdict is verdict]
    assert len(wrong) == pytest.approx(MANY / 4, rel=0.15)
    assert {outcome.fault for outcome in wrong} == {fault}
    assert len(sink.answered) == MANY
    assert len(sink.reported) == (MANY if taken else MANY - len(wrong))


def test_a_fraction_is_never_reported(tmp_path: Path) -> None:
    sink = run_link(SandboxSettings(data_dir=tmp_path, unreported=0.25), messages(MANY), 60)
    assert len(sink.reported) == pytest.approx(MANY * 3 / 4, rel=0.05)


def test_fractions_leave_magic_numbers_alone(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, refused=1.0, unreported=1.0)
    sink = run_link(settings, [message("+33600009902")], 60)
    assert sink.answered[0].verdict is Verdict.ACCEPTED
    assert len(sink.reported) == 2


def test_a_carrier_without_reports_still_brings_replies(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, reports=False)
    sink = run_link(settings, [message(USUAL), message("+33600009940", 1)], 60)
    assert (len(sink.answered), len(sink.reported), len(sink.replied)) == (2, 0, 1)


def test_receipts_are_spread_over_the_delay(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, receipt_delay_min=4, receipt_delay_max=8)
    sink = run_link(settings, messages(MANY), 60)
    delays = sorted((report.at - EPOCH) / 1e6 for report in sink.reported)
    assert 4 <= delays[0] < 4.1
    assert 7.9 < delays[-1] <= 8
    assert delays[MANY // 2] == pytest.approx(6, abs=0.3)


def test_ids_are_never_given_twice(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path)
    again = [message(USUAL, parts=2), message(USUAL, parts=2)]
    for seed in (1, 2, 3):
        run_link(settings, again, 1, seed=seed)
    ids = Counter(id_ for record in read_outbox(tmp_path) for id_ in record.ids)
    assert len(ids) == 12
    assert max(ids.values()) == 1


def test_the_outbox_says_what_was_submitted(tmp_path: Path) -> None:
    text = 'NUL \0, a lone \ud800, "quotes" \\ and 👍\n'
    batch = [message(USUAL, 4, parts=2, text=text), message("+33600009921", 5, pass_=0)]
    sink = run_link(SandboxSettings(data_dir=tmp_path, link=3), batch, 1)
    taken, refused = read_outbox(tmp_path)
    assert (taken.link, taken.at) == (3, EPOCH)
    assert taken[2:10] == (7, 4, 0, USUAL, "Octavo", text, 2, "7-4")
    assert (taken.answer, taken.ids) == (Verdict.ACCEPTED, sink.answered[0].ids)
    assert (refused.seq, refused.answer, refused.ids) == (5, Verdict.REFUSED, ())


def test_it_is_in_the_outbox_before_it_is_answered(tmp_path: Path) -> None:
    async def main() -> int:
        async with link_up(SandboxSettings(data_dir=tmp_path), RecordingSink()) as link:
            link.offer(messages(3))
            return len(list(read_outbox(tmp_path)))

    assert run_virtually(main()) == 3


def test_an_offer_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(fd, data)

    monkeypatch.setattr(os, "write", counted)

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path), RecordingSink()) as link:
            sizes.clear()
            link.offer(messages(100))

    run_virtually(main())
    assert sizes == [(sandbox_dir(tmp_path) / "outbox.jsonl").stat().st_size]


def test_a_full_disk_refuses_and_counts_as_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = RecordingSink()
    write = os.write
    takes = [150, 0]

    def full(fd: int, data: bytes) -> int:
        if not takes:
            return write(fd, data)
        if room := takes.pop(0):
            return write(fd, data[:room])
        raise OSError(errno.ENOSPC, "disk full")

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path, link=1), sink) as link:
            monkeypatch.setattr(os, "write", full)
            link.offer(messages(3))
            link.offer([message(USUAL, 9)])
            await asyncio.sleep(60)

    run_virtually(main())
    assert [outcome.fault for outcome in sink.answered] == [Fault.OURS] * 3 + [None]
    assert [record.seq for record in read_outbox(tmp_path)] == [9]
    assert [report.reference for report in sink.reported] == ["7-9"]


def test_a_restart_reports_what_was_not_reported(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path)
    first = run_link(settings, [message("+33600009900"), message(USUAL, 1)], 5)
    second = run_link(settings, [], 60, seed=2)
    third = run_link(settings, [], 60, seed=3)
    assert [report.reference for report in first.reported] == ["7-1"]
    # what came after the oldest receipt still due is told again: it has the same id
    assert {report.reference for report in second.reported} == {"7-0", "7-1"}
    assert set(first.reported) <= set(second.reported)
    assert third.reported == []


def test_a_restart_leaves_the_receipts_of_other_links(tmp_path: Path) -> None:
    run_link(SandboxSettings(data_dir=tmp_path, link=1), messages(1), 0.01)
    assert run_link(SandboxSettings(data_dir=tmp_path, link=11), [], 60).reported == []
    assert len(run_link(SandboxSettings(data_dir=tmp_path, link=1), [], 60).reported) == 1


def test_a_torn_end_of_the_outbox_keeps_no_link_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_dir(tmp_path).mkdir()
    (sandbox_dir(tmp_path) / "outbox.jsonl").write_bytes(b'{"link":1,"at":"2')
    reads = 0
    read = Follower.read

    def counted(follower: Follower) -> list[bytes]:
        nonlocal reads
        reads += 1
        assert reads < 10, "it reads over and over"
        return read(follower)

    monkeypatch.setattr(Follower, "read", counted)
    settings = SandboxSettings(data_dir=tmp_path, link=1)
    sink = run_link(settings, [], 1)
    assert (reads, sink.heard) == (1, [])
    sink = run_link(settings, messages(2), 60)
    assert len(sink.reported) == 2


def test_the_rest_of_a_delay_is_waited_after_a_restart(tmp_path: Path) -> None:
    def wall(start: float) -> RecordingSink:
        sink = RecordingSink()

        async def main() -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            clock = lambda: Instant(EPOCH + int((start + loop.time()) * 1e6))  # noqa: E731
            async with link_up(SandboxSettings(data_dir=tmp_path), sink, clock=clock) as link:
                link.offer([message("+33600009900")] if not start else [])
                await asyncio.sleep(20 if not start else 60)

        run_virtually(main())
        return sink

    assert wall(0).reported == []
    assert [heard.at for heard in wall(25).heard] == [pytest.approx(5, abs=0.1)]


def test_the_checkpoint_waits_for_the_sink(tmp_path: Path) -> None:
    told: list[object] = []
    sink = RecordingSink([StoreUnavailable()] * 3)
    outbox = sandbox_dir(tmp_path) / "outbox.jsonl"

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with link_up(SandboxSettings(data_dir=tmp_path), sink) as link:
            link.offer([message("+33600009902")])
            await asyncio.sleep(0.9)
            assert sink.reported == []
            assert not checkpoint_path(tmp_path, 0).exists()
            await asyncio.sleep(60)

    run_virtually(main())
    assert len(sink.reported) == 2
    assert int(checkpoint_path(tmp_path, 0).read_text()) == outbox.stat().st_size
    assert told == []


def test_an_idle_link_saves_its_checkpoint_at_once(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, receipt_delay_max=0.1)
    outbox = sandbox_dir(tmp_path) / "outbox.jsonl"

    async def main() -> None:
        async with link_up(settings, RecordingSink()) as link:
            link.offer(messages(2))
            await asyncio.sleep(0.5)
            assert int(checkpoint_path(tmp_path, 0).read_text()) == outbox.stat().st_size

    run_virtually(main())


def test_reports_outlive_an_error_of_ours_and_it_is_told(tmp_path: Path) -> None:
    told: list[object] = []
    sink = RecordingSink([ValueError("a bug")])

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with link_up(SandboxSettings(data_dir=tmp_path), sink) as link:
            link.offer(messages(1))
            await asyncio.sleep(60)

    run_virtually(main())
    assert (len(sink.reported), len(told)) == (1, 1)


def test_reports_come_in_batches_of_at_most_500(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, receipt_delay_min=1, receipt_delay_max=1)
    sink = run_link(settings, messages(1_201), 60)
    assert sum(sink.batches) == 1_201
    assert max(sink.batches) == 500


def test_what_waits_in_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "MOST_WAITING", 300)
    most = 0

    class Watched(Wheel):
        def add(self, due: float, waiting: Waiting) -> None:
            nonlocal most
            super().add(due, waiting)
            most = max(most, self.size)

    monkeypatch.setattr(reporter, "Wheel", Watched)
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path, link=1), sink) as link:
            for pause in [0.01] * 30 + [60] + [0.01] * 10 + [600]:
                link.offer([message(USUAL, seq) for seq in range(100)])
                await asyncio.sleep(pause)

    run_virtually(main())
    assert len(sink.reported) == len({report.id for report in sink.reported}) == 4_200
    # an offer is taken whole, and so are 32 KiB of the outbox: fewer than 200 lines
    assert 300 <= most < 500


@pytest.mark.parametrize(
    "dials",
    [
        {"link": -1},
        {"window": 0},
        {"receipt_delay_min": 2.0},
        {"receipt_delay_min": -1.0},
        {"answer_latency": -0.1},
        {"response_timeout": 0.0},
        {"refused": 0.6, "unknown": 0.6},
        {"throttled": -0.1},
        {"unreported": 1.1},
    ],
)
def test_dials_out_of_range_are_refused(tmp_path: Path, dials: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        SandboxSettings(data_dir=tmp_path, **dials)
