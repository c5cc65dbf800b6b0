"""SIGTERM under load, and a second server on the same data."""

import random
from contextlib import closing

import pytest

from octavo.db.codes import SliceState
from octavo.routes import service as routes
from tests.common.process import ServerProcess, free_port, run_up
from tests.crash.judge import judge, opened, state_of, wait_settled
from tests.crash.load import Customer, Notes, make_order, sending
from tests.crash.site import Site


def set_rate(site: Site, rate: float | None) -> None:
    site.write(lambda c: routes.set_rate(c, "sandbox", rate))


@pytest.mark.slow
def test_sigterm_leaves_nothing_in_doubt(site: Site) -> None:
    set_rate(site, 1_500.0)
    with sending(site.api.port, seed=2, size=6) as notes:
        for _ in range(2):
            site.start()
            wait_taken(site, notes, 30)
            site.stop()
            check_drawn_back(site)
        set_rate(site, None)
        site.start()
    books = site.ends(notes, kills=0)
    assert not books.doubts


def wait_taken(site: Site, notes: Notes, more: int) -> None:
    enough = len(notes.taken) + more
    site.api.wait(lambda: len(notes.taken) >= enough, "no order was taken")


def check_drawn_back(site: Site) -> None:
    """No link holds anything, and what waits has no intent."""
    with closing(opened(site.data_dir, site.url)) as raw:
        told = site.api.told(str(state_of(raw)))
        leased = f"SELECT count(*) FROM slice WHERE state = {SliceState.LEASED:d}"  # noqa: S608 - a number
        assert raw.execute(leased).fetchone()[0] == 0, told
        intents = raw.execute("SELECT count(*) FROM slice WHERE intent_hi > cur")
        assert intents.fetchone()[0] == 0, told
        waiting = raw.execute("SELECT sum(pending) FROM campaign_count").fetchone()[0]
        assert waiting, "nothing was left to draw back: what was to be shown was not"
    assert site.doubts() == 0


def test_a_second_server_on_the_same_data_says_so_and_ends(crash_server: ServerProcess) -> None:
    server = crash_server
    server.start()
    code, said = run_up(server.data_dir, free_port())
    assert code not in {0, None}
    assert len(said.splitlines()) == 1, said
    assert "data directory" in said
    notes = Notes()
    customer = Customer(server.port, notes)
    assert customer.send(make_order("x", random.Random(1))).status == 201
    customer.close()
    wait_settled(server)
    assert server.sigterm() == 0
    judge(server, notes, kills=0)
