"""From a carrier's answers to outcomes."""

from collections.abc import Mapping

from octavo.drivers.protocol import Fault, Outcome, Submission, Verdict
from octavo.drivers.smpp.identifiers import IdHabit, from_answer
from octavo.drivers.smpp.pace import Pace
from octavo.drivers.smpp.session import Answered
from octavo.drivers.smpp.settings import SmppSettings
from octavo.drivers.smpp.whole import Whole
from octavo.drivers.smpp.wire.status import THROTTLES, fault_of, name_of

NOT_SENT = "link_down"
"""The code of what did not leave before its link went down."""
MOST_TRIES = 3
"""Of a part that is refused for now while others of its message were taken."""


class Judge:
    """Says what an answer means, and tells the pace of throttling."""

    def __init__(self, settings: SmppSettings, pace: Pace) -> None:
        self._habit: IdHabit = settings.id_habit
        self._faults: Mapping[int, Fault] = settings.faults
        self._pace = pace

    def of_one(self, answered: Answered, now: float) -> Outcome:
        """The outcome of a message that is one PDU."""
        message, status = answered.part.message, answered.status
        if status == 0:
            # One id may stand for several parts, where the carrier makes them.
            id_ = from_answer(self._habit, answered.id)
            ids = (id_,) * message.parts if id_ else ()
            return _outcome(message, Verdict.ACCEPTED, ids=ids)
        if status is None:
            return _outcome(message, Verdict.UNKNOWN)
        code = name_of(status)
        if self._is_throttling(status):
            after = self._pace.throttled(now)
            return _outcome(message, Verdict.THROTTLED, code=code, after=after)
        return _outcome(message, Verdict.REFUSED, fault=self._fault(status), code=code)

    def of_part(self, whole: Whole, answered: Answered, now: float) -> float:
        """Tells a message of several parts about one; the seconds to wait if it was throttled."""
        no, status = answered.part.no, answered.status
        if status == 0:
            whole.accepted(no, from_answer(self._habit, answered.id))
        elif status is None:
            whole.lost(no)
        elif self._is_throttling(status):
            whole.throttled(no, name_of(status))
            return self._pace.throttled(now)
        else:
            whole.refused(no, name_of(status), self._fault(status))
        return 0.0

    def _is_throttling(self, status: int) -> bool:
        return status in THROTTLES and status not in self._faults

    def _fault(self, status: int) -> Fault:
        return self._faults.get(status) or fault_of(status)


def refused_here(message: Submission, code: str, fault: Fault) -> Outcome:
    """The outcome of a message that did not reach the carrier."""
    return _outcome(message, Verdict.REFUSED, fault=fault, code=code)


def _outcome(
    message: Submission,
    verdict: Verdict,
    *,
    ids: tuple[str, ...] = (),
    fault: Fault | None = None,
    code: str = "",
    after: float = 0.0,
) -> Outcome:
    return Outcome(message.campaign, message.seq, message.pass_, verdict, ids, fault, code, after)
