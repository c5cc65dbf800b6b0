"""Which call is made next, what becomes a row, and where the cursor stands."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from octavo.callbacks.book import Book, Call
from octavo.callbacks.pace import GIVE_UP_AFTER
from octavo.callbacks.schemas import Due, Happening, Page, Place
from octavo.db.codes import EventKind
from octavo.kit.clock import SECOND, Instant

NOW = Instant(1_800_000_000 * SECOND)
WAIT = 5 * SECOND
START = Place(10, 0)


def happening(
    pos: int, item: int = 0, *, seq: int | None = None, what: str = "", since: Instant = NOW
) -> Happening:
    return Happening(
        event=100 + pos,
        place=Place(pos, item),
        kind=EventKind.SKIPPED if what else EventKind.DELIVERED,
        campaign=1,
        seq=pos * 100 + item if seq is None else seq,
        ticket="sms_1",
        channel="sms",
        number="+33600000000",
        what=what,
        at=NOW,
        since=since,
    )


def read(book: Book, *happenings: Happening, behind: Sequence[Place] = ()) -> None:
    after = Place(happenings[-1].place.pos + 1, 0)
    book.add_page(Page(list(happenings), set(behind), after), NOW)


def due(h: Happening, tries: int = 1) -> Due:
    return Due(h.place, h.campaign, h.seq, tries, h.since, h)


def calls(book: Book, now: Instant = NOW) -> list[Call]:
    made: list[Call] = []
    while (call := book.next(now)) is not None:
        made.append(call)
    return made


def places(made: Sequence[Call]) -> list[Place]:
    return [call.happening.place for call in made]


@pytest.fixture
def book() -> Book:
    return Book(START, ZoneInfo("Europe/Paris"))


def test_nothing_read_is_nothing_to_say(book: Book) -> None:
    assert book.next(NOW) is None
    assert not book.has_changes()


def test_the_cursor_follows_the_first_call_without_an_answer(book: Book) -> None:
    read(book, happening(10), happening(11, 0), happening(11, 1))
    first, second, third = calls(book)
    book.taken(third)
    assert book.changes(NOW).place == (10, 0)
    book.taken(first)
    assert book.has_changes()
    assert book.changes(NOW).place == (11, 0)
    book.taken(second)
    assert book.changes(NOW).place == (12, 0)


def test_a_failure_becomes_a_row_and_the_cursor_passes_it(book: Book) -> None:
    read(book, happening(10), happening(11))
    first, second = calls(book)
    book.taken(second)
    book.failed(first, WAIT, NOW)
    changes = book.changes(NOW)
    assert changes.place == (12, 0)
    assert [(r.place, r.tries, r.next_try_at) for r in changes.failed] == [((10, 0), 1, NOW + WAIT)]


def test_one_message_is_told_one_thing_at_a_time(book: Book) -> None:
    read(book, happening(10, seq=1), happening(11, seq=1), happening(12, seq=2))
    first, other = calls(book)
    assert places([first, other]) == [(10, 0), (12, 0)]
    book.taken(first)
    assert places(calls(book)) == [(11, 0)]


def test_what_comes_after_a_failure_waits_behind_it(book: Book) -> None:
    read(book, happening(10, seq=1), happening(11, seq=1), happening(12, seq=2))
    first, _ = calls(book)
    book.failed(first, WAIT, NOW)
    read(book, happening(13, seq=1), happening(14, seq=3))
    assert places(calls(book)) == [(14, 0)]
    assert [r.place for r in book.changes(NOW).failed] == [(10, 0), (11, 0), (13, 0)]


def test_what_the_store_knows_to_be_behind_is_not_called(book: Book) -> None:
    read(book, happening(10, seq=1), happening(10, 1, seq=2), behind=[Place(10, 0)])
    assert places(calls(book)) == [(10, 1)]
    assert [(r.place, r.tries) for r in book.changes(NOW).failed] == [((10, 0), 0)]


def test_a_row_that_succeeds_is_done(book: Book) -> None:
    book.add_due([due(happening(3))], NOW)
    (call,) = calls(book)
    book.add_due([due(happening(3))], NOW)
    assert calls(book) == []
    book.taken(call)
    changes = book.changes(NOW)
    assert [r.place for r in changes.done] == [(3, 0)]
    assert changes.place == START
    book.add_due([due(happening(3))], NOW)
    assert calls(book) == [], "its row may still be there until this is on disk"
    book.keep(changes)
    book.add_due([due(happening(3))], NOW)
    assert len(calls(book)) == 1


def test_a_row_that_fails_again_waits_longer(book: Book) -> None:
    book.add_due([due(happening(3), tries=4)], NOW)
    (call,) = calls(book)
    book.failed(call, WAIT, NOW)
    changes = book.changes(NOW)
    assert [(r.place, r.tries) for r in changes.again] == [((3, 0), 5)]
    assert (changes.failed, changes.done) == ((), ())


def test_a_slow_call_does_not_hold_the_cursor(book: Book) -> None:
    read(book, happening(10), happening(11))
    slow, quick = calls(book)
    book.taken(quick)
    later = Instant(NOW + 2 * SECOND)
    changes = book.changes(later)
    assert changes.place == (12, 0)
    assert [r.place for r in changes.failed] == [(10, 0)]
    book.keep(changes)
    book.taken(slow)
    assert [r.place for r in book.changes(later).done] == [(10, 0)]


def test_the_last_save_leaves_every_call_without_answer_to_whoever_comes_next(book: Book) -> None:
    read(book, happening(10), happening(11))
    calls(book)
    changes = book.changes(NOW, last=True)
    assert changes.place == (12, 0)
    assert [(r.place, r.next_try_at) for r in changes.failed] == [((10, 0), NOW), ((11, 0), NOW)]


def test_a_save_that_fails_is_said_again(book: Book) -> None:
    read(book, happening(10), happening(11), happening(12, since=Instant(0)))
    first, second = calls(book)
    book.failed(first, WAIT, NOW)
    book.restore(book.changes(NOW))
    book.failed(second, WAIT, NOW)
    changes = book.changes(NOW)
    assert [r.place for r in changes.failed] == [(10, 0), (11, 0)]
    assert changes.dropped == 1


def test_what_is_not_told_is_passed_and_what_is_too_old_is_counted(book: Book) -> None:
    old = Instant(NOW - GIVE_UP_AFTER - 1)
    read(book, happening(10, what="canceled"), happening(11, since=old), happening(12))
    assert places(calls(book)) == [(12, 0)]
    assert book.changes(NOW)[:2] == ((12, 0), ())
    book.add_due([due(happening(3, since=old))], NOW)
    changes = book.changes(NOW)
    assert calls(book) == []
    assert ([r.place for r in changes.done], changes.dropped) == ([(3, 0)], 1)


def test_a_row_whose_event_is_gone_is_given_up(book: Book) -> None:
    book.add_due([Due(Place(3, 0), 1, 7, 2, NOW, None)], NOW)
    assert calls(book) == []
    assert [r.place for r in book.changes(NOW).done] == [(3, 0)]
