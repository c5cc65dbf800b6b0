"""Where a driver brings what its carrier says of one link."""

from collections.abc import Callable, Sequence

from octavo.db.unit_of_work import Store
from octavo.drivers.protocol import Inbound, Outcome, Report
from octavo.kit.clock import Clock
from octavo.worker import reports
from octavo.worker.observer import LinkObserver


class LinkSink:
    """The sink that a link gives its driver; answers go to `take_outcomes`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        route: int,
        take_outcomes: Callable[[Sequence[Outcome]], None],
        observer: LinkObserver,
    ) -> None:
        self._store = store
        self._clock = clock
        self._route = route
        self._observer = observer
        self._take_outcomes = take_outcomes

    def outcomes(self, batch: Sequence[Outcome]) -> None:
        """Answers of the carrier, in any order."""
        self._take_outcomes(batch)

    async def reports(self, batch: Sequence[Report]) -> None:
        """Returns when they are on disk. Raises StoreUnavailable."""
        if not batch:
            return
        now = self._clock()
        taken = await reports.take_reports(self._store, self._route, batch, now)
        self._observer.reported(taken, now - min(r.at for r in batch))

    async def inbounds(self, batch: Sequence[Inbound]) -> None:
        """Returns when they are on disk. Raises StoreUnavailable."""
        await reports.take_inbounds(self._store, self._route, batch, self._clock())
