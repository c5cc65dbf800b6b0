"""An event loop in which waiting takes no time: seconds of delays pass at once, in exact order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

_T = TypeVar("_T")


class _Skipping(selectors.DefaultSelector):
    """Moves the virtual time on where a real selector would block."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits and nothing will ever happen")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code without threads or sockets. `time()` starts at 0."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def skip(self, seconds: float) -> None:
        """Time passes in which nothing runs."""
        self._skipping.now += seconds


def run_virtually(main: Coroutine[object, object, _T]) -> _T:
    """`asyncio.run` on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
