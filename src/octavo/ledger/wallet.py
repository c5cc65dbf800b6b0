"""Money in a double-entry book (design 6).

Every entry moves an amount from one book of an account to another and has a reference that is
unique by account and kind: done twice, it does nothing. The balance that orders are checked
against is `account.available`; what is held is the sum of holds less captures and releases.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from octavo.db.connection import Connection
from octavo.db.statements import orders, wallet
from octavo.kit.clock import Instant
from octavo.kit.errors import OctavoError
from octavo.kit.money import ZERO, Money


class Book(StrEnum):
    """Where money of an account stands."""

    OUTSIDE = "outside"
    AVAILABLE = "available"
    HELD = "held"
    SPENT = "spent"


class Kind(StrEnum):
    """What an entry is for."""

    TOP_UP = "top_up"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    FEE = "fee"


BOOKS = {
    Kind.TOP_UP: (Book.OUTSIDE, Book.AVAILABLE),
    Kind.HOLD: (Book.AVAILABLE, Book.HELD),
    Kind.CAPTURE: (Book.HELD, Book.SPENT),
    Kind.RELEASE: (Book.HELD, Book.AVAILABLE),
    Kind.FEE: (Book.AVAILABLE, Book.SPENT),
}
"""The books that each kind of entry moves money between: (debited, credited)."""


class Pack(NamedTuple):
    """A top-up and what is left of it."""

    id: str
    credit: Money
    expires_at: Instant | None


class InsufficientCredit(OctavoError):
    """The account's available balance is below what the order would take."""

    def __init__(self, needed: Money, available: Money) -> None:
        super().__init__(needed, available)
        self.needed = needed
        self.available = available


def book(
    connection: Connection,
    kind: Kind,
    *,
    account: int,
    ref: str,
    amount: Money,
    now: Instant,
    campaign: int | None = None,
) -> bool:
    """Writes an entry; False when one of this account, kind and reference is there already."""
    if amount == ZERO:
        return False
    debit, credit = BOOKS[kind]
    written = connection.one(
        wallet.INSERT_ENTRY,
        account_id=account,
        campaign_id=campaign,
        kind=kind,
        ref=ref,
        debit=debit,
        credit=credit,
        amount=amount,
        at=now,
    )
    return written is not None


class Hold(NamedTuple):
    """What a new campaign holds and what it costs at once."""

    campaign: int
    amount: Money
    fee: Money


def hold_all(
    connection: Connection,
    *,
    account: int,
    holds: Sequence[Hold],
    now: Instant,
) -> list[orders.Debited]:
    """Holds what new campaigns may cost and takes their fees.

    Returns the account as it is after each. Raises InsufficientCredit when there is not enough for
    all of them, then nothing is written.
    """
    amount = Money(sum(h.amount + h.fee for h in holds))
    after = connection.one(orders.HOLD, account_id=account, amount=amount)
    if after is None:
        raise InsufficientCredit(amount, available(connection, account))
    connection.many(
        wallet.INSERT_ENTRIES,
        [
            (account, h.campaign, kind, str(h.campaign), *BOOKS[kind], moved, now)
            for h in holds
            for kind, moved in ((Kind.HOLD, h.amount), (Kind.FEE, h.fee))
            if moved
        ],
    )
    debited = []
    for h in reversed(holds):
        debited.append(after)
        after = after._replace(available=after.available + h.amount + h.fee)
    return debited[::-1]


def release(
    connection: Connection, *, account: int, campaign: int, ref: str, amount: Money, now: Instant
) -> bool:
    """Gives held money back; once for a reference."""
    fresh = book(
        connection,
        Kind.RELEASE,
        account=account,
        campaign=campaign,
        ref=ref,
        amount=amount,
        now=now,
    )
    if fresh:
        connection.one(wallet.CREDIT, account_id=account, amount=amount)
    return fresh


def top_up(
    connection: Connection,
    *,
    account: int,
    ref: str,
    amount: Money,
    now: Instant,
    expires_at: Instant | None = None,
) -> Money:
    """Adds a pack; `ref` names it and makes it happen once. Returns the available balance.

    Raises ValueError when the amount is not above zero.
    """
    if amount <= 0:
        raise ValueError("a top-up is above zero")
    if book(connection, Kind.TOP_UP, account=account, ref=ref, amount=amount, now=now):
        connection.many(wallet.INSERT_PACK, [(ref, account, amount, now, expires_at)])
        connection.one(wallet.CREDIT, account_id=account, amount=amount)
    return available(connection, account)


def available(connection: Connection, account: int) -> Money:
    """What the account may still spend."""
    return Money(connection.one(wallet.AVAILABLE, account_id=account) or 0)


def packs(connection: Connection, account: int) -> list[Pack]:
    """Top-ups with credit left; what was spent or is held came out of the oldest expiry first.

    Their credits add up to the available balance.
    """
    found = connection.all(wallet.PACKS, account_id=account)
    found.sort(key=lambda p: (p.expires_at is None, p.expires_at or 0, p.created_at))
    gone = sum(p.amount for p in found) - available(connection, account)
    left: list[Pack] = []
    for p in found:
        used = min(p.amount, max(gone, 0))
        gone -= used
        if p.amount > used:
            expiry = None if p.expires_at is None else Instant(p.expires_at)
            left.append(Pack(p.id, Money(p.amount - used), expiry))
    return left
