"""A carrier's answers, as the ledger takes them."""

from octavo.db.statements.dispatching import PendingRow
from octavo.drivers.protocol import Fault, Outcome, Verdict
from octavo.kit.clock import HOUR, MILLISECOND, MINUTE, SECOND, Instant
from octavo.kit.tickets import reference
from octavo.ledger import receipts
from octavo.ledger.settle import Answer
from octavo.worker.holds import Hold
from octavo.worker.storable import storable

THROTTLE_AFTER = SECOND
TEMPORARY_AFTER = 5 * SECOND
LONGEST_RETRY = HOUR
"""Whatever a carrier asks for: what is too late by then must be seen to be."""


def answer_of(outcome: Outcome, hold: Hold, row: PendingRow) -> Answer:
    """What became of a message of a held slice."""
    held = hold.slice
    ids = tuple(map(storable, outcome.ids)) if outcome.verdict is Verdict.ACCEPTED else ()
    base = Answer(
        held.id, row.campaign, row.account, row.seq, held.pass_, row.address, row.price,
        row.attempts, ids,
    )  # fmt: skip
    if outcome.verdict is Verdict.ACCEPTED:
        return base
    code = storable(outcome.code) or outcome.verdict.value
    match outcome.verdict:
        case Verdict.UNKNOWN:
            return base._replace(lost=True)
        case Verdict.THROTTLED:
            return base._replace(delayed=code, cost=0)
        case Verdict.REFUSED if outcome.fault is Fault.PERMANENT:
            return base._replace(refused=code)
        case Verdict.REFUSED:
            return base._replace(delayed=code, cost=0 if outcome.fault is Fault.OURS else 1)


def late(a: Answer, now: Instant) -> list[receipts.Receipt]:
    """An answer as what a receipt would say; one that was delayed or lost says nothing."""
    if a.accepted:
        said = [(ref, receipts.ACCEPTED, "") for ref in a.ids or ("",)]
    elif a.refused is not None:
        said = [("", receipts.REFUSED, a.refused)]
    else:
        said = []
    return [
        receipts.Receipt(ref, state, now, code, a.address, "", reference(a.campaign, a.seq))
        for ref, state, code in said
    ]


def retry_after(outcome: Outcome, pass_: int) -> int:
    """Microseconds that the retry of a refused message waits; longer with each pass."""
    match outcome.verdict:
        case Verdict.THROTTLED:
            # Bounded while it is a float: it may be more than an integer holds, or no number.
            asked = min(outcome.after, LONGEST_RETRY / SECOND) if outcome.after > 0 else 0.0
            least = int(asked * SECOND) or THROTTLE_AFTER
        case Verdict.REFUSED:
            least = TEMPORARY_AFTER
        case _:
            return 0
    return min(max(least, min(least << min(pass_, 6), MINUTE), MILLISECOND), LONGEST_RETRY)
