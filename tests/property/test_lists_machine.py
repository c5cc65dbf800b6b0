"""Campaigns on lists while people come and go: computed, confirmed, started, canceled in any order.

Everything adds up after each step; nobody gets a campaign twice, nor pays more than was shown.
"""

from collections import Counter
from functools import partial

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

from octavo.db.codes import CampaignState, Scope
from octavo.kit.clock import MINUTE, SECOND, Instant
from octavo.kit.money import ZERO, money
from octavo.ledger import campaigns, confirm, drafts, inbounds, wallet
from octavo.ledger.audience import Audience, Collection, Kind
from octavo.ledger.confirm import AlreadySent, Confirmed, Failed, NotReady
from tests.common.holder import Holder
from tests.common.ledger import World
from tests.common.lists import Book, Contact

PERSONS = 9
MOST_CAMPAIGNS = 4
FEE = money("0.01")

_PERSONS = st.integers(0, PERSONS - 1)
_WHICH = st.integers(0, MOST_CAMPAIGNS - 1)
_ENDED = (CampaignState.FINISHED, CampaignState.CANCELED, CampaignState.FAILED)
_COLLECTIONS = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)


def person(n: int) -> Contact:
    """Mostly French; a Spaniard costs twice as much, one number cannot be sent to."""
    if n == 7:
        return Contact("+34600000007", "ES", first_name="x" * 50)
    if n == 8:
        return Contact("+33", "", invalid=1)
    return Contact(f"+3360000000{n}", first_name="x" * 30 if n % 2 else None)


