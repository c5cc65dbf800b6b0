"""A commit of which nobody knows whether it happened: who asked for it must not guess."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, cast

import pytest
from starlette.testclient import TestClient

from octavo.api.app import make_app
from octavo.api.context import Services
from octavo.api.health import Health
from octavo.db.connection import Connection
from octavo.db.unit_of_work import Rank, Store
from octavo.kit.errors import StoreInDoubt, StoreUnavailable
from octavo.ledger.errors import LinkLost
from octavo.ledger.links import Link
from octavo.metrics.metrics import Metrics
from octavo.worker.crew import Crew
from octavo.worker.link import LinkRunner
from octavo.worker.observer import LinkObserver
from tests.common.database import Clock


@pytest.mark.parametrize(
    ("error", "status", "again"),
    [(StoreUnavailable, 503, True), (StoreInDoubt, 504, False)],
)
def test_a_client_is_told_to_try_again_only_when_nothing_was_done(
    error: type[StoreUnavailable], status: int, again: bool
) -> None:
    app = make_app(cast("Services", None), Health(), Metrics().requests)

    async def failing() -> None:
        raise error("the database went away")

    app.add_api_route("/failing", failing)
    with TestClient(app) as client:
        answer = client.get("/failing")
    assert answer.status_code == status
    assert answer.json()["code"] == status
    assert ("retry-after" in answer.headers) == again


class Lost:
    """A store whose commits are all in doubt."""

    async def write(
        self, rank: Rank, unit: Callable[[Connection], object], account: int = 0
    ) -> NoReturn:
        raise StoreInDoubt("it may have happened")


@pytest.mark.parametrize("step", [LinkRunner._claim, LinkRunner._settle])
def test_a_link_is_taken_anew_when_it_does_not_know_what_it_holds(
    step: Callable[[LinkRunner, Link], Awaitable[None]],
) -> None:
    """Slices may be leased, or settled, that it would never look at again."""

    async def main() -> None:
        store, clock = cast("Store", Lost()), Clock()
        runner = LinkRunner(
            store, clock, cast("Callable[[], NoReturn]", None), route=1, no=0, worker="w",
            window=10, crew=Crew(store, clock, "w", 1, shared=False),
            observer=cast("LinkObserver", None),
        )  # fmt: skip
        runner._lease_ends = asyncio.get_running_loop().time() + 30
        with pytest.raises(LinkLost):
            await step(runner, Link(1, 1, 1))

    asyncio.run(main())
