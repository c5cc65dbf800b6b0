"""What a worker tells whoever measures it: once a batch, never once a message."""

from typing import Protocol

from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from octavo.ledger.receipts import Taken
from octavo.ledger.settle import Settled


class LinkObserver(Protocol):
    """Watches one link. Durations are seconds, what is waited for included."""

    def taken(self, link: Link) -> None:
        """The link is ours."""

    def connected(self, *, up: bool) -> None:
        """Its driver was started, or has ended."""

    def lost(self) -> None:
        """Somebody else took it, or its lease could not be prolonged."""

    def claimed(self, grant: Grant, waited: int | None, seconds: float) -> None:
        """A claim is on disk; `waited` is how long its oldest slice was due (microseconds)."""

    def sent(self, messages: int) -> None:
        """Messages were given to the driver."""

    def settled(self, settled: Settled, in_doubt: int, seconds: float) -> None:
        """A settle is on disk; `in_doubt` parts of the link are under an intent and unsettled."""

    def fenced(self) -> None:
        """A settle came too late: another holder had the link."""

    def reported(self, taken: Taken, lag: int | None) -> None:
        """Receipts are on disk; `lag` is the age of the oldest (microseconds). None for answers
        that are kept like receipts, since their link was lost.
        """


class Observer(Protocol):
    """Watches a worker."""

    def link(self, route: int, no: int) -> LinkObserver:
        """The one that watches a link."""

    def retried(self, route: int, taken: Taken) -> None:
        """Receipts that had found no message were tried again."""
