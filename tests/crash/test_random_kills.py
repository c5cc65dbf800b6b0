"""Kill -9 at random instants while clients send: nothing is lost, nothing goes twice."""

import random
import sys
import time

import pytest

from octavo.db.codes import MessageState
from tests.common.process import ServerProcess
from tests.crash.judge import (
    MOST_IN_DOUBT,
    Books,
    doubts_so_far,
    judge,
    wait_settled,
    wait_taken_over,
)
from tests.crash.load import Notes, sending


def kill_again_and_again(server: ServerProcess, seed: int, kills: int, clients: int) -> Notes:
    """Kills a server that clients send to; each third time before it is ready again."""
    rng = random.Random(seed)
    with sending(server.port, seed, clients) as notes:
        known = 0
        for n in range(kills):
            if n % 3 == 2:
                server.launch()
                time.sleep(rng.uniform(0.2, 1.2))
            else:
                if not server.running():
                    server.start()
                    wait_taken_over(server)
                    now = doubts_so_far(server)
                    assert now - known <= MOST_IN_DOUBT
                    known = now
                time.sleep(rng.uniform(0.2, 1.2))
            server.kill9()
        server.start()
        time.sleep(0.5)
    return notes


def run(
    server: ServerProcess, kills: int, clients: int, seed: int | None = None, *, reports: bool
) -> Books:
    seed = time.time_ns() % 1_000_000 if seed is None else seed
    sys.stdout.write(f"seed {seed}\n")
    server.env["OCTAVO_SANDBOX_REPORTS"] = "1" if reports else "0"
    notes = kill_again_and_again(server, seed, kills, clients)
    wait_settled(server, reports=reports)
    assert server.sigterm() == 0, server.told("no clean end")
    books = judge(server, notes, kills, reports=reports)
    sys.stdout.write(
        f"{len(notes.taken)} orders taken, {len(notes.guarded)} told by code 120,"
        f" {len(books.messages)} messages, {sum(books.doubts.values())} doubts\n"
    )
    assert notes.taken
    return books


def test_kill_9_loses_nothing_and_sends_nothing_twice(crash_server: ServerProcess) -> None:
    run(crash_server, kills=2, clients=4, reports=True)


@pytest.mark.slow
@pytest.mark.parametrize("clients", [4, 8])
def test_many_kills(crash_server: ServerProcess, clients: int) -> None:
    books = run(crash_server, kills=6, clients=clients, reports=True)
    assert books.doubts
    settled = [key for key in books.doubts if not books.repeats(key) and books.times(key)]
    assert settled, "no receipt has settled a doubt: what was to be shown was not"


@pytest.mark.slow
def test_without_receipts_unknown_stays_unknown_or_is_repeated(
    crash_server: ServerProcess,
) -> None:
    books = run(crash_server, kills=4, clients=6, reports=False)
    stay = [key for key in books.doubts if not books.repeats(key)]
    again = [key for key in books.doubts if books.repeats(key)]
    assert stay
    assert again
    assert {books.messages[key].state for key in stay} == {MessageState.UNKNOWN}
    assert any(books.times(key) > 1 for key in again), "nothing in doubt had been taken"
