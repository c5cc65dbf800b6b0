"""Counts and captures of one transaction, written once at its end.

A campaign's counters are a hot row: they move by the sum of a batch, never per message.
"""

from collections import Counter, defaultdict

from octavo.db.codes import MessageState
from octavo.db.connection import Connection
from octavo.db.statements import dispatching, orders
from octavo.kit.clock import Instant
from octavo.kit.money import Money
from octavo.ledger import wallet

_STATES = len(MessageState)


class Tally:
    """What a batch moves: messages between states, reasons, money captured."""

    def __init__(self) -> None:
        self._moves: defaultdict[int, list[int]] = defaultdict(lambda: [0] * _STATES)
        self._reasons: Counter[tuple[int, int, str]] = Counter()
        self._captured: Counter[int] = Counter()
        self._by_account: Counter[int] = Counter()
        self.entered = [0] * _STATES
        """Messages that came into each state, as whoever watches wants to know."""

    def move(self, campaign: int, before: MessageState, after: MessageState, n: int = 1) -> None:
        """`n` messages of a campaign change state."""
        row = self._moves[campaign]
        row[before] -= n
        row[after] += n
        self.entered[after] += n

    def reason(self, campaign: int, state: MessageState, reason: str, n: int = 1) -> None:
        """`n` messages have come into a state (or, below zero, have left it) for a reason."""
        self._reasons[campaign, int(state), reason] += n

    def capture(self, campaign: int, account: int, amount: int) -> None:
        """Held money is spent."""
        self._captured[campaign] += amount
        self._by_account[account] += amount

    def write(self, connection: Connection, ref: str, now: Instant) -> None:
        """Writes the sums; `ref` names the batch in the wallets' entries."""
        connection.many(
            dispatching.MOVE_COUNTS,
            [
                (*row, self._captured[campaign], campaign)
                for campaign, row in sorted(self._moves.items())
            ],
        )
        if self._reasons:
            connection.many(orders.ADD_REASON, [(*key, n) for key, n in self._reasons.items() if n])
        for account, amount in sorted(self._by_account.items()):
            wallet.book(
                connection,
                wallet.Kind.CAPTURE,
                account=account,
                ref=ref,
                amount=Money(amount),
                now=now,
            )
