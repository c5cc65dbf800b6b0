"""The sandbox carrier: a driver that needs no account and sends nothing anywhere.

What it does with a number is in `behaviour.NUMBERS`; what went out is in the outbox.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from octavo.drivers.protocol import Fault, Outcome, Sink, Submission, Verdict
from octavo.drivers.sandbox.answers import Answers
from octavo.drivers.sandbox.behaviour import Answer
from octavo.drivers.sandbox.carrier import Carrier, Felt
from octavo.drivers.sandbox.journal import Journal
from octavo.drivers.sandbox.outbox import OutboxRecord, outbox_line, outbox_path, stamp
from octavo.drivers.sandbox.replies import ReplyTaker
from octavo.drivers.sandbox.reporter import Reporter
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import Clock

NOT_WRITTEN = Answer(Verdict.REFUSED, fault=Fault.OURS, code="ESME_RSYSERR")
"""The outbox took no more (disk full): the message never reached the carrier."""


class _Running(NamedTuple):
    """What lives between `start` and `stop`."""

    outbox: Journal
    answers: Answers
    reporter: Reporter
    tasks: Sequence[asyncio.Task[None]]


class SandboxDriver:
    """One link of the sandbox carrier (protocol `Driver`).

    `randomness` draws the faults that the dials ask for and makes ids unique across restarts.
    """

    def __init__(self, settings: SandboxSettings, clock: Clock, randomness: Random) -> None:
        self._settings = settings
        self._clock = clock
        self._carrier = Carrier(settings, clock(), randomness)
        self._running: _Running | None = None

    async def start(self, sink: Sink) -> None:
        """Opens the outbox and goes on reporting where the last run of this link stopped.

        Raises OSError when the data directory cannot be written.
        """
        outbox = Journal(outbox_path(self._settings.data_dir))
        reporter = Reporter(self._settings, self._clock, sink)
        tasks = [_watched(asyncio.create_task(reporter.run()))]
        if self._settings.link == 0:
            taker = ReplyTaker(self._settings.data_dir, sink)
            tasks.append(_watched(asyncio.create_task(taker.run())))
        self._running = _Running(outbox, Answers(sink.outcomes), reporter, tasks)

    def is_up(self) -> bool:
        """Whether it was started and not stopped: this carrier never hangs up."""
        return self._running is not None

    def room(self) -> int:
        """Parts that `offer` would take now; 0 while the link is not up."""
        if self._running is None:
            return 0
        return max(0, self._settings.window - self._running.answers.parts)

    def offer(self, batch: Sequence[Submission]) -> None:
        """Writes the submissions to the outbox in one write; the answers come later.

        Raises RuntimeError when the link is not up.
        """
        if self._running is None:
            raise RuntimeError("the link is not up")
        outbox, answers, reporter, _ = self._running
        at = self._clock()
        felt = self._carrier.answers(batch)
        records = [
            self._carrier.record(at, message, answer)
            for message, (answer, _) in zip(batch, felt, strict=True)
        ]
        stamped = stamp(at)
        written = outbox.append([outbox_line(record, stamped) for record in records])
        if written < len(records):
            felt[written:] = [self._carrier.felt(NOT_WRITTEN)] * (len(records) - written)
        reporter.sent(records[:written], outbox.end)
        _send_back(answers, records, felt)

    async def stop(self, *, drain: bool) -> None:
        """Ends the link. Receipts still to come are given after the next start."""
        if self._running is None:
            return
        running = self._running
        if drain:
            await running.answers.drained()
        if self._running is not running:
            return
        self._running = None
        running.answers.drop()
        for task in running.tasks:
            task.cancel()
        await asyncio.gather(*running.tasks, return_exceptions=True)
        running.reporter.close()
        running.outbox.close()


def _send_back(answers: Answers, records: Sequence[OutboxRecord], felt: Sequence[Felt]) -> None:
    """Sends the answers on their way, those with one delay together."""
    outcomes: defaultdict[float, list[Outcome]] = defaultdict(list)
    parts: defaultdict[float, int] = defaultdict(int)
    for record, (answer, delay) in zip(records, felt, strict=True):
        verdict, _, fault, code, after, _ = answer
        ids = record.ids if verdict is Verdict.ACCEPTED else ()
        outcomes[delay].append(
            Outcome(record.campaign, record.seq, record.pass_, verdict, ids, fault, code, after)
        )
        parts[delay] += record.parts
    for delay, together in outcomes.items():
        answers.add(delay, together, parts[delay])


def _watched(task: asyncio.Task[None]) -> asyncio.Task[None]:
    """Tells the loop when a task dies by itself: nobody awaits it before `stop`."""
    task.add_done_callback(_tell_death)
    return task


def _tell_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {"message": "a sandbox link has stopped reporting", "exception": error}
        task.get_loop().call_exception_handler(context)
