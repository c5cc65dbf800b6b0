"""Marks: what a transaction leaves in the database, to tell afterwards whether it was committed.

Each session numbers its transactions. The mark of one is written by itself, or, when its answer was
lost, by whoever wants to know: the key lets only one of both happen.
"""

import secrets
import time

from octavo.db.postgresql import Raw
from octavo.db.statements.crew import SESSION_RANDOM_BITS

_MARK = "INSERT INTO commit_mark (session, n) VALUES (%s, %s)"
_LOOK = """
INSERT INTO commit_mark AS found (session, n, void) VALUES (%s, %s, 1)
    ON CONFLICT (session, n) DO UPDATE SET void = found.void RETURNING void
"""
_FORGET = "DELETE FROM commit_mark WHERE session = %s AND n < %s"

FORGET_EVERY = 256
SESSION_SECONDS = 3_600
"""A session takes a new name this often, so that the marks of dead ones can be told by age."""


class Marks:
    """The marks of one session."""

    def __init__(self) -> None:
        self._name = 0
        self._named_at = 0.0
        self._n = 0

    def settle_the_past(self, raw: Raw) -> None:
        """Commits something: when it returns, the standby has all that this server showed before.

        A server that was restarted shows what it had committed when it died, replicated or not.
        """
        self._take_name()
        raw.execute(_LOOK, (self._name, 0))

    def leave(self, raw: Raw) -> None:
        """Adds the next mark to the transaction under way, which has nothing else to do."""
        self._take_name()
        self._n += 1
        raw.execute(_MARK, (self._name, self._n))
        if self._n % FORGET_EVERY == 0:
            raw.execute(_FORGET, (self._name, self._n))

    def is_there(self, raw: Raw) -> bool:
        """Whether the transaction with the last mark was committed; if not, it never will be.

        While the server still works at it, this waits. It writes in either case, so what it tells
        is on the standby too once it has returned.
        """
        found = raw.execute(_LOOK, (self._name, self._n)).fetchone()
        return found is not None and found[0] == 0

    def give_up(self) -> None:
        """What became of the last mark stays unknown: it must not be taken for a later one's."""
        self._name = 0

    def _take_name(self) -> None:
        now = time.time()
        if not self._name or now - self._named_at > SESSION_SECONDS:
            self._name = int(now) << SESSION_RANDOM_BITS | secrets.randbits(SESSION_RANDOM_BITS)
            self._named_at = now
            self._n = 0
