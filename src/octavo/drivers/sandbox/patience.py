"""Bringing things to a sink that may be unable to keep them for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from octavo.kit.errors import StoreUnavailable

BATCH = 500

_T = TypeVar("_T")
_Take = Callable[[Sequence[_T]], Awaitable[None]]


async def bring(take: _Take[_T], things: Sequence[_T]) -> None:
    """Hands over `things` in order, up to 500 at a time; returns when all of them are kept."""
    for start in range(0, len(things), BATCH):
        await _until_kept(take, things[start : start + BATCH])


async def _until_kept(take: _Take[_T], batch: Sequence[_T]) -> None:
    pause = 0.1
    while True:
        try:
            return await take(batch)
        except StoreUnavailable:
            pass
        except Exception as error:  # noqa: BLE001 - a carrier keeps its reports, whatever went wrong
            _tell(error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, 5.0)


def _tell(error: Exception) -> None:
    context = {"message": "the sandbox's reports were not taken", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)
