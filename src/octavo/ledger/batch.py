"""One transaction of the ledger: what it moves is summed up and written at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from octavo.db.codes import EventKind, MessageState
from octavo.db.connection import Connection
from octavo.db.statement import Command, Value
from octavo.db.statements import dispatching
from octavo.kit.clock import Instant
from octavo.ledger.errors import LedgerDisagrees
from octavo.ledger.events import Item, Journal
from octavo.ledger.tally import Tally

_KINDS = {
    MessageState.FAILED: EventKind.FAILED,
    MessageState.SKIPPED: EventKind.SKIPPED,
    MessageState.UNKNOWN: EventKind.UNKNOWN,
}


class Messages(NamedTuple):
    """Where messages are: a campaign of an account, and the pass that they must be in."""

    account: int
    campaign: int
    pass_: int


@dataclass
class Batch:
    """A connection with the instant of its transaction, its counts and its events."""

    connection: Connection
    now: Instant
    tally: Tally = field(default_factory=Tally)
    journal: Journal = field(default_factory=Journal)

    def end(
        self,
        of: Messages,
        state: MessageState,
        ended: Sequence[tuple[int, str]],
        *,
        route: int | None = None,
        cost: int = 0,
    ) -> None:
        """Pending messages (seq, reason) end failed or skipped, or are unknown; `cost` attempts.

        Raises LedgerDisagrees when one of them is not pending in this pass.
        """
        self.touch(
            dispatching.END_MESSAGE,
            [
                (int(state), why, cost, route, self.now, of.campaign, seq, of.pass_)
                for seq, why in ended
            ],
        )
        for seq, why in ended:
            self.tally.move(of.campaign, MessageState.PENDING, state)
            if state is not MessageState.UNKNOWN:
                self.tally.reason(of.campaign, state, why)
            self.journal.tell(of.account, of.campaign, _KINDS[state], Item(seq, why, self.now))

    def touch(self, command: Command, rows: Sequence[Sequence[Value]]) -> None:
        """Moves messages that must all be where the ledger says; else raises LedgerDisagrees."""
        touched = self.connection.many(command, rows) if rows else 0
        if touched != len(rows):
            raise LedgerDisagrees(f"{len(rows) - touched} messages")

    def write(self, ref: str = "") -> None:
        """Writes the sums; `ref` names the batch in the wallets' entries, if it captures."""
        self.tally.write(self.connection, ref, self.now)
        self.journal.write(self.connection, self.now)
