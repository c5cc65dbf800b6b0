"""Everything that may happen to orders, in any order: the promises hold after each step.

A model carrier records what was put on the wire and later says what became of it.
"""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from octavo.db.codes import CampaignState, InDoubt, MessageState, Purpose, SliceState
from octavo.drivers.protocol import Fault
from octavo.kit.clock import DAY, HOUR, MINUTE, SECOND, Instant
from octavo.kit.money import Money
from octavo.kit.tickets import reference
from octavo.ledger import campaigns, inbounds, receipts, wallet
from octavo.ledger.claim import GATE
from octavo.ledger.orders import NobodyLeft, PlannedMessage
from tests.common.holder import Holder, Key, ids_of
from tests.common.ledger import PRICE, VALIDITY, World

MOST_ORDERS = 6
PERSONS = 6
WINDOW = 2
MOST = 4
LONGEST_MESSAGE = 3

_ENDED = (CampaignState.FINISHED, CampaignState.CANCELED, CampaignState.SEALED)

_PAUSES = [SECOND // 50, SECOND, 10 * SECOND, 10 * SECOND, MINUTE, MINUTE, HOUR, DAY]
_ANSWERS = ["accepted", "accepted", "refused", "later", "later", "throttled", "lost", "swallowed"]
"""`lost`: the carrier never saw it; `swallowed`: it took it, and its answer was lost."""
_ONE_OF_MANY = st.integers(0, 63)
_HOLDERS = st.sampled_from([0, 0, 0, 1, 2])


class Taken(NamedTuple):
    """What the carrier took, and may report on."""

    key: Key
    route: int
    address: str
    parts: int


class Person(NamedTuple):
    """A recipient of a test's order."""

    number: int
    parts: int


class Wish(NamedTuple):
    """An order of a test."""

    account: int
    persons: list[Person]
    policy: InDoubt
    purpose: Purpose
    ahead: int
    size: int


WISHES = st.builds(
    Wish,
    account=st.integers(0, 1),
    persons=st.lists(
        st.builds(Person, st.integers(0, PERSONS - 1), st.integers(1, LONGEST_MESSAGE)),
        min_size=1,
        max_size=PERSONS,
        unique_by=lambda person: person.number,
    ),
    policy=st.sampled_from(InDoubt),
    purpose=st.sampled_from(Purpose),
    ahead=st.sampled_from([0, 0, 0, 5 * SECOND, HOUR]),
    size=st.integers(1, 4),
)


class LedgerMachine(RuleBasedStateMachine):
    """Two accounts, two groups, two routes (one with a rate), three links."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(credit="2")
        self.accounts = [self.world.account, self.world.make_account("1")]
        other = self.world.make_group()
        self.groups = [self.world.group, other]
        slow = self.world.make_route(*self.groups, rate=8.0)
        self.holders = [
            Holder(self.world, self.world.link(route=route, no=no), window=WINDOW, most=MOST)
            for route, no in [(self.world.route, 0), (self.world.route, 1), (slow, 0)]
        ]
        self.orders: dict[int, InDoubt] = {}
        self.wire: Counter[tuple[int, int]] = Counter()
        """How often each message went out without being refused: the carrier may have it."""
        self.taken: list[Taken] = []
        self.intended: set[Key] = set()
        self.inbounds = 0

    def teardown(self) -> None:
        if self.orders:
            self._run_to_the_end()
        self.world.close()

    # -- orders --------------------------------------------------------------------------------

    @initialize()
    def first_order(self) -> None:
        """Enough for a link to hold what has no intent yet."""
        persons = [Person(number, 1 + number % 2) for number in range(4)]
        for policy in InDoubt:
            self.accept(Wish(0, persons, policy, Purpose.WHOLESALE, ahead=0, size=4))
        self.claim_and_send(0)

    @precondition(lambda self: len(self.orders) < MOST_ORDERS)
    @rule(wish=WISHES)
    def accept(self, wish: Wish) -> None:
        messages = [
            PlannedMessage(
                f"+3360000000{p.number}",
                "FR",
                None,
                p.parts,
                Money(PRICE * p.parts),
                self.groups[p.number // 4],
            )
            for p in wish.persons
        ]
        order = self.world.plan(
            account=self.accounts[wish.account],
            messages=messages,
            in_doubt=wish.policy,
            in_doubt_after=MINUTE,
            purpose=wish.purpose,
            send_at=Instant(self.world.now + wish.ahead),
            slice_size=wish.size,
        )
        try:
            campaign = self.world.accept(order).campaign
        except (wallet.InsufficientCredit, NobodyLeft):
            return
        self.orders[campaign] = wish.policy

    @rule(account=st.integers(0, 1))
    def top_up(self, account: int) -> None:
        self.world.top_up(self.accounts[account], "0.5")

    @rule(which=_ONE_OF_MANY, what=st.sampled_from(["pause", "resume", "cancel"]))
    def command(self, which: int, what: str) -> None:
        """Rather to an order that a link has in its hands than to another."""
        held = [h.slice.campaign for holder in self.holders for h in holder.holds.by_slice.values()]
        orders = 2 * held + sorted(self.orders)
        self._command(orders[which % len(orders)], what)

    def _command(self, campaign: int, what: str) -> None:
        world, ticket = self.world, self.world.ticket(campaign)
        account = world.number("SELECT account_id FROM campaign WHERE id = ?", campaign)
        try:
            if what == "pause":
                world.run(lambda c: campaigns.pause(c, account, ticket))
            elif what == "resume":
                world.run(lambda c: campaigns.resume(c, account, ticket, world.now))
            else:
                world.run(lambda c: campaigns.cancel(c, account, ticket, world.now))
        except campaigns.NotInThisState:
            return

    # -- links ---------------------------------------------------------------------------------

    @rule(holder=_HOLDERS)
    def claim(self, holder: int) -> None:
        self.holders[holder].claim()
        self._look_at_intents()

    @rule(holder=_HOLDERS)
    def claim_and_send(self, holder: int) -> None:
        self.claim(holder)
        self._pump(self.holders[holder])

    def _pump(self, holder: Holder) -> list[Key]:
        sent = holder.pump()
        for campaign, seq, _ in sent:
            self.wire[campaign, seq] += 1
        return sent

    @rule(
        holder=_HOLDERS,
        answers=st.lists(st.sampled_from(_ANSWERS), min_size=1, max_size=WINDOW),
        last_first=st.booleans(),
        settled=st.booleans(),
    )
    def answer(self, holder: int, answers: list[str], *, last_first: bool, settled: bool) -> None:
        """Some of what is in flight is answered, in whatever order."""
        h = self.holders[holder]
        keys = sorted(h.in_flight, reverse=last_first)
        for key, how in zip(keys, answers, strict=False):
            self._answer(h, key, how)
        if settled:
            self.settle_and_send(holder)

    def _answer(self, holder: Holder, key: Key, how: str) -> None:
        match how:
            case "accepted":
                self._take(holder, key)
                holder.accepted(key)
            case "refused":
                self._refuse(key)
                holder.refused(key)
            case "later":
                self._refuse(key)
                holder.refused(key, Fault.TEMPORARY)
            case "throttled":
                self._refuse(key)
                holder.throttled(key)
            case "swallowed":
                self._take(holder, key)
                holder.lost(key)
            case _:
                holder.lost(key)

    def _refuse(self, key: Key) -> None:
        self.wire[key[:2]] -= 1

    def _take(self, holder: Holder, key: Key) -> None:
        _, row = holder.in_flight[key]
        self.taken.append(Taken(key, holder.link.route, row.address, row.parts))

    @rule(holder=_HOLDERS)
    def settle(self, holder: int) -> None:
        self.holders[holder].settle()
        self._look_at_intents()

    @rule(holder=_HOLDERS)
    def settle_and_send(self, holder: int) -> None:
        self.settle(holder)
        self._pump(self.holders[holder])

    @rule(
        holder=_HOLDERS,
        swallowed=st.lists(st.booleans(), min_size=WINDOW, max_size=WINDOW),
        late=st.booleans(),
    )
    def crash(self, holder: int, swallowed: list[bool], late: bool) -> None:
        """The holder dies, or loses its link and still tells what it heard."""
        h = self.holders[holder]
        for key, taken in zip(sorted(h.in_flight), swallowed, strict=False):
            if taken:
                self._take(h, key)
        if late:
            h.keep_late_answers()
        h.retake()

    @rule(holder=_HOLDERS)
    def drain(self, holder: int) -> None:
        h = self.holders[holder]
        for key in sorted(h.in_flight):
            self._take(h, key)
            h.accepted(key)
        h.drain()

    # -- what comes back -----------------------------------------------------------------------

    @precondition(lambda self: self.taken)
    @rule(
        which=_ONE_OF_MANY,
        part=st.integers(0, LONGEST_MESSAGE - 1),
        state=st.sampled_from(["delivered", "delivered", "expired", "undeliverable"]),
        how=st.sampled_from(["id", "reference", "recipient"]),
    )
    def report(self, which: int, part: int, state: str, how: str) -> None:
        """Early, late, twice, by id, by reference or only by the recipient."""
        t = self.taken[which % len(self.taken)]
        self._report(t, part % t.parts, state, how)

    def _report(self, t: Taken, part: int, state: str, how: str) -> None:
        told = receipts.Receipt(
            ids_of(t.key, t.parts)[part],
            state,
            self.world.now,
            "",
            t.address,
            "Octavo",
            reference(*t.key[:2]) if how == "reference" else "",
        )
        if how == "id":
            told = told._replace(sender="")
        self.world.receipts(told, route=t.route)

    @rule(which=_ONE_OF_MANY, kind=st.sampled_from([inbounds.STOP, inbounds.STOP, inbounds.START]))
    def reply(self, which: int, kind: str) -> None:
        """A person may have heard of us before: nothing need be on the wire yet."""
        messages = self.world.sql("SELECT campaign_id, seq, address FROM message ORDER BY 1, 2")
        campaign, seq, address = messages[which % len(messages)]
        self.inbounds += 1
        told = inbounds.Inbound(
            str(self.inbounds),
            str(address),
            "36000",
            kind,
            kind,
            self.world.now,
            (int(str(campaign)), int(str(seq))),
        )
        self.world.run(lambda c: inbounds.take(c, self.world.route, [told], self.world.now))

    # -- time ----------------------------------------------------------------------------------

    @rule(pause=st.sampled_from(_PAUSES))
    def time_passes(self, pause: int) -> None:
        self.world.later(pause)
        self.world.housekeeping()

    # -- promises ------------------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self) -> None:
        assert self.world.breaches() == []

    @invariant()
    def nobody_overdraws(self) -> None:
        assert self.world.number("SELECT min(available) FROM account") >= 0

    @invariant()
    def never_repeated_means_never_twice(self) -> None:
        assert not [
            message
            for message, n in self.wire.items()
            if n > 1 and self.orders[message[0]] is InDoubt.NEVER_REPEAT
        ]

    @invariant()
    def doubt_is_bounded_and_memory_agrees(self) -> None:
        for holder in self.holders:
            under_intent = self.world.number(
                "SELECT sum(m.parts) FROM slice s JOIN message m ON m.campaign_id = s.campaign_id"
                " AND m.seq > s.cur AND m.seq <= s.intent_hi AND m.pass = s.pass AND m.state = ?"
                " WHERE s.link_id = ? AND s.state = ?",
                MessageState.PENDING,
                holder.link.id,
                SliceState.LEASED,
            )
            assert under_intent == holder.holds.intended <= MOST

    @invariant()
    def a_range_has_one_open_slice(self) -> None:
        assert not self.world.sql(
            "SELECT campaign_id, lo FROM slice WHERE state <> ? GROUP BY 1, 2 HAVING count(*) > 1",
            SliceState.CLOSED,
        )

    @invariant()
    def the_ledger_knows_who_holds_what(self) -> None:
        for holder in self.holders:
            leased = self.world.sql(
                "SELECT id FROM slice WHERE link_id = ? ORDER BY id", holder.link.id
            )
            assert [row[0] for row in leased] == sorted(holder.holds.by_slice)

    def _look_at_intents(self) -> None:
        """An intent committed just now is for somebody who may be written to, by an order that
        may send.
        """
        intended: set[Key] = set()
        for holder in self.holders:
            intended |= {
                (due.row.campaign, due.row.seq, hold.slice.pass_)
                for hold in holder.holds.by_slice.values()
                for due in hold.ready
            }
        for campaign, seq, _ in intended - self.intended:
            assert self.world.state(campaign) is CampaignState.SENDING
            assert not self.world.sql(
                "SELECT 1 FROM message m JOIN campaign c ON c.id = m.campaign_id"
                " JOIN suppression s ON s.account_id = c.account_id AND s.address = m.address"
                " WHERE m.campaign_id = ? AND m.seq = ? AND s.scope >= 1 - c.purpose",
                campaign,
                seq,
            )
        self.intended = intended

    def _run_to_the_end(self) -> None:
        """Paused orders go on, the carrier takes everything: nothing may stay pending."""
        for campaign in self.orders:
            self._command(campaign, "resume")
        for turn in range(300):
            self.world.housekeeping()
            for holder in self.holders:
                holder.claim()
                self._pump(holder)
                for key in sorted(holder.in_flight):
                    holder.accepted(key)
                if holder.wants_settle():
                    holder.settle()
            if all(self.world.state(campaign) in _ENDED for campaign in self.orders):
                break
            self.world.later(GATE if turn % 5 else 5 * MINUTE)
        self._check_the_end()

    def _check_the_end(self) -> None:
        for campaign in self.orders:
            assert self.world.state(campaign) in _ENDED
            assert self.world.counted(campaign, MessageState.PENDING) == 0
        assert self.world.breaches() == []
        self.world.later(VALIDITY + campaigns.SEAL_AFTER + HOUR)
        for _ in range(len(self.orders)):
            self.world.housekeeping()
        assert [self.world.held(account) for account in self.accounts] == [0, 0]
        assert self.world.breaches() == []
        self.never_repeated_means_never_twice()


_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

LedgerMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=_CHECKS
)
TestLedger = LedgerMachine.TestCase


@pytest.mark.slow
def test_longer_histories() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=300, stateful_step_count=100, deadline=None, suppress_health_check=_CHECKS
        ),
    )
