"""`verify` finds what does not add up: the data is broken by hand, and it says so."""

# ruff: noqa: S608 - the statements that break the data are put together here

from collections.abc import Callable, Iterator

import pytest

from octavo.db.codes import CampaignState
from octavo.ledger import verify
from tests.common.holder import Holder
from tests.common.ledger import PRICE, World


@pytest.fixture
def world() -> Iterator[World]:
    """One campaign of each age: pending, half sent, in doubt, finished, canceled."""
    world = World()
    finished = world.send(2)
    Holder(world).work()
    doubtful = world.send(2)
    holder = Holder(world)
    holder.claim()
    first, second = holder.pump()
    holder.accepted(first)
    holder.lost(second)
    holder.settle()
    pending = world.send(3)
    assert [finished, doubtful, pending] == sorted([finished, doubtful, pending])
    assert world.breaches() == []
    yield world
    world.close()


FINISHED, DOUBTFUL, PENDING = (
    f"(SELECT id FROM campaign ORDER BY id LIMIT 1 OFFSET {n})" for n in range(3)
)

BREAKS = {
    "a message lost": f"DELETE FROM message WHERE campaign_id = {PENDING} AND seq = 1",
    "a message made up": (
        "INSERT INTO message (campaign_id, seq, address, country, parts, price, state, at)"
        f" VALUES ({FINISHED}, 9, 'x', 'FR', 1, 0, 3, 0)"
    ),
    "a state changed": f"UPDATE message SET state = 2 WHERE campaign_id = {FINISHED} AND seq = 1",
    "a pending message delivered": (
        f"UPDATE message SET state = 2 WHERE campaign_id = {PENDING} AND seq = 1"
    ),
    "a reason without a count": (
        f"UPDATE message SET state = 3, reason = 'x' WHERE campaign_id = {FINISHED} AND seq = 1"
    ),
    "a count without a reason": (
        f"INSERT INTO campaign_reason VALUES ({FINISHED}, 3, 'made up', 1)"
    ),
    "counters moved": (
        "UPDATE campaign_count SET pending = pending - 1, delivered = delivered + 1"
        f" WHERE campaign_id = {PENDING}"
    ),
    "counters lost": f"DELETE FROM campaign_count WHERE campaign_id = {PENDING}",
    "charged twice": f"UPDATE message SET charged = 2 * price WHERE campaign_id = {FINISHED}",
    "charged nothing": f"UPDATE message SET charged = 0 WHERE campaign_id = {FINISHED}",
    "charged while pending": (
        f"UPDATE message SET charged = price WHERE campaign_id = {PENDING} AND seq = 1"
    ),
    "captured more": (
        f"UPDATE campaign_count SET captured = captured + 1 WHERE campaign_id = {FINISHED}"
    ),
    "released more": f"UPDATE campaign SET released = released + 1 WHERE id = {PENDING}",
    "released less": f"UPDATE campaign SET released = released - 1 WHERE id = {FINISHED}",
    "held less": f"UPDATE campaign SET held = held - 1 WHERE id = {PENDING}",
    "money of a doubt released": f"UPDATE campaign SET released = held WHERE id = {DOUBTFUL}",
    "money of a doubt not released by the seal": (
        f"UPDATE campaign SET sealed_at = 1 WHERE id = {DOUBTFUL}"
    ),
    "dearer than its hold": f"UPDATE message SET price = price + 1 WHERE campaign_id = {PENDING}",
    "a fee nobody paid": f"UPDATE campaign SET fee = 1 WHERE id = {PENDING}",
    "a slice lost": f"DELETE FROM slice WHERE campaign_id = {PENDING}",
    "a slice closed too early": f"UPDATE slice SET state = 3 WHERE campaign_id = {PENDING}",
    "a slice of a pass that will not be": (
        f"UPDATE slice SET pass = pass + 3 WHERE campaign_id = {PENDING}"
    ),
    "a slice open after the end": f"UPDATE slice SET state = 1 WHERE campaign_id = {FINISHED}",
    "two slices over the same messages": (
        "INSERT INTO slice (campaign_id, account_id, group_id, pass, priority, vt, run_at, lo, hi,"
        " parts, cur, grant_hi, intent_hi, state)"
        " SELECT campaign_id, account_id, group_id, pass + 1,"
        " priority, vt, run_at, lo, hi, parts, cur, grant_hi, intent_hi, state FROM slice"
        f" WHERE campaign_id = {PENDING}"
    ),
    "work miscounted": f"UPDATE campaign_count SET open_work = 2 WHERE campaign_id = {PENDING}",
    "finished with messages pending": (
        f"UPDATE campaign SET state = {int(CampaignState.FINISHED)} WHERE id = {PENDING}"
    ),
    "never finished": (
        f"UPDATE campaign SET state = {int(CampaignState.SENDING)} WHERE id = {FINISHED}"
    ),
    "a balance raised": "UPDATE account SET available = available + 1",
    "a balance lowered": "UPDATE account SET available = available - 1",
    "a pack lost": "DELETE FROM pack",
    "a top-up lost": "DELETE FROM entry WHERE kind = 'top_up'",
    "a hold lost": f"DELETE FROM entry WHERE kind = 'hold' AND campaign_id = {PENDING}",
    "a capture lost": "DELETE FROM entry WHERE kind = 'capture'",
    "a capture changed": "UPDATE entry SET amount = amount + 1 WHERE kind = 'capture'",
    "an entry in the wrong books": "UPDATE entry SET credit = 'available' WHERE kind = 'capture'",
}


@pytest.mark.parametrize("damage", BREAKS.values(), ids=BREAKS)
def test_damage_is_found(world: World, damage: str) -> None:
    world.sql(damage)

    assert world.breaches()


def test_a_closing_equation_that_does_not_hold_is_refused_by_the_store(world: World) -> None:
    with pytest.raises(Exception, match="adds_up"):
        world.sql("UPDATE campaign_count SET pending = pending + 1")


def test_a_balance_below_zero_is_refused_by_the_store(world: World) -> None:
    with pytest.raises(Exception, match="solvent"):
        world.sql("UPDATE account SET available = -1")


def test_a_breach_says_what_and_where(world: World) -> None:
    world.sql(f"UPDATE campaign_count SET captured = captured + 1 WHERE campaign_id = {FINISHED}")
    (ticket,) = world.sql(f"SELECT ticket FROM campaign WHERE id = {FINISHED}")[0]

    captured, hold, *rest = world.breaches()

    assert captured == verify.Breach("captured", str(ticket), 2 * PRICE, 2 * PRICE + 1)
    assert hold.what == "hold of an ended campaign"
    assert {breach.where for breach in rest} == {f"account {world.account}"}


@pytest.mark.parametrize("check", [verify.campaign, verify.account])
def test_what_is_not_there_is_not_sound(
    world: World, check: Callable[..., list[verify.Breach]]
) -> None:
    expected = 1 if check is verify.campaign else 0

    assert len(check(world.c, 999)) == expected
