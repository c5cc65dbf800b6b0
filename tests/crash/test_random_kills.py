"""Kill -9 at random instants while clients send: nothing is lost, nothing goes twice."""

import os
import random
import sys
import time

import pytest

from octavo.db.codes import MessageState
from tests.crash.judge import MOST_IN_DOUBT, Books
from tests.crash.load import Notes, sending
from tests.crash.site import Site


def kill_again_and_again(site: Site, seed: int, kills: int, clients: int) -> Notes:
    """Kills processes of a site that clients send to; each third time one that has just begun."""
    rng = random.Random(seed)
    victim = site.api
    # Several processes take longer to start: what is sent meanwhile must be settled too.
    pause = 0.5 if site.workers else 0.03
    with sending(site.api.port, seed, clients, pause) as notes:
        known = 0
        for n in range(kills):
            if n % 3 == 2:
                victim.launch()
            else:
                site.start()
                now = site.doubts()
                assert now - known <= 2 * max(1, len(site.workers)) * MOST_IN_DOUBT
                known = now
                victim = rng.choice(site.processes)
            time.sleep(rng.uniform(0.2, 1.2))
            if n % 3 == 1 and victim in site.workers:
                site.freeze_in_flight(victim)  # one of several has nothing to lose most of the time
            site.kill9(victim)
        site.start()
        time.sleep(0.5)
    return notes


def run(site: Site, kills: int, clients: int, seed: int | None = None, *, reports: bool) -> Books:
    seed = int(os.environ.get("CRASH_SEED", time.time_ns() % 1_000_000)) if seed is None else seed
    sys.stdout.write(f"seed {seed}\n")
    for process in site.processes:
        process.env["OCTAVO_SANDBOX_REPORTS"] = "1" if reports else "0"
        if site.workers:
            process.env["OCTAVO_SANDBOX_ANSWER_LATENCY"] = "0.2"
    notes = kill_again_and_again(site, seed, kills, clients)
    books = site.ends(notes, kills * 2, reports=reports)
    sys.stdout.write(
        f"{len(notes.taken)} orders taken, {len(notes.guarded)} told by code 120,"
        f" {len(books.messages)} messages, {sum(books.doubts.values())} doubts\n"
    )
    assert notes.taken
    return books


def kills_for(site: Site, on_sqlite: int) -> int:
    """With several processes a kill hits less: it takes twice as many, over 30 in all."""
    return on_sqlite * 2 if site.workers else on_sqlite


def test_kill_9_loses_nothing_and_sends_nothing_twice(site: Site) -> None:
    run(site, kills=kills_for(site, 2), clients=4, reports=True)


@pytest.mark.slow
@pytest.mark.parametrize("clients", [4, 8])
def test_many_kills(site: Site, clients: int) -> None:
    books = run(site, kills=kills_for(site, 6), clients=clients, reports=True)
    assert books.doubts
    settled = [key for key in books.doubts if not books.repeats(key) and books.times(key)]
    assert settled, "no receipt has settled a doubt: what was to be shown was not"


@pytest.mark.slow
def test_without_receipts_unknown_stays_unknown_or_is_repeated(site: Site) -> None:
    books = run(site, kills=kills_for(site, 4), clients=6, reports=False)
    stay = [key for key in books.doubts if not books.repeats(key)]
    again = [key for key in books.doubts if books.repeats(key)]
    assert stay
    assert again
    assert {books.messages[key].state for key in stay} == {MessageState.UNKNOWN}
    assert any(books.times(key) > 1 for key in again), "nothing in doubt had been taken"
