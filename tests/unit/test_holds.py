"""What a link holds in memory: credit, window, spacing, and what it says in a settle."""

from octavo.db.statements.dispatching import PendingRow
from octavo.ledger.claim import Grant, GrantedSlice
from octavo.worker.holds import Holds

NOW = 100.0


def row(seq: int, parts: int = 1, slice_id: int = 1) -> PendingRow:
    return PendingRow(
        slice_id, 7, seq, f"+3360000{seq:04d}", None, parts, 0, 0, None, 1, 1, "Octavo", "hi", "{}"
    )


def granted(
    rows: list[PendingRow], *, intent: int, hi: int | None = None, slice_id: int = 1
) -> GrantedSlice:
    last = rows[-1].seq
    return GrantedSlice(slice_id, 7, 1, 0, 1, hi or last, hi or last, intent, rows)


def holding(*slices: GrantedSlice, rate: float | None = None) -> Holds:
    holds = Holds()
    holds.add(Grant(list(slices), rate=rate), NOW)
    return holds


def sent(holds: Holds, room: int = 100, now: float = NOW) -> list[int]:
    return [row.seq for _, row in holds.next_ready(now, room)]


def test_only_what_has_an_intent_may_leave() -> None:
    holds = holding(granted([row(n) for n in range(1, 6)], intent=3))

    assert sent(holds) == [1, 2, 3]
    assert sent(holds) == []
    assert (holds.unsent, holds.intended) == (2, 3)


def test_a_window_is_kept_and_its_next_message_waits_for_room() -> None:
    holds = holding(granted([row(1), row(2, parts=3), row(3)], intent=3))

    assert sent(holds, room=3) == [1]
    assert sent(holds, room=2) == []
    assert sent(holds, room=4) == [2, 3]


def test_a_message_larger_than_the_window_goes_alone() -> None:
    holds = holding(granted([row(1, parts=5), row(2, parts=5), row(3)], intent=3))

    assert [r.seq for _, r in holds.next_ready(NOW, 2, alone=True)] == [1]
    assert [r.seq for _, r in holds.next_ready(NOW, 2)] == []
    assert [r.seq for _, r in holds.next_ready(NOW, 2, alone=True)] == [2]


def test_later_slices_do_not_overtake_one_that_waits_for_room() -> None:
    first = granted([row(1, parts=3)], intent=1)
    holds = holding(first, granted([row(1, slice_id=2)], intent=1, slice_id=2))

    assert sent(holds, room=2) == []


def test_messages_leave_at_the_routes_rate() -> None:
    holds = holding(granted([row(1), row(2, parts=2), row(3)], intent=3), rate=10.0)

    assert sent(holds) == [1]
    assert holds.next_due() == NOW + 0.1
    assert sent(holds, now=NOW + 0.15) == [2]
    assert sent(holds, now=NOW + 0.29) == []
    assert sent(holds, now=NOW + 0.31) == [3]
    assert holds.next_due() is None


def test_progress_asks_for_as_much_intent_as_there_is_credit() -> None:
    holds = holding(granted([row(n, parts=2) for n in range(1, 6)], intent=0))

    (told,) = holds.progress(5, {})

    assert (told.old_intent_hi, told.intent_hi) == (0, 2)


def test_the_last_intent_reaches_the_end_of_the_grant() -> None:
    """Rows at its end that were skipped leave no gap that would never be settled."""
    holds = holding(granted([row(1), row(2)], intent=0, hi=9))

    (told,) = holds.progress(5, {})

    assert told.intent_hi == 9


def test_credit_goes_to_slices_in_turn() -> None:
    one = granted([row(1), row(2, parts=3)], intent=0)
    holds = holding(one, granted([row(1, slice_id=2), row(2, slice_id=2)], intent=0, slice_id=2))

    asked = {p.slice: p.intent_hi for p in holds.progress(2, {})}

    assert asked == {1: 1, 2: 1}


def test_credit_that_covers_no_message_is_no_reason_to_settle() -> None:
    holds = holding(granted([row(1, parts=3)], intent=0))

    assert not holds.wants_intent(2)
    assert holds.wants_intent(3)
    assert holds.progress(2, {}) == []


def test_a_settle_makes_what_was_asked_ready() -> None:
    holds = holding(granted([row(n) for n in range(1, 5)], intent=1))

    holds.settled(holds.progress(2, {}), set(), set())

    assert holds.intended == 3
    assert sent(holds) == [1, 2, 3]


def test_who_opted_out_is_not_sent_to() -> None:
    holds = holding(granted([row(1), row(2, parts=2), row(3)], intent=0))

    holds.settled(holds.progress(9, {}), set(), {(7, 2)})

    assert sent(holds) == [1, 3]
    assert (holds.unsent, holds.intended) == (0, 2)


def test_a_slice_ends_when_all_of_it_is_answered() -> None:
    holds = holding(granted([row(1), row(2)], intent=2))
    sent(holds)
    assert not holds.has_ended()
    hold = holds.by_slice[1]

    (told,) = holds.progress(0, {1: 1})
    assert (told.sent_hi, told.outstanding) == (2, 1)
    hold.outstanding -= 1
    holds.settled([told], set(), set())
    (told,) = holds.progress(0, {1: 1})
    hold.outstanding -= 1
    holds.settled([told], set(), set())

    assert holds.by_slice == {}


def test_a_slice_of_which_everybody_opted_out_ends() -> None:
    holds = holding(granted([row(1), row(2)], intent=0))
    holds.settled(holds.progress(9, {}), set(), {(7, 1), (7, 2)})

    assert holds.has_ended()
    (told,) = holds.progress(9, {})
    assert told.sent_hi == told.grant_hi == 2
    holds.settled([told], set(), set())
    assert holds.by_slice == {}


def test_a_stopped_slice_drops_its_rest_and_says_so() -> None:
    holds = holding(granted([row(n) for n in range(1, 6)], intent=4))
    assert sent(holds, room=2) == [1, 2]
    asked = holds.progress(1, {})

    holds.settled(asked, {1}, set())

    assert (holds.unsent, holds.intended) == (0, 4)
    assert sent(holds) == []
    (told,) = holds.progress(9, {})
    assert told.dropped
    assert (told.sent_hi, told.intent_hi, told.outstanding) == (2, 4, 2)
    holds.settled([told], {1}, set())
    assert holds.intended == 2
    assert holds.progress(9, {}) == []


def test_rows_sent_while_a_settle_is_on_its_way_stay_under_their_intent() -> None:
    holds = holding(granted([row(n) for n in range(1, 4)], intent=3))
    told = holds.progress(0, {})

    assert told == []
    assert sent(holds) == [1, 2, 3]
    holds.settled(told, set(), set())

    assert holds.by_slice[1].outstanding == 3


def test_dropping_twice_forgets_no_intent() -> None:
    holds = holding(granted([row(n) for n in range(1, 4)], intent=3))

    holds.drop_all()
    holds.drop_all()
    holds.settled(holds.progress(0, {}), set(), set())

    assert (holds.unsent, holds.intended) == (0, 0)
    assert holds.by_slice == {}
