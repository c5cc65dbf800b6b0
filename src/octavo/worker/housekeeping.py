"""What must happen with time: schedules, jobs, receipts tried again, seals."""

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from octavo.db import partitions
from octavo.db.connection import Connection
from octavo.db.partitions import Partition
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Clock
from octavo.kit.errors import StoreUnavailable
from octavo.ledger import campaigns, crew, events, orders, receipts, tasks
from octavo.ledger.tasks import Step
from octavo.worker.observer import Observer

OFTEN = 0.100
SELDOM_EVERY = 10
"""Every tenth round (about a second) looks at what is less urgent."""
RARELY_EVERY = 36_000
"""About an hour: what has months of time."""
PROMOTED_AT_ONCE = 500
STEPS_AT_ONCE = 50
"""Jobs whose steps are always due must not keep schedules and receipts waiting."""
RECEIPTS_AT_ONCE = 200
EVENTS_AT_ONCE = 1_000
SEALED_AT_ONCE = 10
KEYS_AT_ONCE = 500

log = structlog.get_logger()


class Housekeeper:
    """Looks ten times a second for what is due. Any number of processes may run one."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observer: Observer,
        steps: Mapping[str, Step] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._steps = steps
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`."""
        rounds = 0
        while not self._stopping.is_set():
            busy = False
            try:
                busy = await self._often()
                if rounds % SELDOM_EVERY == 0:
                    await self._seldom()
                if rounds % RARELY_EVERY == 0:
                    await self._rarely()
            except StoreUnavailable as error:
                log.warning("housekeeping postponed", error=str(error))
            except Exception:
                # One bad row must not stop schedules and receipts of everybody else.
                log.exception("housekeeping failed")
            rounds += 1
            if busy:
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), OFTEN)

    async def _often(self) -> bool:
        """Whether there is more to do at once."""
        while await self._store.write(Rank.CLAIM, self._promote) == PROMOTED_AT_ONCE:
            pass
        for _ in range(STEPS_AT_ONCE):
            if self._stopping.is_set() or not await self._ran_a_step():
                return False
        return True

    async def _ran_a_step(self) -> bool:
        try:
            return await self._store.write(Rank.TASK, self._step)
        except tasks.StepFailed as error:
            failed = error
        log.error("task failed", exc_info=failed)
        await self._store.write(Rank.TASK, lambda c: tasks.postpone(c, failed, self._clock()))
        return True

    async def _rarely(self) -> None:
        for made in await self._store.write(Rank.TASK, self._make_partitions):
            log.info("partition made", name=made.name)
        await self._store.write(Rank.TASK, self._forget_marks)

    async def _seldom(self) -> None:
        while await self._store.write(Rank.TASK, self._number_events) == EVENTS_AT_ONCE:
            pass
        while await self._retried_receipts() == RECEIPTS_AT_ONCE:
            pass
        await self._store.write(Rank.TASK, self._seal)
        while await self._store.write(Rank.TASK, self._forget_request_keys) == KEYS_AT_ONCE:
            pass

    async def _retried_receipts(self) -> int:
        looked, taken = await self._store.write(Rank.TASK, self._retry_receipts)
        for route, done in taken.items():
            self._observer.retried(route, done)
        return looked

    def _promote(self, connection: Connection) -> int:
        return tasks.promote(connection, PROMOTED_AT_ONCE, self._clock())

    def _step(self, connection: Connection) -> bool:
        return tasks.step(connection, self._clock(), self._steps)

    def _make_partitions(self, connection: Connection) -> list[Partition]:
        return partitions.ensure(connection, self._clock())

    def _forget_marks(self, connection: Connection) -> int:
        return crew.forget_marks(connection, self._clock())

    def _number_events(self, connection: Connection) -> int:
        return events.number_events(connection, EVENTS_AT_ONCE)

    def _retry_receipts(self, connection: Connection) -> receipts.Retried:
        return receipts.retry(connection, RECEIPTS_AT_ONCE, self._clock())

    def _seal(self, connection: Connection) -> int:
        return campaigns.seal_some(connection, SEALED_AT_ONCE, self._clock())

    def _forget_request_keys(self, connection: Connection) -> int:
        return orders.forget_requests(connection, KEYS_AT_ONCE, self._clock())
