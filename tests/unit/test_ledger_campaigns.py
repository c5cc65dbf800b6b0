"""Pause, resume, cancel, seal; events and jobs."""

import json
from collections.abc import Iterator

import pytest

from octavo.db.codes import CampaignState, EventKind, InDoubt, MessageState, SliceState
from octavo.db.connection import Connection
from octavo.db.statements import tasks as statements
from octavo.db.statements.tasks import Task
from octavo.kit.clock import FOREVER, HOUR, MINUTE, SECOND, Instant
from octavo.ledger import campaigns, events, tasks
from octavo.ledger.events import Item, Journal
from octavo.ledger.tasks import StepFailed
from tests.common.holder import Holder
from tests.common.ledger import PRICE, VALIDITY, World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


def pause(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.pause(c, world.account, ticket))


def resume(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.resume(c, world.account, ticket, world.now))


def cancel(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))


# -- schedules ------------------------------------------------------------------------------------


def test_an_order_for_later_starts_at_its_time(world: World) -> None:
    campaign = world.send(send_at=Instant(world.now + HOUR))
    holder = Holder(world)
    world.later(HOUR - 1)
    world.housekeeping()
    assert holder.work() == []

    world.later(1)
    world.housekeeping()

    assert world.state(campaign) is CampaignState.SENDING
    assert len(holder.work()) == 1


def test_a_paused_schedule_waits_for_its_time_all_the_same(world: World) -> None:
    campaign = world.send(send_at=Instant(world.now + HOUR))
    pause(world, campaign)
    world.later(MINUTE)
    resume(world, campaign)

    assert world.state(campaign) is CampaignState.SCHEDULED
    world.live(MINUTE)
    assert Holder(world).work() == []
    world.live(HOUR)
    assert len(Holder(world).work()) == 1


def test_an_order_paused_over_its_time_starts_when_it_is_resumed(world: World) -> None:
    campaign = world.send(send_at=Instant(world.now + MINUTE))
    pause(world, campaign)
    world.live(HOUR)
    assert Holder(world).work() == []

    resume(world, campaign)
    world.housekeeping()

    assert len(Holder(world).work()) == 1


# -- pause and cancel -----------------------------------------------------------------------------


def test_pause_parks_and_resume_readies(world: World) -> None:
    campaign = world.send(4, slice_size=2)

    pause(world, campaign)
    assert world.sql("SELECT DISTINCT state, run_at >= ? FROM slice", FOREVER) == [
        (SliceState.PARKED, True)
    ]
    resume(world, campaign)
    world.housekeeping()

    assert len(Holder(world).work()) == 4


def test_a_retry_waits_its_time_over_a_pause(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.claim()
    (key,) = holder.pump()
    holder.throttled(key, after=600.0)
    holder.settle()
    pause(world, campaign)
    world.live(MINUTE)
    resume(world, campaign)
    world.live(8 * MINUTE)
    assert holder.work() == []

    world.live(2 * MINUTE)

    assert len(holder.work()) == 1


def test_an_order_whose_last_slice_settles_while_it_is_paused_is_finished(world: World) -> None:
    campaign = world.send(2)
    holder = Holder(world)
    holder.claim()
    for key in holder.pump():
        holder.accepted(key)
    pause(world, campaign)
    holder.settle()

    assert world.state(campaign) is CampaignState.FINISHED
    assert world.held() == 0


def test_a_retry_that_becomes_due_during_a_pause_waits(world: World) -> None:
    campaign = world.send()
    holder = Holder(world)
    holder.claim()
    (key,) = holder.pump()
    pause(world, campaign)
    holder.throttled(key)
    holder.settle()
    world.live(HOUR)
    assert holder.work() == []

    resume(world, campaign)
    world.housekeeping()

    assert len(holder.work()) == 1


@pytest.mark.parametrize("ahead", [0, HOUR])
@pytest.mark.parametrize("first", [None, pause])
def test_cancel_skips_everybody_who_was_not_written_to(
    world: World, ahead: int, first: object
) -> None:
    campaign = world.send(12, slice_size=2, send_at=Instant(world.now + ahead))
    if first is not None:
        pause(world, campaign)

    cancel(world, campaign)
    assert world.state(campaign) is CampaignState.CANCELING
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.CANCELED
    assert world.states(campaign) == [MessageState.SKIPPED] * 12
    assert world.message(campaign, 1)["reason"] == "canceled"
    assert world.held() == 0
    assert world.number("SELECT count(*) FROM entry WHERE kind = 'release'") == 1


def test_cancel_waits_for_what_is_on_the_wire(world: World) -> None:
    campaign = world.send(2, slice_size=1)
    holder = Holder(world)
    holder.claim()
    sent = holder.pump()
    cancel(world, campaign)
    world.live(SECOND)
    assert world.state(campaign) is CampaignState.CANCELING

    for key in sent:
        holder.throttled(key)
    holder.settle()
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.CANCELED
    assert world.states(campaign) == [MessageState.SKIPPED] * 2


def test_a_link_that_dies_does_not_keep_a_cancel_from_ending(world: World) -> None:
    campaign = world.send(4)
    holder = Holder(world, most=2)
    holder.claim()
    cancel(world, campaign)
    world.live(SECOND)

    holder.retake()
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.CANCELED
    assert world.held() == 2 * PRICE


@pytest.mark.parametrize("command", ["pause", "resume", "cancel"])
@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (CampaignState.UNDER_COMPUTATION, {"cancel"}),
        (CampaignState.READY_TO_BE_SENT, {"cancel"}),
        (CampaignState.SCHEDULED, {"pause", "cancel"}),
        (CampaignState.SENDING, {"pause", "cancel"}),
        (CampaignState.PAUSED, {"resume", "cancel"}),
        (CampaignState.CANCELING, set()),
        (CampaignState.CANCELED, set()),
        (CampaignState.FINISHED, set()),
        (CampaignState.SEALED, set()),
        (CampaignState.FAILED, {"cancel"}),
    ],
)
def test_what_may_be_asked_in_which_state(
    state: CampaignState, allowed: set[str], command: str
) -> None:
    world = World()
    campaign = world.send()
    world.sql("UPDATE campaign SET state = ?", state)
    ask = {"pause": pause, "resume": resume, "cancel": cancel}[command]

    if command in allowed:
        ask(world, campaign)
        return
    with pytest.raises(campaigns.NotInThisState) as refused:
        ask(world, campaign)

    assert refused.value.state is state


