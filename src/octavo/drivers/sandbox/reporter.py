"""Gives one link's delivery reports and replies, across crashes.

What is to be said follows from the outbox alone. A link reads it from its checkpoint on, and once
it has caught up, it takes its own lines as it writes them. The checkpoint moves when the sink has
kept all that came before it.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from octavo.drivers.protocol import Inbound, Report, Sink
from octavo.drivers.sandbox.checkpoint import Checkpoint
from octavo.drivers.sandbox.journal import Follower
from octavo.drivers.sandbox.outbox import (
    OutboxRecord,
    link_prefix,
    outbox_path,
    outbox_record,
)
from octavo.drivers.sandbox.patience import bring
from octavo.drivers.sandbox.receipts import expected
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.drivers.sandbox.waiting import TICK, Stretch, Stretches, Waiting, Wheel
from octavo.kit.clock import SECOND, Clock

MOST_WAITING = 100_000
"""With this many waiting, the rest of the outbox waits unread: what it holds comes late."""

_SAVE_EVERY = 1.0


def checkpoint_path(data_dir: Path, link: int) -> Path:
    """Where a link keeps how far it has reported."""
    return data_dir / "sandbox" / f"{link}.reported"


class Reporter:
    """Says what falls due for the messages of one link, those of earlier runs first."""

    def __init__(self, settings: SandboxSettings, clock: Clock, sink: Sink) -> None:
        self._settings = settings
        self._clock = clock
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._checkpoint = Checkpoint(checkpoint_path(settings.data_dir, settings.link))
        self._outbox = Follower(outbox_path(settings.data_dir), self._checkpoint.offset)
        self._unread_to = self._outbox.size()
        self._prefix = link_prefix(settings.link).encode("ascii")
        self._stretches = Stretches()
        self._wheel = Wheel()
        self._awake = asyncio.Event()
        self._save_at = 0.0

    def sent(self, records: Sequence[OutboxRecord], end: int) -> None:
        """Tells of what this link has just written to the outbox, up to `end`.

        While earlier lines of this link are unread, or too much waits, it is read from the file.
        """
        if not records:
            return
        if self._behind() or self._wheel.size >= MOST_WAITING:
            self._unread_to = self._outbox.size()
        else:
            self._expect(records, self._outbox.offset)
            self._outbox.offset = end
        self._awake.set()

    async def run(self) -> None:
        """Reports until cancelled."""
        while True:
            self._awake.clear()
            if self._behind() and self._wheel.size < MOST_WAITING:
                self._read()
            await self._say(self._wheel.take(self._loop.time()))
            self._save()
            if self._behind() and self._wheel.size < MOST_WAITING:
                await asyncio.sleep(0)
            else:
                await self._rest()

    def close(self) -> None:
        """Saves the checkpoint."""
        self._checkpoint.save(self._stretches.dealt_with(self._outbox.offset))

    def _behind(self) -> bool:
        """Whether lines of this link may be in the file and not read yet."""
        return self._outbox.offset < self._unread_to

    def _read(self) -> None:
        """Takes the next stretch of the outbox from the file."""
        start = self._outbox.offset
        lines = self._outbox.read()
        if not lines:  # a torn line is all that is left
            self._unread_to = start
        records = [outbox_record(line) for line in lines if line.startswith(self._prefix)]
        self._expect([record for record in records if record is not None], start)

    def _expect(self, records: Sequence[OutboxRecord], start: int) -> None:
        """Keeps what is to be said about the records of a stretch of the outbox."""
        stretch = Stretch(start)
        now, wall, add = self._loop.time(), self._clock(), self._wheel.add
        for record in records:
            # the wall clock may have been set back: that makes no receipt later than it should be
            age = max(0.0, (wall - record.at) / SECOND)
            for delay, word in expected(record, self._settings):
                add(now + max(0.0, delay - age), (stretch, word))
                stretch.left += 1
        if stretch.left:
            self._stretches.add(stretch)

    async def _say(self, due: list[Waiting]) -> None:
        reports = [word for _, word in due if isinstance(word, Report)]
        inbounds = [word for _, word in due if isinstance(word, Inbound)]
        await bring(self._sink.reports, reports)
        await bring(self._sink.inbounds, inbounds)
        for stretch, _ in due:
            stretch.left -= 1

    def _save(self) -> None:
        """Saves the checkpoint once a second, and when nothing waits any more."""
        now = self._loop.time()
        offset = self._stretches.dealt_with(self._outbox.offset)
        if now >= self._save_at or not self._wheel.size:
            self._checkpoint.save(offset)
            self._save_at = now + _SAVE_EVERY

    async def _rest(self) -> None:
        """Sleeps until something falls due or the outbox grows, and then until the next tick."""
        due = self._wheel.next_due()
        timer = None if due is None else self._loop.call_at(due, self._awake.set)
        await self._awake.wait()
        if timer is not None:
            timer.cancel()
        await asyncio.sleep(TICK)
