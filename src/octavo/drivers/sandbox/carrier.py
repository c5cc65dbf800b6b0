"""What the carrier does with a submit: the answer it gives, when, and its ids."""

from collections.abc import Sequence
from itertools import accumulate, count
from random import Random
from typing import NamedTuple

from octavo.drivers.protocol import Submission, Verdict
from octavo.drivers.sandbox.behaviour import (
    ACCEPT,
    ACCEPT_UNHEARD,
    NUMBERS,
    REFUSE,
    THROTTLE,
    Answer,
)
from octavo.drivers.sandbox.outbox import OutboxRecord
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import SECOND, Instant


class Felt(NamedTuple):
    """An answer as our side feels it, `delay` seconds after the submit."""

    answer: Answer
    delay: float


class Carrier:
    """Decides by the number, else by the dials. Its ids are unique across restarts."""

    def __init__(self, settings: SandboxSettings, started: Instant, randomness: Random) -> None:
        self._settings = settings
        self._randomness = randomness
        self._run = f"{started // SECOND:x}{randomness.getrandbits(32):08x}"
        self._serial = count(1)
        shares = accumulate((settings.refused, settings.throttled, settings.unknown))
        faults = (self.felt(answer) for answer in (REFUSE, THROTTLE, ACCEPT_UNHEARD))
        self._faults = tuple(zip(shares, faults, strict=True))
        self._faulty = self._faults[-1][0] > 0
        self._accept = self.felt(ACCEPT)

    def answers(self, batch: Sequence[Submission]) -> list[Felt]:
        """The answer to each message."""
        usual = self._drawn if self._faulty else lambda: self._accept
        special = [NUMBERS.get(message.to[-4:]) for message in batch]
        return [
            self.felt(behaviour.answer(message.pass_)) if behaviour else usual()
            for message, behaviour in zip(batch, special, strict=True)
        ]

    def felt(self, answer: Answer) -> Felt:
        """When `answer` comes: one that would come after the response time-out is none."""
        delay = self._settings.answer_latency if answer.delay is None else answer.delay
        if delay < self._settings.response_timeout:
            return Felt(answer, delay)
        unheard = Answer(Verdict.UNKNOWN, taken=answer.taken, code="response_timeout")
        return Felt(unheard, self._settings.response_timeout)

    def record(self, at: Instant, message: Submission, answer: Answer) -> OutboxRecord:
        """What the outbox says of a message submitted at `at`."""
        ids = self._ids(message.parts) if answer.taken else ()
        return OutboxRecord(self._settings.link, at, *message, answer.verdict, ids)

    def _drawn(self) -> Felt:
        chance = self._randomness.random()
        for share, felt in self._faults:
            if chance < share:
                return felt
        return self._accept

    def _ids(self, parts: int) -> tuple[str, ...]:
        if parts == 1:
            return (f"{self._run}-{next(self._serial):x}",)
        return tuple([f"{self._run}-{next(self._serial):x}" for _ in range(parts)])
