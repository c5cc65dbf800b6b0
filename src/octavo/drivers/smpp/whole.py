"""A message of several parts: what became of each, and so of all."""

from enum import Enum, auto

from octavo.drivers.protocol import Fault, Outcome, Submission, Verdict

PARTIAL = "partial"
"""The code of a message of which some parts were taken and others refused."""


class PartAnswer(Enum):
    """What became of one part."""

    WAITING = auto()
    ACCEPTED = auto()
    THROTTLED = auto()
    TEMPORARY = auto()
    FINAL = auto()
    LOST = auto()


class Whole:
    """Gathers the answers to the parts of one message."""

    __slots__ = ("_answers", "_code", "_fault", "_ids", "_left", "message", "tries")

    def __init__(self, message: Submission, parts: int) -> None:
        self.message = message
        self.tries = 0
        self._answers = [PartAnswer.WAITING] * parts
        self._ids = [""] * parts
        self._left = parts
        self._code = ""
        self._fault = Fault.TEMPORARY

    def accepted(self, no: int, id_: str) -> None:
        """The carrier took part `no`."""
        self._ids[no - 1] = id_
        self._answer(no, PartAnswer.ACCEPTED)

    def throttled(self, no: int, code: str) -> None:
        """The carrier will take part `no` later."""
        self._code = self._code or code
        self._answer(no, PartAnswer.THROTTLED)

    def refused(self, no: int, code: str, fault: Fault) -> None:
        """The carrier did not take part `no`."""
        if fault is Fault.TEMPORARY:
            self._code = self._code or code
            self._answer(no, PartAnswer.TEMPORARY)
        else:
            self._code, self._fault = code, fault
            self._answer(no, PartAnswer.FINAL)

    def lost(self, no: int) -> None:
        """Nobody knows what became of part `no`."""
        self._answer(no, PartAnswer.LOST)

    @property
    def is_answered(self) -> bool:
        """No part waits for an answer."""
        return self._left == 0

    def again(self) -> list[int]:
        """The parts to be sent again: those not taken for now, when others were taken.

        They wait for an answer from then on.
        """
        if PartAnswer.ACCEPTED not in self._answers or self._has(PartAnswer.FINAL, PartAnswer.LOST):
            return []
        for_now = {PartAnswer.THROTTLED, PartAnswer.TEMPORARY}
        parts = [no for no, answer in enumerate(self._answers, 1) if answer in for_now]
        self.tries += PartAnswer.TEMPORARY in self._answers
        for no in parts:
            self._answers[no - 1] = PartAnswer.WAITING
        self._left = len(parts)
        return parts

    def give_up(self) -> None:
        """What waits will not be sent."""
        self._answers = [
            PartAnswer.FINAL if answer is PartAnswer.WAITING else answer for answer in self._answers
        ]
        self._left = 0

    def outcome(self, after: float) -> Outcome:
        """What became of the message; `after` as in Outcome."""
        verdict, fault, code = self._verdict()
        message = self.message
        return Outcome(
            message.campaign,
            message.seq,
            message.pass_,
            verdict,
            tuple(self._ids) if verdict is Verdict.ACCEPTED else (),
            fault,
            code,
            after if verdict is Verdict.THROTTLED else 0.0,
        )

    def _verdict(self) -> tuple[Verdict, Fault | None, str]:
        some = PartAnswer.ACCEPTED in self._answers
        if self._has(PartAnswer.LOST):
            return Verdict.UNKNOWN, None, ""
        if all(answer is PartAnswer.ACCEPTED for answer in self._answers):
            return Verdict.ACCEPTED, None, ""
        if some:
            # Sending it again would send again what was taken.
            return Verdict.REFUSED, Fault.PERMANENT, PARTIAL
        if self._has(PartAnswer.FINAL):
            return Verdict.REFUSED, self._fault, self._code
        if self._has(PartAnswer.THROTTLED):
            return Verdict.THROTTLED, None, self._code
        return Verdict.REFUSED, Fault.TEMPORARY, self._code

    def _has(self, *answers: PartAnswer) -> bool:
        return any(answer in self._answers for answer in answers)

    def _answer(self, no: int, answer: PartAnswer) -> None:
        self._answers[no - 1] = answer
        self._left -= 1
