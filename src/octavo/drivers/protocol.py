"""What the worker and a carrier's driver say to each other, for every channel.

A driver instance serves one link. It paces nothing (the ledger does): it holds only its window.
It never writes a table. Outcomes and reports go to the sink in batches and in any order.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from octavo.kit.clock import Instant
from octavo.kit.errors import OctavoError


class Submission(NamedTuple):
    """One message whose intent is on disk: the driver may put it on the wire, once.

    `reference` is the client reference: the same for every pass of one message.
    `parts` is the number of PDU-sized pieces that `text` needs.
    """

    campaign: int
    seq: int
    pass_: int
    to: str
    sender: str
    text: str
    parts: int
    reference: str


class Verdict(StrEnum):
    """How one submission ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """Whose fault a refusal is, and so whether trying again is of any use."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    OURS = "ours"


class Outcome(NamedTuple):
    """The carrier's answer to one submission (or its absence: `unknown`).

    `ids` are the carrier's message ids, one a part, in part order, when accepted.
    `code` is the carrier's own code; `after` the seconds to wait when throttled.
    """

    campaign: int
    seq: int
    pass_: int
    verdict: Verdict
    ids: tuple[str, ...] = ()
    fault: Fault | None = None
    code: str = ""
    after: float = 0.0


class ReportState(StrEnum):
    """What a delivery report says of one part (SMPP 3.4, 5.2.28 message_state)."""

    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    BAD_DESTINATION = "bad_destination"
    NOT_ALLOWED = "not_allowed"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Report(NamedTuple):
    """A delivery report. `id` is the carrier's id of a part; `reference` ours, in full or short
    (`kit.tickets`), "" if not given.

    `to` and `sender` are those of the message it reports on, "" if not given.
    """

    id: str
    state: ReportState
    at: Instant
    to: str = ""
    sender: str = ""
    reference: str = ""
    code: str = ""


class Inbound(NamedTuple):
    """A message from a recipient: from `sender` (E.164) to `to` (our sender or short code).

    `reference` is the client reference of the message it answers, "" if the carrier cannot tell.
    `id` is the carrier's own id of this message, used to take it only once; never empty.
    """

    id: str
    sender: str
    to: str
    text: str
    at: Instant
    reference: str = ""


class Sink(Protocol):
    """Where a driver brings what its carrier says."""

    def outcomes(self, batch: Sequence[Outcome]) -> None:
        """Takes answers; returns at once. Called on the event loop."""

    async def reports(self, batch: Sequence[Report]) -> None:
        """Returns when the reports are on disk: only then may the carrier be answered.

        Raises StoreUnavailable when they are not: the carrier must keep them.
        """

    async def inbounds(self, batch: Sequence[Inbound]) -> None:
        """As `reports`, for messages from recipients."""


class LinkDown(OctavoError):
    """The carrier cannot be reached, or does not let us in; it may be asked again `after` seconds.

    The driver knows for how long: links that come back all at once would be refused again.
    """

    says = "The carrier is not connected"

    def __init__(self, why: str, *, after: float) -> None:
        super().__init__(why)
        self.after = after


class Driver(Protocol):
    """One link to a carrier, from its connection to the end of it."""

    async def start(self, sink: Sink) -> None:
        """Connects. Raises LinkDown when the carrier is not there."""

    def is_up(self) -> bool:
        """Whether it is connected. A link that has gone down stays down: it is to be stopped with
        `drain`, which says what became of all that is in flight, and another driver started.
        """

    def room(self) -> int:
        """Parts that `offer` would take now: the window less what is in flight."""

    def offer(self, batch: Sequence[Submission]) -> None:
        """Puts messages on the wire in order. The caller keeps within `room`."""

    async def stop(self, *, drain: bool) -> None:
        """Ends the link; with `drain`, after the answers to what is in flight have come."""
