"""SIGTERM under load, and a second server on the same data."""

import random
from contextlib import closing

import pytest

from octavo.db.codes import SliceState
from octavo.db.unit_of_work import run_once
from octavo.routes import service as routes
from tests.common.process import ServerProcess, free_port, run_up
from tests.crash.judge import doubts_so_far, judge, opened, state_of, wait_settled
from tests.crash.load import Customer, Notes, make_order, sending


def set_rate(server: ServerProcess, rate: float | None) -> None:
    run_once(server.database, lambda c: routes.set_rate(c, "sandbox", rate))


@pytest.mark.slow
def test_sigterm_leaves_nothing_in_doubt(crash_server: ServerProcess) -> None:
    server = crash_server
    set_rate(server, 1_500.0)
    with sending(server.port, seed=2, size=6) as notes:
        for _ in range(2):
            server.start()
            wait_taken(server, notes, 30)
            assert server.sigterm() == 0, server.told("no clean end")
            check_drawn_back(server)
        set_rate(server, None)
        server.start()
    wait_settled(server)
    assert server.sigterm() == 0, server.told("no clean end")
    books = judge(server, notes, kills=0)
    assert not books.doubts


def wait_taken(server: ServerProcess, notes: Notes, more: int) -> None:
    enough = len(notes.taken) + more
    server.wait(lambda: len(notes.taken) >= enough, "no order was taken")


def check_drawn_back(server: ServerProcess) -> None:
    """No link holds anything, and what waits has no intent."""
    with closing(opened(server.data_dir)) as raw:
        told = server.told(str(state_of(raw)))
        leased = f"SELECT count(*) FROM slice WHERE state = {SliceState.LEASED:d}"  # noqa: S608 - a number
        assert raw.execute(leased).fetchone()[0] == 0, told
        intents = raw.execute("SELECT count(*) FROM slice WHERE intent_hi > cur")
        assert intents.fetchone()[0] == 0, told
        waiting = raw.execute("SELECT sum(pending) FROM campaign_count").fetchone()[0]
        assert waiting, "nothing was left to draw back: what was to be shown was not"
    assert doubts_so_far(server) == 0


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
