"""What a carrier's answer means to the ledger."""

from octavo.db.statements.dispatching import PendingRow
from octavo.drivers.protocol import Fault, Outcome, Verdict
from octavo.kit.clock import MILLISECOND, SECOND, Instant
from octavo.kit.tickets import reference
from octavo.ledger import receipts
from octavo.ledger.settle import Answer
from octavo.worker.holds import Hold

THROTTLE_AFTER = SECOND
TEMPORARY_AFTER = 5 * SECOND


def answer(outcome: Outcome, hold: Hold, row: PendingRow) -> Answer:
    """An outcome as what a settle takes."""
    base = Answer(
        slice=hold.slice.id,
        campaign=row.campaign,
        account=row.account,
        seq=row.seq,
        pass_=hold.slice.pass_,
        address=row.address,
        price=row.price,
        attempts=row.attempts,
    )
    code = outcome.code or outcome.verdict.value
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return base._replace(ids=outcome.ids)
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
            least = int(outcome.after * SECOND) or THROTTLE_AFTER
        case Verdict.REFUSED:
            least = TEMPORARY_AFTER
        case _:
            return 0
    return max(least, min(least << min(pass_, 6), 60 * SECOND), MILLISECOND)
