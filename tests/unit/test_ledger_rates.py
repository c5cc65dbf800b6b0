"""The rate of a route over all of its links, and who uses it, in virtual time.

A part may leave up to a quarter of a second after its booked time; so, over any span of t seconds,
at most rate x (t + 0.25) parts leave, and one message.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.db.codes import MessageState, Purpose
from octavo.kit.clock import SECOND
from tests.common.dispatch import Dispatch, freeze, seconds, worst_burst
from tests.common.ledger import NOW, World
from tests.common.virtual_loop import run_virtually

LATE = 0.25


@pytest.fixture
def world() -> Iterator[World]:
    world = World(rate=20.0)
    yield world
    assert world.breaches() == []
    world.close()


@pytest.mark.parametrize(
    ("rate", "messages", "latency"),
    [
        (20.0, (100, 1), 0.02),
        (20.0, (40, 3), 0.02),
        # A carrier that answers late keeps nobody from sending on.
        (20.0, (100, 1), 0.8),
        (1.0, (8, 1), 0.3),
        (400.0, (800, 1), 0.05),
    ],
)
def test_a_rate_is_held_and_reached(
    world: World, tmp_path: Path, rate: float, messages: tuple[int, int], latency: float
) -> None:
    n, parts = messages
    world.sql("UPDATE route SET rate = ?", rate)
    size = max(10, int(rate / 2))
    world.send(messages=world.people(n, parts=parts), slice_size=size)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path, latency=latency)
        async with dispatch.working():
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    assert len(sent) == n
    assert worst_burst(sent, rate) < 0.02
    ideal = (n - 1) * parts / rate
    assert seconds(sent) <= ideal + LATE


def test_every_link_has_its_share(world: World, tmp_path: Path) -> None:
    world.send(150, slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path)
        async with dispatch.working():
            await dispatch.finished()
        return dispatch

    by_link = Counter(record.link for record in run_virtually(main()).outbox())
    assert len(by_link) == 3
    assert min(by_link.values()) >= 10


@pytest.mark.parametrize("stalled", [(3.0, 3.6), (3.0, 9.0)])
def test_what_waited_for_a_slow_carrier_does_not_leave_at_once(
    world: World, tmp_path: Path, stalled: tuple[float, float]
) -> None:
    world.send(150, slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path, stalled=stalled)
        async with dispatch.working():
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    assert len({(record.campaign, record.seq) for record in sent}) == len(sent) == 150
    assert worst_burst(sent, 20.0) <= LATE
    begin, end = stalled
    assert seconds(sent) <= 149 / 20 + end - begin + 4 * LATE


def test_a_link_without_room_leaves_the_rate_to_the_others(world: World, tmp_path: Path) -> None:
    world.send(150, slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path, links=2, stalled=(2.0, 8.0), stalls=1)
        async with dispatch.working():
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    assert worst_burst(sent, 20.0) <= LATE
    assert seconds(sent) <= 149 / 20 + 4 * LATE


def test_a_frozen_process_does_not_catch_up(world: World, tmp_path: Path) -> None:
    world.send(100, slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path)
        async with dispatch.working():
            await dispatch.until(2.0)
            freeze(5.0)
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    assert len(sent) == 100
    assert worst_burst(sent, 20.0) <= LATE


def test_a_slow_store_does_not_make_bursts(world: World, tmp_path: Path) -> None:
    world.send(100, slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path, commit=(0.1, 0.7))
        async with dispatch.working():
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    assert len(sent) == 100
    assert worst_burst(sent, 20.0) <= LATE


@pytest.mark.parametrize("links", [1, 3])
@pytest.mark.parametrize("parts", [1, 3])
def test_alerts_overtake_a_backlog_within_a_second(
    world: World, tmp_path: Path, links: int, parts: int
) -> None:
    world.send(messages=world.people(600, parts=parts), slice_size=10)

    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path, links=links)
        async with dispatch.working():
            await dispatch.until(5.03)
            for _ in range(20):
                world.send(purpose=Purpose.ALERT)
            alert = world.send(20, purpose=Purpose.ALERT, slice_size=10)
            await dispatch.until(9.0)
            assert world.counted(alert, MessageState.PENDING) == 0
        return dispatch

    sent = run_virtually(main()).outbox()
    marketing = min(record.campaign for record in sent)
    alerts = [(record.at - NOW) / SECOND for record in sent if record.campaign != marketing]
    assert len(alerts) == 40
    for n, at in enumerate(alerts):
        assert at <= 5.03 + n / 20 + 1.0
    assert worst_burst(sent, 20.0) < 0.02


@pytest.mark.parametrize(("hinted", "within"), [(True, 0.04), (False, 0.14)])
def test_a_hint_saves_a_tenth_of_a_second(
    world: World, tmp_path: Path, *, hinted: bool, within: float
) -> None:
    async def main() -> Dispatch:
        dispatch = Dispatch(world, tmp_path)
        async with dispatch.working():
            for n in range(10):
                await dispatch.until(1 + n * 0.51)
                world.send(purpose=Purpose.ALERT)
                if hinted:
                    dispatch.wake()
            await dispatch.finished()
        return dispatch

    sent = run_virtually(main()).outbox()
    waited = [(record.at - NOW) / SECOND - (1 + n * 0.51) for n, record in enumerate(sent)]
    assert len(waited) == 10
    assert max(waited) <= within
    assert hinted or max(waited) > 0.04
