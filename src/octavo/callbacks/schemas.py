"""What the callbacks domain works with."""

from collections.abc import Mapping
from typing import NamedTuple

from octavo.db.codes import CallbackKind, EventKind
from octavo.kit.clock import Instant

PARAMETERS: Mapping[CallbackKind, str] = {
    CallbackKind.DELIVERIES: "callback_url_for_sms_deliveries",
    CallbackKind.STOPS: "callback_url_for_blacklisted_numbers",
    CallbackKind.INBOUNDS: "callback_url_for_inbounds",
}
"""The campaign parameter that holds the address of each kind (contract 5.13)."""


class Place(NamedTuple):
    """A place in the numbered events: the item `item` of the event at `pos`."""

    pos: int
    item: int


class Held(NamedTuple):
    """An endpoint that this process has leased, as it stood then.

    `failures` counts answers other than 2xx since the last 2xx, `error` is the last of them;
    `retrying` tells whether failed calls wait to be tried again.
    """

    account: int
    kind: CallbackKind
    url: str
    time_zone: str
    fence: int
    place: Place
    failures: int
    error: str
    error_at: Instant | None
    retrying: bool


class Happening(NamedTuple):
    """One item of an event, with all that its callback tells.

    `at` is when it happened, `since` when it was written down: its callback's age counts from then.
    """

    event: int
    place: Place
    kind: EventKind
    campaign: int
    seq: int
    ticket: str
    channel: str
    number: str
    what: str
    at: Instant
    since: Instant
    text: str = ""
    recipient: str = ""

    @property
    def message(self) -> tuple[int, int]:
        """The message that it happened to: its callbacks go out in order."""
        return self.campaign, self.seq

    @property
    def id(self) -> str:
        """The `webhook-id` (Standard Webhooks): the same however often it is told."""
        return f"msg_{self.event:x}_{self.place.item}"


class Page(NamedTuple):
    """Some happenings in order, and the place to read on from.

    `behind` are those that wait behind an earlier callback of the same message.
    """

    happenings: list[Happening]
    behind: set[Place]
    next: Place


class Due(NamedTuple):
    """A failed callback to be tried again; its event may be gone by now."""

    place: Place
    campaign: int
    seq: int
    tries: int
    since: Instant
    happening: Happening | None


class RetryRow(NamedTuple):
    """A callback to be tried again, as it is stored."""

    campaign: int
    seq: int
    place: Place
    tries: int
    since: Instant
    next_try_at: Instant


class Overview(NamedTuple):
    """An endpoint as an operator sees it. `backlog` counts callbacks never tried yet."""

    account: int
    kind: CallbackKind
    url: str
    pos: int
    backlog: int
    retrying: int
    failures: int
    dropped: int
    paused_until: Instant | None
    error: str
    error_at: Instant | None
