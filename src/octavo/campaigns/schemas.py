"""Orders as they are understood, and what planning makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from octavo.db.codes import CampaignState, InDoubt, Purpose
from octavo.kit.clock import Instant
from octavo.kit.money import Money
from octavo.ledger.orders import PlannedMessage
from octavo.numbers import Number


class Recipient(NamedTuple):
    """One person of an order, as the request named them."""

    phone_number: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What every order says (contract 3.3)."""

    text: str
    product: str
    purpose: Purpose
    sender: str | None = None
    send_at: Instant | None = None
    optimise: bool = True
    simulate: bool = False
    request_id: str | None = None
    leave_out_suppressed: bool = False
    with_replies: bool = False
    recipient_tracking: bool = False
    in_doubt: InDoubt | None = None


@dataclass(frozen=True, kw_only=True)
class SmsOrder(Order):
    """An SMS to one contact or to several hundred (contract 4.1, 4.16)."""

    recipients: Sequence[Recipient]
    list_name: str | None = None


class Segmentation(StrEnum):
    """Who is meant by several lists and tags: whoever is on any of them, or on all."""

    GROUP = "group"
    FILTER = "filter"


@dataclass(frozen=True, kw_only=True)
class ListOrder(Order):
    """An SMS to the contacts of lists and tags (contract 4.3).

    Without a `segmentation`, those on any of the lists who have any of the tags, if both are given.
    """

    lists: Sequence[str] = ()
    tags: Sequence[str] = ()
    segmentation: Segmentation | None = None


class Shown(NamedTuple):
    """A campaign on a list before it is sent: where it stands, for how many and at what cost.

    `code` is why it failed (contract 14).
    """

    state: CampaignState
    contacts: int
    cost: Money
    code: int


class Plan(NamedTuple):
    """Recipients with their parts and prices, before suppressions and money.

    `short_code` is the number that replies can be sent to, "" where there is none. `repeated`,
    `bad` and `unserved` are what the request named twice, what could not be read and where nothing
    goes; `people` are the readable numbers with what the request tells of them.
    """

    text: str
    short_code: str
    messages: Sequence[PlannedMessage]
    slice_size: Mapping[int, int]
    repeated: Sequence[str]
    bad: Sequence[str]
    unserved: Sequence[str]
    people: Sequence[tuple[Number, Mapping[str, str]]]


class Sent(NamedTuple):
    """What an order's answer tells: counts, money, and who was named twice, badly or in vain."""

    ticket: str
    contacts: int
    parts: int
    cost: Money
    available: Money
    repeated: Sequence[str]
    bad: Sequence[str]
    unserved: Sequence[str]
