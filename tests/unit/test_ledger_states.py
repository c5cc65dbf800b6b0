"""The life of a message: one table, and statements that obey it."""

from itertools import product

import pytest

from octavo.db.codes import MessageState
from octavo.db.statement import Command
from octavo.db.statements import dispatching, passes
from octavo.ledger.states import EXPIRED, Fact, after
from tests.common.ledger import World

PENDING, ACCEPTED, DELIVERED = MessageState.PENDING, MessageState.ACCEPTED, MessageState.DELIVERED
FAILED, SKIPPED, UNKNOWN = MessageState.FAILED, MessageState.SKIPPED, MessageState.UNKNOWN

CHANGES = {
    PENDING: {
        Fact.ACCEPTED: ACCEPTED,
        Fact.REFUSED: FAILED,
        Fact.DELAYED: PENDING,
        Fact.LEFT_OUT: SKIPPED,
        Fact.LOST: UNKNOWN,
    },
    ACCEPTED: {Fact.DELIVERED: DELIVERED, Fact.UNDELIVERED: FAILED},
    UNKNOWN: {
        Fact.ACCEPTED: ACCEPTED,
        Fact.REFUSED: FAILED,
        Fact.REPEATED: PENDING,
        Fact.DELIVERED: DELIVERED,
        Fact.UNDELIVERED: FAILED,
    },
    DELIVERED: {},
    FAILED: {},
    SKIPPED: {},
}

FACTS_OF = {
    "accepted": (dispatching.ACCEPT_MESSAGE, Fact.ACCEPTED, ()),
    "delayed": (dispatching.RETRY_MESSAGE, Fact.DELAYED, (1, 1)),
    "refused": (dispatching.END_MESSAGE, Fact.REFUSED, (int(FAILED), "why", 1)),
    "left out": (dispatching.END_MESSAGE, Fact.LEFT_OUT, (int(SKIPPED), "why", 0)),
    "lost": (dispatching.END_MESSAGE, Fact.LOST, (int(UNKNOWN), "", 1)),
    "repeated": (passes.REPEAT_MESSAGE, Fact.REPEATED, (1,)),
}


@pytest.mark.parametrize(("state", "fact"), list(product(MessageState, Fact)))
@pytest.mark.parametrize("reason", ["", "rejected"])
def test_every_pair_of_state_and_fact(state: MessageState, fact: Fact, reason: str) -> None:
    assert after(state, fact, reason) == CHANGES[state].get(fact)


@pytest.mark.parametrize(("state", "fact"), list(product(MessageState, Fact)))
def test_only_a_failure_by_expiry_is_overturned_and_only_by_a_delivery(
    state: MessageState, fact: Fact
) -> None:
    overturned = state is FAILED and fact is Fact.DELIVERED

    assert after(state, fact, EXPIRED) == (DELIVERED if overturned else CHANGES[state].get(fact))


def test_a_final_state_is_left_by_nothing_else() -> None:
    final = {state for state, changes in CHANGES.items() if not changes}

    assert final == {DELIVERED, FAILED, SKIPPED}


@pytest.mark.parametrize("state", MessageState)
@pytest.mark.parametrize(("command", "fact", "values"), FACTS_OF.values(), ids=FACTS_OF)
def test_a_statement_changes_only_what_the_table_allows(
    command: Command, fact: Fact, values: tuple[int | str, ...], state: MessageState
) -> None:
    world = World()
    campaign = world.send()
    world.sql("UPDATE message SET state = ?", int(state))
    key: tuple[int, ...] = (campaign, 1) if fact is Fact.REPEATED else (campaign, 1, 0)
    place = () if fact in {Fact.DELAYED, Fact.REPEATED} else (world.route,)

    touched = world.c.many(command, [(*values, *place, world.now, *key)])

    origin = UNKNOWN if fact is Fact.REPEATED else PENDING
    assert touched == (1 if state is origin else 0)
    assert world.states(campaign) == [after(state, fact) if state is origin else state]


@pytest.mark.parametrize(
    "command", [c for name, (c, *_) in FACTS_OF.items() if name in {"accepted", "delayed", "lost"}]
)
def test_an_answer_of_an_older_pass_changes_nothing(command: Command) -> None:
    world = World()
    campaign = world.send()
    world.sql("UPDATE message SET pass = 1")
    (values, place) = next((v, f is Fact.DELAYED) for c, f, v in FACTS_OF.values() if c is command)
    route = () if place else (world.route,)

    assert world.c.many(command, [(*values, *route, world.now, campaign, 1, 0)]) == 0
