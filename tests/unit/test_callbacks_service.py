"""Endpoints in the database: who holds one, what it is to be told, what is tried again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.accounts.service import put_parameters
from octavo.callbacks import service
from octavo.callbacks.schemas import Held, Place, RetryRow
from octavo.callbacks.service import LEASE, PAGE, EndpointLost, Saved
from octavo.db.codes import CallbackKind, EventKind
from octavo.db.connection import SqliteConnection
from octavo.kit.clock import SECOND, Instant
from octavo.ledger.events import Item, Journal, number_events
from tests.common.database import NOW, connection, make_account, seeded

DELIVERIES, STOPS, INBOUNDS = CallbackKind.DELIVERIES, CallbackKind.STOPS, CallbackKind.INBOUNDS
LATER = Instant(NOW + 5 * SECOND)
URL = "https://example.org/"


@pytest.fixture
def c(tmp_path: Path) -> Iterator[SqliteConnection]:
    with connection(seeded(tmp_path)) as opened:
        for login in ("one@example.org", "two@example.org"):
            account = make_account(opened, login=login).account.id
            opened.raw.execute(
                "INSERT INTO campaign (id, account_id, ticket, channel, product, purpose, priority,"
                " sender, text, options, send_at, state, in_doubt, in_doubt_after, validity,"
                " created_at) VALUES (?, ?, ?, 'sms', 'sms_premium', 0, 0, '', '', '{}', 0, 3, 0,"
                " 0, 0, 0)",
                (account, account, f"sms_{account}"),
            )
            opened.raw.executemany(
                "INSERT INTO message (campaign_id, seq, address, country, parts, price, state, at)"
                " VALUES (?, ?, ?, 'FR', 1, 0, 1, 0)",
                [(account, seq, f"+336{seq:08d}") for seq in range(1, 1_201)],
            )
        yield opened


def happen(
    c: SqliteConnection, kind: EventKind, *seqs: int, account: int = 1, what: str = ""
) -> None:
    journal = Journal()
    for seq in seqs:
        journal.tell(account, account, kind, Item(seq, what, NOW))
    journal.write(c, NOW)
    number_events(c, 1_000)


def listen(c: SqliteConnection, url: str | None = URL, account: int = 1) -> None:
    names = ("sms_deliveries", "blacklisted_numbers", "inbounds")
    put_parameters(c, account, {f"callback_url_for_{name}": url for name in names})


def take(c: SqliteConnection, kind: CallbackKind = DELIVERIES, now: Instant = NOW) -> Held:
    held = service.take(c, 1, kind, worker="w", now=now)
    assert held is not None
    return held


def saved(place: Place, until: Instant = NOW, *failed: RetryRow) -> Saved:
    return Saved(place, until, 0, Instant(0), 0, "", None, failed)


def retry(seq: int, pos: int, item: int, at: Instant = NOW) -> RetryRow:
    return RetryRow(1, seq, Place(pos, item), 1, NOW, at)


def test_only_endpoints_with_something_to_tell_are_waiting(c: SqliteConnection) -> None:
    listen(c)
    listen(c, account=2)
    assert service.waiting(c, 9, NOW) == []
    happen(c, EventKind.FAILED, 1)
    assert service.waiting(c, 9, NOW) == [(1, DELIVERIES)]
    happen(c, EventKind.STOP, 1, account=2, what="1")
    happen(c, EventKind.INBOUND, 1, account=2, what="1")
    assert service.waiting(c, 9, NOW) == [(1, DELIVERIES), (2, STOPS), (2, INBOUNDS)]
    assert service.waiting(c, 1, NOW) == [(1, DELIVERIES)]


def test_an_endpoint_is_held_by_one_until_its_lease_ends(c: SqliteConnection) -> None:
    listen(c)
    happen(c, EventKind.DELIVERED, 1)
    first = take(c)
    assert service.take(c, 1, DELIVERIES, worker="v", now=LATER) is None
    assert service.waiting(c, 9, LATER) == []
    end = Instant(NOW + LEASE)
    assert service.waiting(c, 9, end) == [(1, DELIVERIES)]
    second = take(c, now=end)
    service.save(c, second, saved(Place(2, 0)), end)
    with pytest.raises(EndpointLost):
        service.save(c, first, saved(Place(1, 0)), end)
    assert take(c, now=end).place == (2, 0)


@pytest.mark.parametrize("url", [None, "https://example.org/new"])
def test_who_calls_an_old_address_is_fenced_out(c: SqliteConnection, url: str | None) -> None:
    listen(c)
    happen(c, EventKind.DELIVERED, 1)
    held = take(c)
    service.save(c, held, saved(Place(1, 0), LATER, retry(1, 1, 0)), NOW)
    listen(c, url)
    assert c.raw.execute("SELECT count(*) FROM callback_retry").fetchone() == (0,)
    with pytest.raises(EndpointLost):
        service.save(c, held, saved(Place(2, 0)), NOW)
    if url is not None:
        assert take(c).place == (2, 0)


def test_the_same_address_again_changes_nothing(c: SqliteConnection) -> None:
    listen(c)
    held = take(c)
    happen(c, EventKind.DELIVERED, 1)
    listen(c)
    service.save(c, held, saved(Place(1, 0)), NOW)
    assert take(c).place == (1, 0)


def test_pages_follow_each_other_and_begin_inside_an_event(c: SqliteConnection) -> None:
    listen(c)
    happen(c, EventKind.DELIVERED, *range(1, 1_201))
    happen(c, EventKind.DELIVERED, 7, account=2)
    held = take(c)
    first = service.page(c, held, Place(1, 490), retrying=False)
    assert [h.place for h in first.happenings[:2]] == [(1, 490), (1, 491)]
    assert [h.seq for h in first.happenings] == list(range(491, 1_001))
    assert PAGE <= len(first.happenings) < 2 * PAGE
    second = service.page(c, held, first.next, retrying=False)
    assert [h.seq for h in second.happenings] == list(range(1_001, 1_201))
    assert {h.ticket for h in second.happenings} == {"sms_1"}
    third = service.page(c, held, second.next, retrying=False)
    assert (third.happenings, third.next) == ([], second.next)


def test_a_page_tells_numbers_and_the_words_of_replies(c: SqliteConnection) -> None:
    listen(c)
    c.raw.execute(
        "INSERT INTO inbound (id, route_id, ref, sender, recipient, text, kind, at, received_at)"
        " VALUES (31, 1, 'a', '+33600000002', '36111', 'Stop !', 'stop', 0, 0)"
    )
    happen(c, EventKind.DELIVERED, 2)
    happen(c, EventKind.STOP, 2, what="31")
    happen(c, EventKind.STOP, 3, what="32")
    (told,) = service.page(c, take(c), Place(1, 0), retrying=False).happenings
    assert told.number == "+33600000002"
    page = service.page(c, take(c, STOPS), Place(1, 0), retrying=False)
    (stop,) = page.happenings
    assert (stop.number, stop.text, stop.recipient) == ("+33600000002", "Stop !", "36111")
    assert page.next == (4, 0), "a reply that is gone is passed over"


def test_what_is_behind_a_failed_call_of_its_message_is_named(c: SqliteConnection) -> None:
    listen(c)
    happen(c, EventKind.FAILED, 1, 2)
    happen(c, EventKind.DELIVERED, 1, 2, 3)
    held = take(c)
    service.save(c, held, saved(Place(2, 0), LATER, retry(2, 1, 1)), NOW)
    assert service.page(c, held, Place(2, 0), retrying=True).behind == {(2, 1)}


def test_of_one_message_only_the_first_failed_call_is_due(c: SqliteConnection) -> None:
    listen(c)
    happen(c, EventKind.FAILED, 1, 2)
    happen(c, EventKind.DELIVERED, 1, 2)
    held = take(c)
    rows = [retry(1, 1, 0, LATER), retry(1, 2, 0), retry(2, 1, 1), retry(2, 2, 1)]
    service.save(c, held, saved(Place(3, 0), LATER, *rows), NOW)
    (due,) = service.due(c, held, 9, NOW)
    assert (due.place, due.tries) == ((1, 1), 1)
    assert due.happening is not None
    assert (due.happening.seq, due.happening.kind) == (2, EventKind.FAILED)
    assert [d.place for d in service.due(c, held, 9, LATER)] == [(1, 1), (1, 0)]
    done = saved(Place(3, 0))._replace(done=[rows[2]], again=[rows[0]._replace(tries=2)])
    service.save(c, held, done, NOW)
    assert {(d.place, d.tries) for d in service.due(c, held, 9, LATER)} == {
        ((1, 0), 2),
        ((2, 1), 1),
    }


def test_an_endpoint_that_rests_is_not_waiting_and_hurries_when_it_is_back(
    c: SqliteConnection,
) -> None:
    listen(c)
    happen(c, EventKind.FAILED, 1)
    held = take(c)
    row = retry(1, 1, 0, Instant(NOW + 3_600 * SECOND))
    service.save(c, held, saved(Place(2, 0), NOW, row)._replace(paused_until=LATER), NOW)
    happen(c, EventKind.DELIVERED, 2)
    assert service.waiting(c, 9, NOW) == []
    assert service.waiting(c, 9, LATER) == [(1, DELIVERIES)]
    held = take(c, now=LATER)
    assert held.retrying
    service.save(c, held, saved(Place(3, 0), LATER)._replace(hurry=True), LATER)
    assert [d.place for d in service.due(c, held, 9, LATER)] == [(1, 0)]
    assert service.waiting(c, 9, LATER) == [(1, DELIVERIES)]


def test_leases_end_when_the_process_before_is_gone(c: SqliteConnection) -> None:
    listen(c)
    happen(c, EventKind.DELIVERED, 1)
    take(c)
    service.end_leases(c)
    assert service.waiting(c, 9, NOW) == [(1, DELIVERIES)]
