"""Orders for a bench, and a ledger at work on them: no driver, no links, no event loop."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from _site import ACCOUNT, Run, Site, writing

from octavo.db.codes import InDoubt, Purpose
from octavo.db.connection import Connection
from octavo.kit.clock import HOUR, MINUTE, system_clock
from octavo.kit.money import money
from octavo.kit.tickets import reference, ticket
from octavo.ledger import claim, links, receipts, settle
from octavo.ledger.claim import Grant, GrantedSlice
from octavo.ledger.orders import PlannedMessage, PlannedOrder, accept
from octavo.ledger.settle import Answer, Progress
from octavo.routes.schemas import RouteGroup
from octavo.routes.service import route_table

ROUTE = 1
ORDERS_AT_ONCE = 20


class Case(NamedTuple):
    """So many orders of `size` recipients; whether the carrier reports deliveries."""

    name: str
    orders: int
    size: int
    reports: bool
    unit: str

    @property
    def messages(self) -> int:
        """Recipients of all orders."""
        return self.orders * self.size


def fill(site: Site, case: Case) -> None:
    """Accepts the orders, due at once."""
    with writing(site) as run:
        group = run(route_table).group("sms_premium", "FR")
        assert group is not None  # noqa: S101 - the route of a new database serves everything
        planned = orders(case, group)
        while some := list(itertools.islice(planned, ORDERS_AT_ONCE)):
            run(partial(accept_all, orders=some))


def accept_all(connection: Connection, orders: Sequence[PlannedOrder]) -> None:
    """Several orders in one transaction."""
    for order in orders:
        accept(connection, order, system_clock())


def orders(case: Case, group: RouteGroup) -> Iterator[PlannedOrder]:
    """Marketing to fictitious numbers, without the sandbox's magic ones."""
    numbers = (f"+336{n:08d}" for n in itertools.count(10_000_000) if not 9900 <= n % 10_000 < 9950)
    price, now = money("0.045"), system_clock()
    for n in range(case.orders):
        yield PlannedOrder(
            account=ACCOUNT,
            ticket=ticket("sms", now, n),
            channel="sms",
            product=group.product,
            purpose=Purpose.WHOLESALE,
            sender="Company X",
            text="Your order is ready, come and see us. STOP at 30101",
            options="{}",
            send_at=now,
            in_doubt=InDoubt.NEVER_REPEAT,
            in_doubt_after=15 * MINUTE,
            validity=48 * HOUR,
            messages=[
                PlannedMessage(next(numbers), "FR", None, 1, price, group.id)
                for _ in range(case.size)
            ],
            slice_size={group.id: group.slice_size},
        )


def dispatch(run: Run, *, reports: bool) -> None:
    """Claims, settles and reports until nothing is due."""
    for answers in sent(run):
        if reports:
            said = [delivery(answer) for answer in answers]
            run(partial(receipts.take, route=ROUTE, receipts=said, now=system_clock()))


def sent(run: Run) -> Iterator[Sequence[Answer]]:
    """Claims and settles until nothing is due; what each settle said."""
    link = run(lambda c: links.take(c, route=ROUTE, no=0, worker="bench", now=system_clock()))
    assert link is not None  # noqa: S101 - nobody else works on this copy
    ids = (f"{n:x}" for n in itertools.count(1))
    while (grant := run(partial(take, link=link))).slices:
        answers = [answer for s in grant.slices for answer in accepted(s, ids)]
        told = [progress(s) for s in grant.slices]
        now = system_clock()
        run(partial(settle.settle, link=link, answers=answers, progress=told, now=now))
        yield answers


def take(connection: Connection, link: links.Link) -> Grant:
    """All that one claim gives, with its intent."""
    return claim.claim(connection, link, credit=claim.MOST_MESSAGES, now=system_clock())


def accepted(s: GrantedSlice, ids: Iterator[str]) -> Iterator[Answer]:
    """The carrier takes every message of a slice."""
    for row in s.rows:
        yield Answer(
            slice=s.id,
            campaign=row.campaign,
            account=row.account,
            seq=row.seq,
            pass_=s.pass_,
            address=row.address,
            price=row.price,
            attempts=row.attempts,
            ids=(next(ids),),
        )


def progress(s: GrantedSlice) -> Progress:
    """All of a grant is answered."""
    return Progress(
        slice=s.id,
        campaign=s.campaign,
        account=s.account,
        pass_=s.pass_,
        lo=s.lo,
        hi=s.hi,
        purpose=s.rows[0].purpose,
        sent_hi=s.grant_hi,
        intent_hi=s.grant_hi,
        old_intent_hi=s.intent_hi,
        grant_hi=s.grant_hi,
        outstanding=0,
        after=0,
    )


def delivery(answer: Answer) -> receipts.Receipt:
    """What the carrier reports of a message that it took."""
    return receipts.Receipt(
        ref=answer.ids[0],
        state=receipts.DELIVERED,
        at=system_clock(),
        code="000",
        address=answer.address,
        sender="Company X",
        reference=reference(answer.campaign, answer.seq),
    )
