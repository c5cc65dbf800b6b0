"""Several processes on one PostgreSQL database: one dies, the others go on."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.routes import service as routes
from tests.common import postgres
from tests.crash.load import sending
from tests.crash.site import LINKS, Site, on_postgresql

pytestmark = pytest.mark.slow


def test_a_killed_worker_is_replaced_and_nothing_goes_twice(shared_site: Site) -> None:
    """When its leases end: nobody helps."""
    site = shared_site
    site.start()
    dying, staying = site.workers
    with sending(site.api.port, 1, 4) as notes:
        site.wait_held_by(dying, staying)
        site.freeze_in_flight(dying)
        dying.kill9()
        site.check_doubt_is_bounded()
        site.wait_held_by(staying)
        time.sleep(1)
    books = site.ends(notes, LINKS)
    assert notes.taken
    assert books.doubts, "the kill hit nothing"


def test_a_worker_that_was_frozen_past_its_lease_sends_nothing_more(shared_site: Site) -> None:
    site = shared_site
    site.start()
    frozen, other = site.workers
    with sending(site.api.port, 2, 4) as notes:
        site.wait_held_by(frozen, other)
        site.freeze_in_flight(frozen)
        site.wait_held_by(other)
        os.kill(frozen.pid, signal.SIGCONT)
        site.wait_held_by(frozen, other)
        time.sleep(1)
    books = site.ends(notes, LINKS)
    assert notes.taken
    assert books.doubts, "the freeze hit nothing"


def test_a_worker_that_is_stopped_under_load_leaves_its_links_at_once(shared_site: Site) -> None:
    """Not after the 30 s of a lease, and nothing is in doubt."""
    site = shared_site
    site.write(lambda c: routes.set_rate(c, "sandbox", 1_500.0))
    site.start()
    stopped, staying = site.workers
    with sending(site.api.port, 4, 4) as notes:
        site.wait_held_by(stopped, staying)
        site.api.wait(lambda: len(notes.taken) > 10, "no orders are taken")
        assert stopped.sigterm() == 0, stopped.told("no clean end")
        assert stopped.pid not in site.holders().values()
        site.wait_held_by(staying)
        site.write(lambda c: routes.set_rate(c, "sandbox", None))
    books = site.ends(notes, kills=0)
    assert notes.taken
    assert not books.doubts


@pytest.fixture
def own_cluster() -> Iterator[postgres.Cluster]:
    cluster = postgres.own_cluster()
    try:
        cluster.execute("CREATE DATABASE site")
        yield cluster
    finally:
        cluster.remove()


def test_a_database_that_goes_away_and_comes_back(
    own_cluster: postgres.Cluster, tmp_path: Path
) -> None:
    with on_postgresql(tmp_path, own_cluster.url("site"), workers=2) as site:
        site.start()
        with sending(site.api.port, 3, 4) as notes:
            for _ in range(3):
                site.wait_held_by(*site.workers)
                time.sleep(1)
                taken = len(notes.taken)
                own_cluster.stop()
                time.sleep(2)
                own_cluster.start()
                site.api.wait(lambda n=taken: len(notes.taken) > n, "no orders are taken")  # type: ignore[misc]
        site.ends(notes, LINKS)
        assert notes.unavailable
