"""A small world for tests of the ledger: accounts, prices, routes, links; on either engine.

Each call of the ledger is a unit of work of its own: committed, or undone after an error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TypedDict, TypeVar, Unpack

from octavo.db.codes import CampaignState, InDoubt, MessageState, Purpose, SliceState
from octavo.db.connection import Connection
from octavo.db.statement import Value
from octavo.db.unit_of_work import Rank, Unit
from octavo.kit.clock import DAY, HOUR, MINUTE, SECOND, Instant
from octavo.kit.money import ZERO, Money, money
from octavo.ledger import campaigns, claim, events, links, orders, receipts, tasks, verify, wallet
from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from octavo.ledger.orders import Accepted, PlannedMessage, PlannedOrder
from octavo.ledger.verify import Breach
from tests.common.engines import ENGINES, Engine

NOW = Instant(1_800_000_000 * SECOND)
PRICE = money("0.04")
VALIDITY = 6 * HOUR
DOUBT_AFTER = 15 * MINUTE

T = TypeVar("T")


class Choice:
    """The engine that new worlds are made on; `tests/conftest.py` runs tests on each."""

    name = "sqlite"


class OrderOptions(TypedDict, total=False):
    """What an order of a test may have otherwise."""

    purpose: Purpose
    in_doubt: InDoubt
    in_doubt_after: int
    send_at: Instant
    validity: int
    slice_size: int
    request_id: str | None
    leave_out_suppressed: bool
    fee: Money
    account: int
    messages: Sequence[PlannedMessage]


class Row(TypedDict):
    """A message as it is stored."""

    state: MessageState
    reason: str
    pass_: int
    attempts: int
    charged: int
    parts_done: int
    route: int | None


class World:
    """An account with 100 euros, a group with one route and its link, at an instant."""

    def __init__(self, *, rate: float | None = None, credit: str = "100") -> None:
        self.engine: Engine = ENGINES[Choice.name]()
        self.c = self.engine.c
        self.now = NOW
        self._numbers = count(1)
        self.account = self.make_account(credit)
        self.group = self.make_group()
        self.route = self.make_route(self.group, rate=rate)

    def close(self) -> None:
        """Forgets everything."""
        self.engine.close()

    # -- units of work -------------------------------------------------------------------------

    @contextmanager
    def unit(self) -> Iterator[Connection]:
        """A transaction: all of it or nothing."""
        self.engine.begin()
        try:
            yield self.c
        except BaseException:
            self.engine.roll_back()
            raise
        self.engine.commit()

    def run(self, unit: Unit[T]) -> T:
        """Runs one unit of work."""
        with self.unit() as c:
            return unit(c)

    def sql(self, text: str, *values: Value) -> list[tuple[Value, ...]]:
        """What a statement of the test's own gives."""
        return self.engine.sql(text, *values)

    def number(self, text: str, *values: Value) -> int:
        """The one integer that a statement gives."""
        value = self.sql(text, *values)[0][0]
        assert value is None or isinstance(value, int)
        return value or 0

    def later(self, microseconds: int) -> None:
        """Time passes."""
        self.now = Instant(self.now + microseconds)

    # -- furniture -----------------------------------------------------------------------------

    def make_account(self, credit: str = "100") -> int:
        """An account with credit."""
        account = self.number(
            "INSERT INTO account (name, created_at) VALUES ('someone', ?) RETURNING id", self.now
        )
        if money(credit):
            self.top_up(account, credit)
        return account

    def top_up(self, account: int, amount: str) -> Money:
        """Credit that comes from outside."""
        give = partial(
            wallet.top_up,
            account=account,
            ref=f"top-up-{next(self._numbers)}",
            amount=money(amount),
            now=self.now,
        )
        return self.run(give)

    def make_group(self) -> int:
        """A route group without routes."""
        name = f"group-{next(self._numbers)}"
        return self.number("INSERT INTO route_group (name) VALUES (?) RETURNING id", name)

    def make_route(self, *groups: int, rate: float | None = None, tier: int = 0) -> int:
        """A route in some groups; `rate` in parts a second."""
        name = f"route-{next(self._numbers)}"
        route = self.number(
            "INSERT INTO route (name, driver, rate) VALUES (?, 'none', ?) RETURNING id", name, rate
        )
        for group in groups:
            self.sql("INSERT INTO route_group_route VALUES (?, ?, ?)", group, route, tier)
        return route

    def link(self, *, route: int | None = None, no: int = 0, worker: str = "w") -> Link:
        """A link of a route, taken."""
        route = self.route if route is None else route
        taken = self.run(partial(links.take, route=route, no=no, worker=worker, now=self.now))
        assert taken is not None
        return taken

    # -- orders --------------------------------------------------------------------------------

    def people(
        self, n: int, *, parts: int = 1, group: int | None = None, first: int = 0
    ) -> list[PlannedMessage]:
        """Messages to `n` persons, who are the same ones each time."""
        group = self.group if group is None else group
        return [
            PlannedMessage(f"+336{first + i:08d}", "FR", None, parts, Money(PRICE * parts), group)
            for i in range(n)
        ]

    def plan(self, n: int = 1, **options: Unpack[OrderOptions]) -> PlannedOrder:
        """An order to `n` persons, from now, never repeated."""
        messages = options.get("messages", self.people(n))
        size = options.get("slice_size", 500)
        return PlannedOrder(
            account=options.get("account", self.account),
            ticket=f"sms_{next(self._numbers)}",
            channel="sms",
            product="sms_premium",
            purpose=options.get("purpose", Purpose.WHOLESALE),
            sender="Octavo",
            text="Bonjour",
            options="{}",
            send_at=options.get("send_at", self.now),
            in_doubt=options.get("in_doubt", InDoubt.NEVER_REPEAT),
            in_doubt_after=options.get("in_doubt_after", DOUBT_AFTER),
            validity=options.get("validity", VALIDITY),
            messages=messages,
            slice_size={m.group: size for m in messages},
            request_id=options.get("request_id"),
            leave_out_suppressed=options.get("leave_out_suppressed", False),
            fee=options.get("fee", ZERO),
        )

    def accept(self, order: PlannedOrder) -> Accepted:
        """Takes an order."""
        return self.run(lambda c: orders.accept(c, order, self.now))

    def send(self, n: int = 1, **options: Unpack[OrderOptions]) -> int:
        """Takes an order; its campaign."""
        return self.accept(self.plan(n, **options)).campaign

    def claim(self, link: Link, credit: int = 1_000) -> Grant:
        """One claim."""
        return self.run(partial(claim.claim, link=link, credit=credit, now=self.now))

    def receipts(self, *told: receipts.Receipt, route: int | None = None) -> None:
        """Receipts come in."""
        route = self.route if route is None else route
        self.run(lambda c: receipts.take(c, route, told, self.now))

    # -- what time brings ----------------------------------------------------------------------

    def housekeeping(self) -> None:
        """One round of what a housekeeper does."""
        while self.run(lambda c: tasks.promote(c, 50, self.now)):
            pass
        while self.run(lambda c: tasks.step(c, self.now)):
            pass
        while self.run(lambda c: events.number_events(c, 50)) == 50:
            pass
        while self.run(lambda c: receipts.retry(c, 50, self.now)).looked == 50:
            pass
        self.run(lambda c: campaigns.seal_some(c, 10, self.now))

    def live(self, microseconds: int) -> None:
        """Time passes, and the housekeeper looks a few times on the way."""
        for _ in range(5):
            self.later(microseconds // 5)
            self.housekeeping()

    # -- looking -------------------------------------------------------------------------------

    def ticket(self, campaign: int) -> str:
        """The public name of a campaign."""
        return str(self.sql("SELECT ticket FROM campaign WHERE id = ?", campaign)[0][0])

    def state(self, campaign: int) -> CampaignState:
        """Where a campaign stands."""
        return CampaignState(self.number("SELECT state FROM campaign WHERE id = ?", campaign))

    def message(self, campaign: int, seq: int) -> Row:
        """One message."""
        found = self.sql(
            "SELECT state, reason, pass, attempts, charged, parts_done, route_id FROM message"
            " WHERE campaign_id = ? AND seq = ?",
            campaign,
            seq,
        )
        state, reason, pass_, attempts, charged, parts_done, route = found[0]
        return Row(
            state=MessageState(_whole(state)),
            reason=str(reason),
            pass_=_whole(pass_),
            attempts=_whole(attempts),
            charged=_whole(charged),
            parts_done=_whole(parts_done),
            route=None if route is None else _whole(route),
        )

    def states(self, campaign: int) -> list[MessageState]:
        """The states of all messages, by sequence."""
        found = self.sql("SELECT state FROM message WHERE campaign_id = ? ORDER BY seq", campaign)
        return [MessageState(_whole(state)) for (state,) in found]

    def counted(self, campaign: int, state: MessageState) -> int:
        """A counter of a campaign."""
        return self.number(
            f"SELECT {state.name.lower()} FROM campaign_count WHERE campaign_id = ?",  # noqa: S608
            campaign,
        )

    def open_slices(self, campaign: int) -> list[tuple[Value, ...]]:
        """(pass, lo, hi, cur, state) of slices that are not closed."""
        return self.sql(
            "SELECT pass, lo, hi, cur, state FROM slice WHERE campaign_id = ? AND state <> ?"
            " ORDER BY lo, pass",
            campaign,
            SliceState.CLOSED,
        )

    def available(self, account: int | None = None) -> Money:
        """What an account may spend."""
        return wallet.available(self.c, self.account if account is None else account)

    def held(self, account: int | None = None) -> int:
        """What an account's open orders hold, by its entries."""
        return self.number(
            "SELECT coalesce(sum(CASE WHEN credit = 'held' THEN amount ELSE -amount END), 0)"
            " FROM entry WHERE 'held' IN (debit, credit) AND account_id = ?",
            self.account if account is None else account,
        )

    def breaches(self) -> list[Breach]:
        """Everything that does not add up."""
        found: list[Breach] = []
        for (campaign,) in self.sql("SELECT id FROM campaign"):
            found += verify.campaign(self.c, _whole(campaign))
        for (account,) in self.sql("SELECT id FROM account"):
            found += verify.account(self.c, _whole(account))
        return found


class WorldStore:
    """A store that is the world of a test."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def write(self, rank: Rank, unit: Unit[T]) -> T:
        """A unit of work of its own."""
        return self.world.run(unit)

    async def read(self, unit: Unit[T]) -> T:
        """The same."""
        return self.world.run(unit)

    async def close(self) -> None:
        """Nothing is queued."""


def _whole(value: Value) -> int:
    assert isinstance(value, int)
    return value


YEAR = 365 * DAY
