"""Finds the endpoints that have something to tell, and sees to it that each is served."""

import asyncio
import contextlib
from random import Random
from time import monotonic

import structlog

from octavo.callbacks import service
from octavo.callbacks.client import Client
from octavo.callbacks.guard import Guard
from octavo.callbacks.pace import LEAST
from octavo.callbacks.runner import Capacity, Observer, Runner
from octavo.db.codes import CallbackKind
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Clock
from octavo.kit.errors import StoreUnavailable

LOOK_EVERY = 0.25
MOST_ENDPOINTS = 64
"""Served at a time; whoever has been served for a while makes room for those that wait."""
TURN = 5.0
SPARE_CALLS = 256
"""Calls in flight of all endpoints together, beyond the few that each may have: all in all half of
the files that a process may usually have open, so that the API keeps the other half.
"""
LAST_ANSWERS = 2.0
"""Seconds that a stop waits for answers."""

Key = tuple[int, CallbackKind]

log = structlog.get_logger()


class Callbacks:
    """Serves callback endpoints beside the worker. Any number of processes may run one."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chance: Random,
        guard: Guard,
        *,
        name: str,
        observer: Observer,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._guard = guard
        self._name = name
        self._observer = observer
        self._capacity = Capacity(SPARE_CALLS)
        self._serving: dict[Key, tuple[Runner, asyncio.Task[None]]] = {}
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins on the running loop."""
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Makes no further calls; returns at once."""
        self._stopping.set()

    async def drain(self) -> None:
        """As `stop`; waits a moment for answers, saves and ends."""
        self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with Client(self._guard, most=SPARE_CALLS + LEAST * MOST_ENDPOINTS) as client:
            while not self._stopping.is_set():
                try:
                    await self._look(client)
                except StoreUnavailable as error:
                    log.warning("callbacks postponed", error=str(error))
                except Exception:
                    # Whatever it is, it may pass, and every account waits for its callbacks.
                    log.exception("callbacks failed")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
            await self._end()

    async def _look(self, client: Client) -> None:
        now = self._clock()
        most = MOST_ENDPOINTS + 1
        found = await self._store.read(lambda c: service.waiting(c, most, now))
        waiting = [key for key in found if key not in self._serving]
        room = MOST_ENDPOINTS - len(self._serving)
        for key in waiting[:room]:
            await self._serve(client, key)
        if len(waiting) > room:
            self._make_room(len(waiting) - room)

    async def _serve(self, client: Client, key: Key) -> None:
        now = self._clock()
        held = await self._store.write(
            Rank.TASK, lambda c: service.take(c, *key, worker=self._name, now=now)
        )
        if held is None:
            return
        runner = Runner(
            self._store,
            client,
            clock=self._clock,
            chance=self._chance,
            capacity=self._capacity,
            held=held,
            observer=self._observer,
        )
        task = asyncio.create_task(runner.run())
        self._serving[key] = runner, task
        task.add_done_callback(lambda done: self._served(key, done))

    def _served(self, key: Key, task: asyncio.Task[None]) -> None:
        del self._serving[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "callback endpoint failed",
                account=key[0],
                kind=key[1].name.lower(),
                exc_info=error,
            )

    def _make_room(self, wanted: int) -> None:
        """Those served longest end their turn; they are the last in the queue then."""
        runners = sorted((runner for runner, _ in self._serving.values()), key=lambda r: r.since)
        for runner in runners[:wanted]:
            if monotonic() - runner.since > TURN:
                runner.stop()

    async def _end(self) -> None:
        serving = list(self._serving.values())
        for runner, _ in serving:
            runner.stop(LAST_ANSWERS)
        await asyncio.gather(*(task for _, task in serving), return_exceptions=True)
