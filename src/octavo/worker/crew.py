"""The share of the links that this worker takes, when several work on one database."""

import asyncio
import contextlib
from typing import Protocol

import structlog

from octavo.db.unit_of_work import Rank, Store
from octavo.kit.clock import Clock
from octavo.kit.errors import StoreUnavailable
from octavo.ledger import crew

SEEN_EVERY = 5.0

log = structlog.get_logger()


class Member(Protocol):
    """A link of this process, held or not."""


class Crew:
    """Knows how many workers there are. Links over this one's share are left to the others.

    `shared` is False where this process has the database for itself.
    """

    def __init__(self, store: Store, clock: Clock, name: str, links: int, *, shared: bool) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._links = links
        self._shared = shared
        self._share = 0 if shared else links
        self._held: list[Member] = []
        self._stopping = asyncio.Event()

    def may_take(self) -> bool:
        """Whether this worker may hold one more link."""
        return len(self._held) < self._share

    def took(self, link: Member) -> None:
        """A link is held from now on."""
        self._held.append(link)

    def gave(self, link: Member) -> None:
        """A link is no longer held."""
        self._held.remove(link)

    def is_over(self, link: Member) -> bool:
        """Whether a link that is held is one too many: those taken last go first."""
        return link in self._held[self._share :]

    def stop(self) -> None:
        """Ends after the look under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`."""
        if not self._shared:
            return
        while not self._stopping.is_set():
            await self._look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SEEN_EVERY)
        with contextlib.suppress(StoreUnavailable):
            await self._store.write(Rank.CLAIM, lambda c: crew.leave(c, self._name))

    async def _look(self) -> None:
        try:
            workers = await self._store.write(
                Rank.CLAIM, lambda c: crew.appear(c, self._name, self._clock())
            )
        except StoreUnavailable:
            return
        share = -(-self._links // workers)
        if share != self._share:
            log.info("links shared", workers=workers, share=share)
        self._share = share
