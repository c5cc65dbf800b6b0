"""A synchronous standby takes over from a primary that is lost under load."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.common import postgres
from tests.crash.load import Notes, sending
from tests.crash.site import Site, on_postgresql

pytestmark = pytest.mark.slow


class Pair:
    """A primary, its synchronous standby, and an API with two workers that know both."""

    def __init__(self, primary: postgres.Cluster, standby: postgres.Cluster, site: Site) -> None:
        self.primary = primary
        self.standby = standby
        self.site = site

    def lose_primary(self) -> None:
        """Kills the primary, and promotes the standby."""
        self.primary.kill9()
        self.standby.promote()
        self.site.read_at(self.standby.url("site"))

    def wait_taken(self, notes: Notes, more: int = 5) -> None:
        enough = len(notes.taken) + more
        self.site.api.wait(lambda: len(notes.taken) >= enough, "no orders are taken")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    primary = postgres.own_cluster()
    standbys: list[postgres.Cluster] = []
    try:
        primary.execute("CREATE DATABASE site")
        standbys.append(primary.standby())
        url = primary.url("site", standbys[0])
        with on_postgresql(tmp_path, url, workers=2) as site:
            primary.wait_for_standbys()
            yield Pair(primary, standbys[0], site)
    finally:
        for cluster in (primary, *standbys):
            cluster.remove()


def count_campaigns(url: str) -> int:
    with psycopg.connect(url) as raw:
        found = raw.execute("SELECT count(*) FROM campaign").fetchone()
    assert found is not None
    return int(found[0])


def test_a_promoted_standby_has_all_that_was_taken_and_nothing_goes_twice(pair: Pair) -> None:
    site = pair.site
    site.start()
    assert "warnings" not in site.api.get("/readyz")[1]
    with sending(site.api.port, seed=11, size=6, pause=0.1) as notes:
        pair.wait_taken(notes, 20)
        pair.lose_primary()
        pair.wait_taken(notes)
        site.wait_taken_over()
        site.api.wait(lambda: "no synchronous standby" in site.api.get("/readyz")[1], "no warning")
        assert site.api.get("/readyz")[0] == 200
    assert {process.starts for process in site.processes} == {1}, "nobody was restarted"
    books = site.ends(notes, kills=4)
    assert notes.taken
    assert not [key for key in books.doubts if books.times(key) > 1 and not books.repeats(key)]


def test_the_old_primary_that_comes_back_is_left_alone(pair: Pair) -> None:
    """It is the first in everybody's URL, and waits for no standby any more."""
    site = pair.site
    site.start()
    with sending(site.api.port, seed=12, size=4, pause=0.1) as notes:
        pair.wait_taken(notes, 10)
        pair.lose_primary()
        pair.wait_taken(notes)
        pair.primary.start()
        pair.primary.wait_for_standbys("")
        before = count_campaigns(pair.primary.url("site"))
        site.kill9(site.api)
        site.kill9(site.workers[0])
        site.start()
        pair.wait_taken(notes)
        time.sleep(1)
    site.ends(notes, kills=8)
    assert count_campaigns(pair.primary.url("site")) == before


def test_a_worker_and_the_primary_die_at_once(pair: Pair) -> None:
    site = pair.site
    site.start()
    with sending(site.api.port, seed=13, size=6, pause=0.1) as notes:
        pair.wait_taken(notes, 10)
        site.freeze_in_flight(site.workers[0])
        pair.primary.kill9()
        site.workers[0].kill9()
        pair.standby.promote()
        site.read_at(pair.standby.url("site"))
        site.check_doubt_is_bounded()
        site.bury(site.workers[0])
        site.start()
        pair.wait_taken(notes)
    books = site.ends(notes, kills=4)
    assert books.doubts, "the kill hit nothing"


def test_without_its_standby_nothing_is_promised_until_it_is_back(pair: Pair) -> None:
    """Who loses the only synchronous standby stops; nothing is taken that only one server has."""
    site = pair.site
    site.start()
    with sending(site.api.port, seed=14, size=4, pause=0.1) as notes:
        pair.wait_taken(notes, 10)
        pair.standby.stop()
        site.api.wait(lambda: site.api.get("/readyz")[0] == 503, "it calls itself ready")
        assert "nothing was committed" in site.api.get("/readyz")[1]
        taken = len(notes.taken)
        time.sleep(1)
        assert len(notes.taken) == taken
        pair.standby.start()
        pair.wait_taken(notes)
        site.api.wait_ready()
    site.ends(notes, kills=4)
