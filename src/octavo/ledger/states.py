"""The life of a message as one table (design 3)."""

from enum import Enum, auto

from octavo.db.codes import MessageState

PENDING, ACCEPTED, DELIVERED = MessageState.PENDING, MessageState.ACCEPTED, MessageState.DELIVERED
FAILED, SKIPPED, UNKNOWN = MessageState.FAILED, MessageState.SKIPPED, MessageState.UNKNOWN

EXPIRED = "expired"
"""The one reason of a failure that a later delivery may overturn."""


class Fact(Enum):
    """What may happen to a message."""

    ACCEPTED = auto()
    """The carrier took it."""
    REFUSED = auto()
    """The carrier refused it for good."""
    DELAYED = auto()
    """The carrier refused it for now."""
    LEFT_OUT = auto()
    """We do not send it."""
    LOST = auto()
    """The answer to it was lost."""
    REPEATED = auto()
    """Its order's policy sends it again."""
    DELIVERED = auto()
    """A receipt says that it arrived, whole."""
    UNDELIVERED = auto()
    """A receipt of its present pass says that it will not arrive."""


TRANSITIONS: dict[tuple[MessageState, Fact], MessageState] = {
    (PENDING, Fact.ACCEPTED): ACCEPTED,
    (PENDING, Fact.REFUSED): FAILED,
    (PENDING, Fact.DELAYED): PENDING,
    (PENDING, Fact.LEFT_OUT): SKIPPED,
    (PENDING, Fact.LOST): UNKNOWN,
    (ACCEPTED, Fact.DELIVERED): DELIVERED,
    (ACCEPTED, Fact.UNDELIVERED): FAILED,
    (UNKNOWN, Fact.ACCEPTED): ACCEPTED,
    (UNKNOWN, Fact.REFUSED): FAILED,
    (UNKNOWN, Fact.REPEATED): PENDING,
    (UNKNOWN, Fact.DELIVERED): DELIVERED,
    (UNKNOWN, Fact.UNDELIVERED): FAILED,
}
"""Every change there is. What is not here changes nothing."""


def after(state: MessageState, fact: Fact, reason: str = "") -> MessageState | None:
    """The state that a fact leads to, or None when it changes nothing."""
    if state is FAILED and fact is Fact.DELIVERED and reason == EXPIRED:
        return DELIVERED
    return TRANSITIONS.get((state, fact))
