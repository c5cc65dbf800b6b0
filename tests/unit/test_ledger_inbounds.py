"""Messages from recipients: each once; STOP suppresses, START lifts, the evidence stays (P5)."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from octavo.db.codes import EventKind, Scope
from octavo.ledger import inbounds
from octavo.ledger.inbounds import START, STOP, Inbound
from tests.common.holder import Holder
from tests.common.ledger import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


def reply(world: World, ref: str, kind: str, answers: tuple[int, int] | None) -> None:
    number = world.people(1)[0].address
    told = Inbound(ref, number, "36000", kind, kind, world.now, answers)
    world.run(lambda c: inbounds.take(c, world.route, [told], world.now))


def suppressed(world: World) -> list[tuple[object, ...]]:
    return [tuple(row) for row in world.sql("SELECT account_id, scope, reason FROM suppression")]


def logged(world: World) -> list[tuple[object, ...]]:
    found = world.sql("SELECT scope, lifted, inbound_id IS NOT NULL FROM suppression_log")
    return [tuple(row) for row in found]


def test_stop_suppresses_marketing_of_that_account(world: World) -> None:
    campaign = world.send()

    reply(world, "1", STOP, (campaign, 1))

    assert suppressed(world) == [(world.account, Scope.MARKETING, STOP)]
    assert logged(world) == [(Scope.MARKETING, 0, 1)]
    assert Holder(world).work() == []
    assert world.accept(world.plan(2)).opted_out == 1


def test_start_lifts_it_and_both_are_on_record(world: World) -> None:
    campaign = world.send()
    reply(world, "1", STOP, (campaign, 1))

    reply(world, "2", START, (campaign, 1))

    assert suppressed(world) == []
    assert logged(world) == [(Scope.MARKETING, 0, 1), (Scope.MARKETING, 1, 1)]
    assert world.accept(world.plan()).opted_out == 0


def test_start_without_stop_is_nothing(world: World) -> None:
    reply(world, "1", START, (world.send(), 1))

    assert logged(world) == []


def test_start_does_not_lift_a_suppression_of_everything(world: World) -> None:
    campaign = world.send()
    address = world.people(1)[0].address
    world.run(
        lambda c: inbounds.suppress(
            c,
            account=world.account,
            address=address,
            scope=Scope.ALL,
            reason="bounce",
            now=world.now,
        )
    )
    reply(world, "1", STOP, (campaign, 1))
    reply(world, "2", START, (campaign, 1))

    assert suppressed(world) == [(world.account, Scope.ALL, "bounce")]


def test_a_wider_scope_replaces_a_narrower_one(world: World) -> None:
    campaign = world.send()
    reply(world, "1", STOP, (campaign, 1))
    address = world.people(1)[0].address
    world.run(
        lambda c: inbounds.suppress(
            c, account=world.account, address=address, scope=Scope.ALL, reason="x", now=world.now
        )
    )

    assert suppressed(world) == [(world.account, Scope.ALL, "x")]


def test_what_a_carrier_tells_twice_is_taken_once(world: World) -> None:
    campaign = world.send()

    for _ in range(2):
        reply(world, "1", STOP, (campaign, 1))

    assert world.number("SELECT count(*) FROM inbound") == 1
    assert logged(world) == [(Scope.MARKETING, 0, 1)]
    assert world.sql("SELECT kind FROM event") == [(EventKind.STOP,)]


def test_a_reply_is_told_with_the_message_that_it_answers(world: World) -> None:
    campaign = world.send()

    reply(world, "1", "", (campaign, 1))

    assert world.sql("SELECT account_id, campaign_id, seq FROM inbound") == [
        (world.account, campaign, 1)
    ]
    assert world.sql("SELECT kind, campaign_id FROM event") == [(EventKind.INBOUND, campaign)]


@pytest.mark.parametrize("answers", [None, (12345, 1)])
def test_a_message_that_answers_nothing_known_is_kept(
    world: World, answers: tuple[int, int] | None
) -> None:
    reply(world, "1", STOP, answers)

    assert world.sql("SELECT account_id, campaign_id, kind FROM inbound") == [(None, None, STOP)]
    assert suppressed(world) == []


# -- carriers that do not say what a reply answers ------------------------------------------------

STOP_TEXT = "Promo, STOP au 36000"


def send(world: World, text: str = "Bonjour", **options: object) -> int:
    order = replace(world.plan(2), text=text, options=json.dumps(options), sender="38000")
    campaign = world.accept(order).campaign
    Holder(world).work()
    return campaign


def answered(world: World, recipient: str, sender: str = "33600000000") -> int | None:
    """The campaign that a reply is attached to."""
    told = Inbound(f"{recipient}-{world.now}", sender, recipient, "Oui", "", world.now, None)
    world.run(lambda c: inbounds.take(c, world.route, [told], world.now))
    world.later(1)
    ((campaign,),) = world.sql("SELECT campaign_id FROM inbound ORDER BY id DESC LIMIT 1")
    assert campaign is None or isinstance(campaign, int)
    return campaign


def test_a_reply_answers_the_last_message_from_the_number_it_goes_to(world: World) -> None:
    first = send(world, with_replies=True)
    assert answered(world, "38000") == first
    second = send(world, with_replies=True)

    assert answered(world, "38000") == second
    assert answered(world, "38000", "+33600000001") == second
    assert answered(world, "36000") is None
    assert answered(world, "38000", "+33699999999") is None


def test_stop_goes_to_the_number_in_the_text(world: World) -> None:
    send(world)
    campaign = send(world, STOP_TEXT)
    told = Inbound("1", "33600000000", "36000", "Stop. Merci", STOP, world.now, None)

    unmatched = world.run(lambda c: inbounds.take(c, world.route, [told], world.now))

    assert not unmatched
    assert suppressed(world) == [(world.account, Scope.MARKETING, STOP)]
    assert world.sql("SELECT address FROM suppression") == [("+33600000000",)]
    assert answered(world, "36000") == campaign
    assert answered(world, "38000") is None


def test_a_message_that_was_refused_is_answered_by_nobody(world: World) -> None:
    world.accept(replace(world.plan(1), options=json.dumps({"with_replies": True}), sender="38000"))
    holder = Holder(world)
    holder.claim()
    for key in holder.pump():
        holder.refused(key)
    holder.settle()

    assert answered(world, "38000") is None


def test_a_message_whose_answer_was_lost_may_be_answered(world: World) -> None:
    order = replace(world.plan(1), options=json.dumps({"with_replies": True}), sender="38000")
    campaign = world.accept(order).campaign
    holder = Holder(world)
    holder.claim()
    for key in holder.pump():
        holder.lost(key)
    holder.settle()

    assert answered(world, "38000") == campaign