class ListsMachine(RuleBasedStateMachine):
    """One account that is not rich, three lists and tags, two links."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(credit="1.5")
        self.book = Book(self.world)
        self.holder = Holder(self.world, window=3, most=4)
        self.campaigns: list[int] = []
        self.shown: dict[int, int] = {}
        self.sent: Counter[tuple[int, str]] = Counter()

    @initialize()
    def lists(self) -> None:
        kinds = (Kind.LIST, Kind.LIST, Kind.TAG)
        self.collections = [self.book.collection(kind, f"c{n}") for n, kind in enumerate(kinds)]
        for n, collection in enumerate(self.collections):
            self.book.put([person(p) for p in range(n, PERSONS, n + 1)], collection)

    def teardown(self) -> None:
        for _ in range(5):
            self.world.live(MINUTE)
            self.deliver(3)
        for campaign in self.campaigns:
            state = self.world.state(campaign)
            if state in (CampaignState.READY_TO_BE_SENT, CampaignState.PAUSED):
                continue
            assert state in _ENDED, state
        self.nothing_breaks()
        self.world.close()

    # -- people --------------------------------------------------------------------------------

    @rule(who=_PERSONS, where=st.integers(0, 2))
    def join(self, who: int, where: int) -> None:
        self.book.put([person(who)], self.collections[where])

    @rule(who=_PERSONS, where=st.integers(0, 2))
    def leave(self, who: int, where: int) -> None:
        found = self.world.sql(
            "SELECT id FROM contact WHERE phone_number = ?", person(who).phone_number
        )
        for (contact,) in found:
            assert isinstance(contact, int)
            self.book.leave(self.collections[where], contact)

    @rule(who=_PERSONS)
    def opt_out(self, who: int) -> None:
        world, address = self.world, person(who).phone_number
        assert address is not None
        world.run(
            lambda c: inbounds.suppress(
                c,
                account=world.account,
                address=address,
                scope=Scope.MARKETING,
                reason="stop",
                now=world.now,
            )
        )

    @rule(which=st.integers(0, 30))
    def a_list_goes(self, which: int) -> None:
        """Now and then; a new one takes its place."""
        if which > 2:
            return
        gone = self.collections[which]
        self.book.drop(gone)
        name = f"again-{self.world.now}-{which}-{len(self.campaigns)}-{gone.id}"
        self.collections[which] = self.book.collection(gone.kind, name)

    # -- campaigns -----------------------------------------------------------------------------

    @precondition(lambda self: len(self.campaigns) < MOST_CAMPAIGNS)
    @rule(
        which=_COLLECTIONS,
        every=st.booleans(),
        text=st.sampled_from(["Bonjour", "{first_name} {first_name} {first_name} {first_name}"]),
        leave_out=st.booleans(),
        ahead=st.sampled_from([0, 0, MINUTE]),
        size=st.integers(1, 4),
    )
    def draft(
        self, *, which: list[int], every: bool, text: str, leave_out: bool, ahead: int, size: int
    ) -> None:
        chosen = [self.collections[n] for n in which]
        clauses: tuple[tuple[Collection, ...], ...] = (
            tuple((one,) for one in chosen) if every else (tuple(chosen),)
        )
        self.campaigns.append(
            self.book.draft(
                Audience(clauses),
                text=text,
                leave_out=leave_out,
                fee=FEE if leave_out else ZERO,
                send_at=Instant(self.world.now + ahead),
                slice_size=size,
            )
        )

    def _campaign(self, which: int) -> int | None:
        return self.campaigns[which % len(self.campaigns)] if self.campaigns else None

    @rule(which=_WHICH, most=st.integers(1, 5))
    def compute(self, which: int, most: int) -> None:
        if campaign := self._campaign(which):
            self.book.step(campaign, most)

    @rule(which=_WHICH)
    def confirm(self, which: int) -> None:
        campaign = self._campaign(which)
        if campaign is None:
            return
        found = self.book.look(campaign)
        try:
            confirmed = self.book.confirm(campaign)
        except (NotReady, AlreadySent, Failed, wallet.InsufficientCredit):
            return
        if isinstance(confirmed, Confirmed):
            assert confirmed.cost == found.cost + found.fee
            self.shown[campaign] = confirmed.cost

    @rule(which=_WHICH, what=st.sampled_from(["pause", "resume", "cancel"]))
    def command(self, which: int, what: str) -> None:
        campaign, world = self._campaign(which), self.world
        if campaign is None:
            return
        ticket, account = world.ticket(campaign), world.account
        try:
            if what == "pause":
                world.run(lambda c: campaigns.pause(c, account, ticket))
            elif what == "resume":
                world.run(lambda c: campaigns.resume(c, account, ticket, world.now))
            else:
                world.run(lambda c: campaigns.cancel(c, account, ticket, world.now))
        except campaigns.NotInThisState:
            return

    @rule()
    def start(self) -> None:
        for campaign in self.shown:
            self.world.run(partial(confirm.start_step, campaign=campaign, now=self.world.now))

    @rule()
    def discard(self) -> None:
        for campaign in self.campaigns:
            self.world.run(partial(drafts.discard_step, campaign=campaign, now=self.world.now))

    # -- the world -----------------------------------------------------------------------------

    @rule(rounds=st.integers(1, 3))
    def deliver(self, rounds: int) -> None:
        for _ in range(rounds):
            self.holder.claim()
            for key in self.holder.pump():
                address = str(
                    self.world.sql(
                        "SELECT address FROM message WHERE campaign_id = ? AND seq = ?", *key[:2]
                    )[0][0]
                )
                self.sent[key[0], address] += 1
                self.holder.accepted(key)
            if self.holder.wants_settle():
                self.holder.settle()

    @rule(seconds=st.sampled_from([1, 10, 61]))
    def live(self, seconds: int) -> None:
        self.world.live(seconds * SECOND)

    @rule()
    def top_up(self) -> None:
        self.world.top_up(self.world.account, "0.1")

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def nothing_breaks(self) -> None:
        assert self.world.breaches() == []

    @invariant()
    def nobody_gets_it_twice(self) -> None:
        assert set(self.sent.values()) <= {1}
        assert {campaign for campaign, _ in self.sent} <= self.shown.keys()

    @invariant()
    def nobody_pays_more_than_was_shown(self) -> None:
        for campaign, shown in self.shown.items():
            found = self.world.sql(
                "SELECT c.held + c.fee, n.captured + c.fee FROM campaign c"
                " JOIN campaign_count n ON n.campaign_id = c.id WHERE c.id = ?",
                campaign,
            )
            held, spent = found[0]
            assert held == shown
            assert isinstance(spent, int)
            assert spent <= shown


QUICK = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_campaigns_on_lists_add_up_whatever_happens() -> None:
    run_state_machine_as_test(ListsMachine, settings=QUICK)


@pytest.mark.slow
def test_campaigns_on_lists_add_up_whatever_happens_at_length() -> None:
    run_state_machine_as_test(ListsMachine, settings=settings(QUICK, max_examples=1_000))