def test_nobody_touches_the_orders_of_another(world: World) -> None:
    ticket = world.ticket(world.send())
    other = world.make_account()

    with pytest.raises(campaigns.NoSuchCampaign):
        world.run(lambda c: campaigns.cancel(c, other, ticket, world.now))


# -- seal -----------------------------------------------------------------------------------------


def test_a_seal_tells_of_messages_that_no_receipt_spoke_of(world: World) -> None:
    campaign = world.send(2)
    Holder(world).work()
    world.later(VALIDITY + campaigns.SEAL_AFTER)

    world.housekeeping()

    assert world.state(campaign) is CampaignState.SEALED
    ((items,),) = world.sql("SELECT items FROM event WHERE kind = ?", EventKind.UNKNOWN)
    assert [item[:2] for item in json.loads(str(items))] == [[1, "silent"], [2, "silent"]]


def silent(world: World) -> list[int]:
    """Messages that events call silent."""
    found = world.sql("SELECT items FROM event WHERE kind = ? ORDER BY id", EventKind.UNKNOWN)
    return [
        seq for (items,) in found for seq, what, _ in json.loads(str(items)) if what == "silent"
    ]


def test_a_seal_tells_of_messages_in_doubt_too(world: World) -> None:
    world.send(2)
    holder = Holder(world)
    holder.claim()
    accepted, lost = holder.pump()
    holder.accepted(accepted)
    holder.lost(lost)
    holder.settle()
    assert silent(world) == []
    for _ in range(2):
        world.later(VALIDITY + campaigns.SEAL_AFTER)
        world.housekeeping()

    assert silent(world) == [1, 2]


@pytest.mark.parametrize("chunk", [2, 500])
def test_a_canceled_order_is_told_of_in_the_end_like_any_other(
    world: World, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "_SILENT_A_STEP", chunk)
    campaign = world.send(7)
    holder = Holder(world, most=5)
    holder.claim()
    sent = holder.pump()
    cancel(world, campaign)
    for key in sent[1:]:
        holder.accepted(key)
    holder.lost(sent[0])
    holder.settle()
    holder.drain()
    world.live(SECOND)
    assert world.state(campaign) is CampaignState.CANCELED
    assert silent(world) == []
    for _ in range(2):
        world.live(VALIDITY + campaigns.SEAL_AFTER)

    assert silent(world) == [1, 2, 3, 4, 5]
    assert world.state(campaign) is CampaignState.CANCELED
    assert world.held() == 0


def test_an_event_holds_so_many_items_and_no_more(world: World) -> None:
    tell(world, *("expired" for _ in range(1_001)))

    found = world.sql("SELECT n, at, items FROM event ORDER BY id")
    told = [(n, at, len(json.loads(str(items)))) for n, at, items in found]
    assert told == [(500, world.now, 500), (500, world.now, 500), (1, world.now, 1)]


def test_money_is_released_once(world: World) -> None:
    world.send(2)
    holder = Holder(world)
    holder.claim()
    accepted, lost = holder.pump()
    holder.accepted(accepted)
    holder.lost(lost)
    holder.settle()
    for _ in range(3):
        world.later(VALIDITY + campaigns.SEAL_AFTER)
        world.housekeeping()

    assert world.sql("SELECT amount FROM entry WHERE kind = 'release'") == [(PRICE,)]


# -- events ---------------------------------------------------------------------------------------


