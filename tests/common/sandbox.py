"""What tests of the sandbox carrier share: a recording sink, messages, a link on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from octavo.drivers.protocol import Inbound, Outcome, Report, Submission
from octavo.drivers.sandbox.driver import SandboxDriver
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import SECOND, Clock, Instant

EPOCH = Instant(1_800_000_000 * SECOND)


class Heard(NamedTuple):
    """Something that came to the sink, and the loop's time when it came."""

    at: float
    what: Outcome | Report | Inbound


class RecordingSink:
    """Keeps all that a driver brings. `troubles` are raised first, one a batch of reports."""

    def __init__(self, troubles: Sequence[Exception] = ()) -> None:
        self.heard: list[Heard] = []
        self.batches: list[int] = []
        self.troubles = list(troubles)

    @property
    def answered(self) -> list[Outcome]:
        return [heard.what for heard in self.heard if isinstance(heard.what, Outcome)]

    @property
    def reported(self) -> list[Report]:
        return [heard.what for heard in self.heard if isinstance(heard.what, Report)]

    @property
    def replied(self) -> list[Inbound]:
        return [heard.what for heard in self.heard if isinstance(heard.what, Inbound)]

    def outcomes(self, batch: Sequence[Outcome]) -> None:
        self._record(batch)

    async def reports(self, batch: Sequence[Report]) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.batches.append(len(batch))
        self._record(batch)

    async def inbounds(self, batch: Sequence[Inbound]) -> None:
        self._record(batch)

    def _record(self, batch: Sequence[Outcome | Report | Inbound]) -> None:
        now = asyncio.get_running_loop().time()
        self.heard += [Heard(now, what) for what in batch]


def message(
    to: str, seq: int = 0, *, pass_: int = 0, parts: int = 1, text: str = "Bonjour"
) -> Submission:
    """A submission of campaign 7."""
    return Submission(7, seq, pass_, to, "Octavo", text, parts, f"7-{seq}")


def loop_clock() -> Instant:
    """A wall clock that goes with the running loop."""
    return Instant(EPOCH + int(asyncio.get_running_loop().time() * SECOND))


@asynccontextmanager
async def link_up(
    settings: SandboxSettings, sink: RecordingSink, *, clock: Clock = loop_clock, seed: int = 1
) -> AsyncIterator[SandboxDriver]:
    """A started link, stopped without drain at the end: as near to a crash as one loop gets."""
    driver = SandboxDriver(settings, clock, Random(seed))
    await driver.start(sink)
    try:
        yield driver
    finally:
        await driver.stop(drain=False)


def sandbox_dir(data_dir: Path) -> Path:
    """Where the sandbox keeps its files."""
    return data_dir / "sandbox"
