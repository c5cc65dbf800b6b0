"""Orders as they are understood, and what planning makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octavo.db.codes import InDoubt, Purpose
from octavo.kit.clock import Instant
from octavo.kit.money import Money
from octavo.ledger.orders import PlannedMessage
from octavo.numbers import Number


class Recipient(NamedTuple):
    """One person of an order, as the request named them."""

    phone_number: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SmsOrder:
    """An SMS to one contact or to several hundred (contract 4.1, 4.16)."""

    text: str
    recipients: Sequence[Recipient]
    product: str
    purpose: Purpose
    sender: str | None = None
    send_at: Instant | None = None
    optimise: bool = True
    simulate: bool = False
    request_id: str | None = None
    leave_out_suppressed: bool = False
    list_name: str | None = None
    with_replies: bool = False
    recipient_tracking: bool = False
    in_doubt: InDoubt | None = None


class Plan(NamedTuple):
    """Recipients with their parts and prices, before suppressions and money.

    `repeated`, `bad` and `unserved` are what the request named twice, what could not be read and
    where nothing goes; `people` are the readable numbers with what the request tells of them.
    """

    text: str
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