def tell(world: World, *whats: str) -> None:
    journal = Journal()
    for what in whats:
        journal.tell(world.account, 1, EventKind.FAILED, Item(1, what, world.now))
    world.run(lambda c: journal.write(c, world.now))


def test_events_are_numbered_in_the_order_of_their_commits(world: World) -> None:
    for what in "abc":
        tell(world, what)
    assert world.run(lambda c: events.number_events(c, 2)) == 2
    tell(world, "d")
    assert world.run(lambda c: events.number_events(c, 10)) == 2

    told = world.sql("SELECT items FROM event ORDER BY pos")
    assert [json.loads(str(items))[0][1] for (items,) in told] == ["a", "b", "c", "d"]
    assert world.sql("SELECT pos FROM event ORDER BY pos") == [(1,), (2,), (3,), (4,)]


def test_one_transaction_tells_one_event_a_campaign_and_kind(world: World) -> None:
    tell(world, "a", "b")

    ((items,),) = world.sql("SELECT items FROM event")
    assert json.loads(str(items)) == [[1, "a", world.now], [1, "b", world.now]]


# -- jobs -----------------------------------------------------------------------------------------


def plan(world: World, kind: str, key: str = "1") -> None:
    world.sql("INSERT INTO task (kind, key, run_at) VALUES (?, ?, ?)", kind, key, world.now)


def fail(world: World) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        world.run(lambda c: tasks.step(c, world.now))
    world.run(lambda c: tasks.postpone(c, failed.value, world.now))
    return failed.value


def test_a_job_that_fails_makes_way_for_others(world: World) -> None:
    plan(world, "no such kind")
    campaign = world.send()
    cancel(world, campaign)
    fail(world)

    world.housekeeping()

    assert world.states(campaign) == [MessageState.SKIPPED]
    assert world.sql("SELECT kind, attempts FROM task WHERE error <> ''") == [("no such kind", 1)]


def test_a_job_that_fails_waits_longer_each_time(world: World) -> None:
    plan(world, "no such kind")
    waits: list[int] = []
    for _ in range(16):
        fail(world)
        due = world.number("SELECT run_at FROM task")
        waits.append(due - world.now)
        world.now = Instant(due)

    assert waits[:4] == [2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND]
    assert waits[-1] == HOUR


def test_a_step_that_fails_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: Connection, task: Task, now: Instant) -> Instant | None:
        connection.all(statements.LEASE_TASK, now=now, lease_until=now)
        raise ValueError(task.kind)

    monkeypatch.setattr(tasks, "STEPS", {"half": half})
    plan(world, "half", "1")
    plan(world, "half", "2")

    failed = fail(world)

    assert failed.task.key == "1"
    assert world.sql("SELECT key, state, attempts, fence FROM task ORDER BY id") == [
        ("1", 0, 1, 0),
        ("2", 0, 0, 0),
    ]


def test_a_leased_job_is_not_taken_before_its_lease_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "STEPS", {"job": lambda c, task, now: None})
    plan(world, "job")
    world.sql("UPDATE task SET state = 1, lease_until = ?", world.now + tasks.LEASE)

    def step() -> bool:
        return world.run(lambda c: tasks.step(c, world.now))

    world.later(tasks.LEASE)
    assert not step()
    world.later(1)
    assert step()
    assert world.sql("SELECT * FROM task") == []


def test_a_holder_that_lost_its_job_cannot_end_it(world: World) -> None:
    plan(world, "job")
    (stale,) = world.c.all(statements.LEASE_TASK, now=world.now, lease_until=world.now)
    world.later(1)
    world.c.all(statements.LEASE_TASK, now=world.now, lease_until=world.now)

    assert world.c.run(statements.END_TASK, task=stale.id, by=stale.fence) == 0
    world.run(lambda c: tasks.postpone(c, StepFailed(stale, ValueError()), world.now))
    assert world.sql("SELECT run_at FROM task") == [(world.now - 1,)]


def test_jobs_go_by_time_then_priority(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def job(connection: Connection, task: Task, now: Instant) -> None:
        done.append(task.key)

    monkeypatch.setattr(tasks, "STEPS", {"job": job})
    for key, run_at, priority in [("late", 5, 0), ("low", 1, 1), ("high", 1, 0), ("no", 60, 0)]:
        world.sql(
            "INSERT INTO task (kind, key, run_at, priority) VALUES ('job', ?, ?, ?)",
            key,
            world.now + run_at * SECOND,
            priority,
        )
    world.later(10 * SECOND)
    world.housekeeping()

    assert done == ["high", "low", "late"]


def test_a_doubt_planned_twice_is_one_job(world: World) -> None:
    campaign = world.send(2, in_doubt=InDoubt.REPEAT)
    holder = Holder(world)
    holder.claim()
    first, second = holder.pump()
    holder.lost(first)
    holder.settle()
    holder.lost(second)
    holder.settle()

    assert world.sql("SELECT kind, key FROM task") == [("in_doubt", str(campaign))]
    assert world.number("SELECT open_work FROM campaign_count") == 1
