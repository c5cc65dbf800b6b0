"""A link at work, one step at a time: what `worker.link` does, without a loop and a driver."""

from functools import partial

from octavo.db.statements.dispatching import PendingRow
from octavo.drivers.protocol import Fault, Outcome, Verdict
from octavo.kit.clock import SECOND
from octavo.ledger import settle
from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from octavo.ledger.settle import Answer, Settled
from octavo.worker.answers import answer_of, late, retry_after
from octavo.worker.holds import Hold, Holds
from tests.common.ledger import World

Key = tuple[int, int, int]
"""Campaign, sequence number and pass of a message on the wire."""


class Holder:
    """Holds a link; `window` parts may be in flight, `most` under an intent and unsettled."""

    def __init__(
        self, world: World, link: Link | None = None, *, window: int = 1_000, most: int = 2_000
    ) -> None:
        self.world = world
        self.link = world.link() if link is None else link
        self.window = window
        self.most = most
        self.forget()

    def forget(self) -> None:
        """The process is killed."""
        self.holds = Holds()
        self.in_flight: dict[Key, tuple[Hold, PendingRow]] = {}
        self.answers: list[tuple[Answer, int]] = []

    def retake(self) -> None:
        """The link is taken anew by a holder that knows nothing."""
        self.forget()
        route = self.link.route
        no = self.world.number("SELECT no FROM link WHERE id = ?", self.link.id)
        self.link = self.world.link(route=route, no=no)

    def claim(self) -> Grant:
        """What may be sent is taken into memory."""
        grant = self.world.claim(self.link, self.most - self.holds.intended)
        self.holds.add(grant, grant.start / SECOND)
        return grant

    def pump(self) -> list[Key]:
        """What has an intent and its time goes on the wire, as far as the window goes."""
        room = self.window - sum(row.parts for _, row in self.in_flight.values())
        alone = not self.in_flight
        sent: list[Key] = []
        for hold, row in self.holds.next_ready(self.world.now / SECOND, room, alone=alone):
            key = row.campaign, row.seq, hold.slice.pass_
            self.in_flight[key] = hold, row
            sent.append(key)
        return sent

    def hear(self, outcome: Outcome) -> None:
        """The carrier answers."""
        key = outcome.campaign, outcome.seq, outcome.pass_
        hold, row = self.in_flight.pop(key)
        hold.after = max(hold.after, retry_after(outcome, hold.slice.pass_))
        self.answers.append((answer_of(outcome, hold, row), row.parts))

    def accepted(self, key: Key, *ids: str) -> None:
        """The carrier takes a message; by default with an id for each part."""
        parts = self.in_flight[key][1].parts
        self.hear(Outcome(*key, Verdict.ACCEPTED, ids or ids_of(key, parts)))

    def refused(self, key: Key, fault: Fault = Fault.PERMANENT, code: str = "8") -> None:
        """The carrier does not take a message."""
        self.hear(Outcome(*key, Verdict.REFUSED, fault=fault, code=code))

    def throttled(self, key: Key, after: float = 0.0) -> None:
        """The carrier wants it later."""
        self.hear(Outcome(*key, Verdict.THROTTLED, code="88", after=after))

    def lost(self, key: Key) -> None:
        """No answer came."""
        self.hear(Outcome(*key, Verdict.UNKNOWN))

    def settle(self) -> Settled:
        """What was answered, and how far the intent should go, is committed."""
        taken, self.answers = self.answers, []
        answered: dict[int, int] = {}
        for answer, _ in taken:
            answered[answer.slice] = answered.get(answer.slice, 0) + 1
        parts = sum(parts for _, parts in taken)
        told = self.holds.progress(self.most - self.holds.intended + parts, answered)
        result = self.world.run(
            partial(
                settle.settle,
                link=self.link,
                answers=[answer for answer, _ in taken],
                progress=told,
                now=self.world.now,
            )
        )
        for slice_id, n in answered.items():
            self.holds.by_slice[slice_id].outstanding -= n
        self.holds.intended -= parts
        self.holds.settled(told, result.stopped, result.skipped)
        return result

    def wants_settle(self) -> bool:
        """A settle would change something."""
        return (
            bool(self.answers)
            or self.holds.wants_intent(self.most - self.holds.intended)
            or self.holds.has_ended()
        )

    def keep_late_answers(self) -> None:
        """The link was lost: what the carrier had answered goes the way of receipts."""
        told = [r for answer, _ in self.answers for r in late(answer, self.world.now)]
        self.world.receipts(*told, route=self.link.route)

    def work(self) -> list[Key]:
        """Claims, sends, gets everything accepted and settles until nothing moves."""
        sent: list[Key] = []
        while True:
            self.claim()
            keys = self.pump()
            for key in keys:
                self.accepted(key)
            if not (keys or self.wants_settle()):
                return sent
            sent += keys
            self.settle()

    def drain(self) -> None:
        """Ends in good order: what was not sent is given back."""
        self.holds.drop_all()
        self.settle()


def ids_of(key: Key, parts: int = 1) -> tuple[str, ...]:
    """The carrier's ids of the parts of a message."""
    campaign, seq, pass_ = key
    return tuple(f"{campaign:x}-{seq}-{pass_}-{no}" for no in range(1, parts + 1))
