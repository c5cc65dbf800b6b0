"""What a carrier says comes into the ledger whole, whatever it holds."""

import asyncio
from typing import TypeVar

import pytest
from structlog.testing import capture_logs

from octavo.db.unit_of_work import Rank, Unit
from octavo.drivers.protocol import Inbound, Report, ReportState
from octavo.kit.tickets import reference
from octavo.ledger import campaigns
from octavo.metrics.metrics import Metrics
from octavo.worker import reports
from octavo.worker.housekeeping import Housekeeper
from tests.common.holder import Holder
from tests.common.ledger import World, WorldStore

T = TypeVar("T")

ODD = "a\0b\ud800c\U0001f600"
MENDED = "ab\ufffdc\U0001f600"


@pytest.fixture
def world() -> World:
    return World()


def test_a_report_with_text_that_no_database_takes_is_mended(world: World) -> None:
    told = Report(ODD, ReportState.DELIVERED, world.now, ODD, ODD, ODD, ODD)

    asyncio.run(reports.take_reports(WorldStore(world), world.route, [told], world.now))

    assert world.sql("SELECT ref, address, sender, reference, code FROM receipt") == [(MENDED,) * 5]


def test_an_inbound_with_text_that_no_database_takes_is_mended(world: World) -> None:
    told = Inbound(ODD, ODD, ODD, ODD, world.now)

    asyncio.run(reports.take_inbounds(WorldStore(world), world.route, [told], world.now))

    assert world.sql("SELECT ref, sender, recipient, text FROM inbound") == [(MENDED,) * 4]


@pytest.mark.parametrize("name", ["f" * 16 + "-1", "1-" + "f" * 16, "nonsense", ""])
def test_a_reference_that_is_not_ours_is_no_answer(world: World, name: str) -> None:
    told = Inbound("1", "+33600000000", "36000", "STOP", world.now, name)

    asyncio.run(reports.take_inbounds(WorldStore(world), world.route, [told], world.now))

    assert world.sql("SELECT campaign_id, kind FROM inbound") == [(None, "stop")]


@pytest.mark.parametrize(("text", "stopped"), [("STOP", 1), (" stop ", 1), ("Bonjour", 0)])
def test_a_reply_is_read_for_stop(world: World, text: str, stopped: int) -> None:
    campaign = world.send()
    told = Inbound("1", "+33600000000", "36000", text, world.now, reference(campaign, 1))

    asyncio.run(reports.take_inbounds(WorldStore(world), world.route, [told], world.now))

    assert world.number("SELECT count(*) FROM suppression") == stopped


@pytest.mark.parametrize("name", ["", reference(12345, 1)])
def test_a_stop_that_matches_no_campaign_is_told_without_personal_data(
    world: World, name: str
) -> None:
    told = Inbound("1", "+33600000000", "36000", "STOP", world.now, name)

    with capture_logs() as logs:
        for _ in range(2):
            asyncio.run(reports.take_inbounds(WorldStore(world), world.route, [told], world.now))

    (line,) = logs
    assert line == {
        "event": "inbound matched no campaign",
        "log_level": "warning",
        "route": world.route,
        "kind": "stop",
        "messages": 1,
    }


def test_a_reply_that_is_matched_is_no_warning(world: World) -> None:
    told = Inbound("1", "+336", "36000", "STOP", world.now, reference(world.send(), 1))

    with capture_logs() as logs:
        asyncio.run(reports.take_inbounds(WorldStore(world), world.route, [told], world.now))

    assert logs == []


def test_reports_of_each_state_come_in(world: World) -> None:
    for state in ReportState:
        world.send()
        holder = Holder(world)
        holder.claim()
        (key,) = holder.pump()
        holder.accepted(key, state.value)
        holder.settle()
        told = Report(state.value, state, world.now, "+33600000000")
        asyncio.run(reports.take_reports(WorldStore(world), world.route, [told], world.now))

    found = world.sql("SELECT reason FROM message WHERE state = 3 ORDER BY reason")
    failures = sorted(state.value for state in ReportState if state is not ReportState.DELIVERED)
    assert [reason for (reason,) in found] == failures
    assert world.number("SELECT count(*) FROM message WHERE state = 2") == 1


class FewWrites(WorldStore):
    """Stops its housekeeper after some units, failed ones too."""

    def __init__(self, world: World, most: int) -> None:
        super().__init__(world)
        self.left = most
        self.keeper = Housekeeper(self, lambda: world.now, Metrics().worker({}))

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """As before; and counts."""
        self.left -= 1
        if self.left == 0:
            self.keeper.stop()
        return await super().write(rank, unit)


def test_a_job_that_fails_does_not_stop_the_housekeeper(world: World) -> None:
    world.sql("INSERT INTO task (kind, key, run_at) VALUES ('no such kind', '1', 0)")
    campaign = world.send()
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))

    asyncio.run(FewWrites(world, 10).keeper.run())

    assert world.message(campaign, 1)["reason"] == campaigns.CANCELED
    assert world.number("SELECT attempts FROM task WHERE kind = 'no such kind'") == 1
