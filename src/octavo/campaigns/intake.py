"""Taking orders: those of one account that wait for its row are taken in one unit of work.

Each order locks its account for as long as its commit takes. One by one, a busy account's orders
would wait for each other's commits; and a statement for many orders costs little more than for one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from octavo.db.connection import Connection
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Instant
from octavo.kit.errors import StoreUnavailable
from octavo.ledger import orders
from octavo.ledger.orders import Accepted, PlannedOrder

MOST_ORDERS = 32
MOST_MESSAGES = 500
"""In one unit, so that it holds SQLite's writer for no more than 10 ms."""

Also: TypeAlias = Callable[[Connection], object]


class Intake:
    """Takes orders of any account, in the order in which they come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: dict[int, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, order: PlannedOrder, now: Instant, also: Also | None = None) -> Accepted:
        """Takes an order; it is on disk when this returns. `also` is part of the same unit.

        Raises as `ledger.orders.accept`, or StoreUnavailable.
        """
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(order, now, also, future)
        queue = self._queues.get(order.account)
        if queue is not None:
            queue.append(waiting)
        else:
            self._queues[order.account] = deque([waiting])
            task = asyncio.create_task(self._work(order.account))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self, account: int) -> None:
        """Takes what waits of one account until nothing does."""
        queue = self._queues[account]
        while queue:
            await self._take(_next(queue))
        del self._queues[account]

    async def _take(self, batch: "Sequence[_Waiting]") -> None:
        try:
            taken = await self._store.write(Rank.ACCEPT, partial(_accept_all, batch=batch))
        except Exception as error:  # noqa: BLE001 - it is raised where the orders came from
            if len(batch) == 1 or isinstance(error, StoreUnavailable):
                # A store that failed is not asked again: it may have taken them.
                _refuse(batch, error)
                return
            for waiting in batch:
                await self._take([waiting])
        else:
            for waiting, accepted in zip(batch, taken, strict=True):
                if not waiting.future.done():
                    waiting.future.set_result(accepted)


class _Waiting(NamedTuple):
    """An order on its way into the ledger."""

    order: PlannedOrder
    now: Instant
    also: Also | None
    future: "asyncio.Future[Accepted]"


def _next(queue: deque[_Waiting]) -> list[_Waiting]:
    batch = [queue.popleft()]
    messages = len(batch[0].order.messages)
    # What else a unit writes has locks of its own, which another order's would cross.
    while queue and len(batch) < MOST_ORDERS and not (batch[0].also or queue[0].also):
        messages += len(queue[0].order.messages)
        if messages > MOST_MESSAGES:
            break
        batch.append(queue.popleft())
    return batch


def _accept_all(connection: Connection, batch: Sequence[_Waiting]) -> list[Accepted]:
    now = max(waiting.now for waiting in batch)
    taken = orders.accept_all(connection, [waiting.order for waiting in batch], now)
    for waiting in batch:
        if waiting.also is not None:
            waiting.also(connection)
    return taken


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)
