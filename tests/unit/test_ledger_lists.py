"""Campaigns on lists and tags: computed in steps, confirmed, started, canceled."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from octavo.db.codes import CampaignState, EventKind, MessageState, Purpose, Scope, Skipped
from octavo.kit.clock import HOUR, MINUTE, SECOND, Instant
from octavo.kit.money import Money, money
from octavo.ledger import campaigns, confirm, drafts, inbounds, orders, tasks, wallet
from octavo.ledger.audience import Audience, Collection, Kind
from octavo.ledger.confirm import AlreadySent, Confirmed, Failed, NotReady
from tests.common.holder import Holder
from tests.common.ledger import PRICE, World
from tests.common.lists import Book, Contact, french

SPAIN = Contact("+34600000001", "ES")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert world.breaches() == []
    world.close()


@pytest.fixture
def book(world: World) -> Book:
    return Book(world)


def opt_out(world: World, address: str, scope: Scope = Scope.MARKETING) -> None:
    world.run(
        lambda c: inbounds.suppress(
            c, account=world.account, address=address, scope=scope, reason="stop", now=world.now
        )
    )


def cancel(world: World, campaign: int) -> None:
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.cancel(c, world.account, ticket, world.now))


def reasons(world: World, campaign: int) -> dict[str, int]:
    found = world.sql(
        "SELECT reason, n FROM campaign_reason WHERE campaign_id = ? AND n <> 0", campaign
    )
    return {str(reason): int(n or 0) for reason, n in found}


def finish(world: World) -> None:
    """Everything due is started and accepted by the carrier; empty slices take a look each."""
    world.live(SECOND)
    holder = Holder(world)
    for _ in range(3):
        holder.work()


# -- computing ------------------------------------------------------------------------------------


def test_a_list_becomes_messages_slices_and_a_cost(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list([*french(3), SPAIN]), slice_size=2)

    assert world.state(campaign) is CampaignState.READY_TO_BE_SENT
    assert book.messages(campaign) == [
        *((person.phone_number, "", 1, PRICE) for person in french(3)),
        (SPAIN.phone_number, "", 1, 2 * PRICE),
    ]
    found = book.look(campaign)
    assert (found.pending, found.parts, found.cost) == (4, 4, 5 * PRICE)
    assert [row[1:3] for row in world.open_slices(campaign)] == [(1, 2), (3, 4)]
    assert drafts.by_country(world.c, campaign) == [
        ("ES", 1, 1, 2 * PRICE),
        ("FR", 3, 3, 3 * PRICE),
    ]
    assert world.available() == money("100")


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("text", ["Bonjour", "Bonjour {first_name}"])
def test_the_size_of_the_steps_changes_nothing(
    world: World, book: Book, most: int, text: str
) -> None:
    people = [*french(5), SPAIN, Contact(None, email="a@example.org"), Contact("+33", invalid=1)]
    a_list = book.a_list(people)
    campaign = book.draft(a_list, text=text)
    steps = book.compute(campaign, most)

    assert steps >= len(people) // most
    assert sorted(book.messages(campaign)) == sorted(
        book.messages(book.computed(a_list, text=text))
    )
    assert world.breaches() == []


def test_everything_adds_up_after_each_step(world: World, book: Book) -> None:
    opt_out(world, "+33600000002")
    campaign = book.draft(book.a_list([*french(6), Contact("+33", invalid=1)]))

    while not book.step(campaign, 2):
        assert world.breaches() == []


def test_whoever_is_not_sent_to_is_there_with_the_reason(world: World, book: Book) -> None:
    opt_out(world, "+33600000001")
    people = [
        Contact(None, "", email="a@example.org"),
        Contact("+111222233334444", "", invalid=1),
        Contact("+819012345678", "JP"),
        *french(3),
    ]
    campaign = book.computed(book.a_list(people))

    assert book.messages(campaign) == [
        ("+33600000000", "", 1, PRICE),
        ("+33600000002", "", 1, PRICE),
        ("a@example.org", Skipped.NO_NUMBER, 0, 0),
        ("+111222233334444", Skipped.INVALID_NUMBER, 0, 0),
        ("+819012345678", Skipped.NO_PRICE, 0, 0),
        ("+33600000001", Skipped.OPTED_OUT, 0, 0),
    ]
    assert reasons(world, campaign) == {
        "no_number": 1, "invalid_number": 1, "no_price": 1, "opted_out": 1,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["Bonjour", "Bonjour {first_name}"])
def test_who_opted_out_is_left_out_when_asked_for(world: World, book: Book, text: str) -> None:
    opt_out(world, "+33600000001")
    campaign = book.computed(book.a_list(french(3)), text=text, leave_out=True, fee=money("0.01"))

    assert [address for address, *_ in book.messages(campaign)] == ["+33600000000", "+33600000002"]


@pytest.mark.parametrize(
    ("purpose", "scope", "sent"),
    [
        (Purpose.WHOLESALE, Scope.MARKETING, 0),
        (Purpose.ALERT, Scope.MARKETING, 1),
        (Purpose.ALERT, Scope.ALL, 0),
    ],
)
def test_an_alert_passes_a_suppression_of_marketing(
    world: World, book: Book, purpose: Purpose, scope: Scope, sent: int
) -> None:
    opt_out(world, "+33600000000", scope)
    campaign = book.computed(book.a_list(french(2)), purpose=purpose)

    assert book.look(campaign).pending == 1 + sent


def test_personal_texts_are_counted_for_each(world: World, book: Book) -> None:
    people = [
        Contact("+33600000000", param1="x" * 50),
        Contact("+33600000001"),
        Contact("+33600000002", param1="short"),
        Contact("+33600000003", param1="é" * 20 + "ж"),
    ]
    campaign = book.computed(book.a_list(people), text="{param1}" * 4, most_parts=2)

    assert book.messages(campaign) == [
        ("+33600000000", "", 2, 2 * PRICE),
        ("+33600000002", "", 1, PRICE),
        ("+33600000003", "", 2, 2 * PRICE),
        ("+33600000001", Skipped.TEXT_MISSING, 0, 0),
    ]
    long = book.computed(book.a_list(people, "other"), text="{param1}" * 4, most_parts=1)
    assert reasons(world, long) == {"text_too_long": 2, "text_missing": 1}


def test_slices_have_one_group_each(world: World, book: Book) -> None:
    other = world.make_group()
    countries = [
        drafts.Priced("FR", world.group, 500, PRICE),
        drafts.Priced("ES", other, 500, PRICE),
    ]
    mixed = [french(1)[0], SPAIN, french(2)[1]]
    campaign = book.computed(book.a_list(mixed), countries=countries)

    found = world.sql(
        "SELECT group_id, lo, hi FROM slice WHERE campaign_id = ? ORDER BY lo", campaign
    )
    assert found == [(world.group, 1, 2), (other, 3, 3)]


@pytest.fixture
def people(book: Book) -> dict[str, Collection]:
    """Two lists and two tags with some people on several of them."""
    made = {
        "a": book.collection(Kind.LIST, "a"),
        "b": book.collection(Kind.LIST, "b"),
        "t": book.collection(Kind.TAG, "t"),
        "u": book.collection(Kind.TAG, "u"),
    }
    book.put(french(4), made["a"])
    book.put(french(4, first=2), made["b"])
    book.put(french(3, first=1), made["t"])
    book.put(french(2, first=5), made["u"])
    return made


@pytest.mark.parametrize("most", [1, 3, 100])
@pytest.mark.parametrize(
    ("clauses", "who"),
    [
        (["a"], [0, 1, 2, 3]),
        (["ab"], [0, 1, 2, 3, 4, 5]),
        (["a", "b"], [2, 3]),
        (["a", "t"], [1, 2, 3]),
        (["ab", "tu"], [1, 2, 3, 5]),
        (["t", "u"], []),
        (["abtu"], [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_an_audience_is_who_is_in_each_clause_and_each_of_them_once(
    book: Book, people: dict[str, Collection], clauses: list[str], who: list[int], most: int
) -> None:
    audience = Audience(tuple(tuple(people[name] for name in clause) for clause in clauses))
    campaign = book.draft(audience)
    book.compute(campaign, most)

    addresses = [address for address, *_ in book.messages(campaign)]
    assert addresses == [f"+3360000000{n}" for n in who]


def test_the_contacts_of_another_account_are_never_reached(world: World, book: Book) -> None:
    other = world.make_account()
    a_list = book.a_list(french(1))
    strangers = [Contact("+33699999999")]
    book.put(strangers, a_list, account=other)

    campaign = book.computed(a_list)

    assert [address for address, *_ in book.messages(campaign)] == ["+33600000000"]


# -- failing --------------------------------------------------------------------------------------


def test_nobody_left_fails(world: World, book: Book) -> None:
    opt_out(world, "+33600000000")
    for people in ([], french(1), [Contact("+33", invalid=1)]):
        campaign = book.computed(book.a_list(people, f"list-{len(book.messages(0))}-{people}"))
        assert world.state(campaign) is CampaignState.FAILED
        assert book.look(campaign).code == 103
        with pytest.raises(Failed):
            book.confirm(campaign)


def test_a_list_that_goes_while_it_is_read_fails_the_campaign(world: World, book: Book) -> None:
    a_list = book.a_list(french(5))
    campaign = book.draft(a_list)
    book.step(campaign, 2)
    book.drop(a_list)

    assert book.step(campaign, 2)
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.FAILED
    assert book.look(campaign).code == 303
    assert reasons(world, campaign) == {"not_sent": 2}
    assert world.counted(campaign, MessageState.PENDING) == 0


@pytest.mark.parametrize("text", ["Promo", "Promo {first_name}"])
def test_somebody_who_needs_a_stop_mention_fails_a_campaign_late(
    world: World, book: Book, text: str
) -> None:
    a_list = book.a_list([SPAIN, Contact("+34600000002", "ES")])
    campaign = book.draft(a_list, text=text, stop_countries=["FR", "RE"], stop_code=121)
    book.step(campaign, 1)
    book.put(french(1), a_list)

    book.compute(campaign)
    world.live(SECOND)

    assert world.state(campaign) is CampaignState.FAILED
    assert book.look(campaign).code == 121
    assert world.counted(campaign, MessageState.PENDING) == 0


def test_whether_anybody_is_of_a_country_is_told_exactly(
    world: World, book: Book, people: dict[str, Collection]
) -> None:
    book.put([SPAIN], people["a"])
    spaniard = Audience(((people["a"],), (people["t"],)))

    def has(audience: Audience, *countries: str) -> bool:
        return audience.has_anybody_of(world.c, countries, 100)

    assert has(Audience(((people["a"],),)), "ES", "PT")
    assert not has(Audience(((people["b"], people["t"]),)), "ES", "PT")
    assert not has(spaniard, "ES")
    assert has(spaniard, "FR")


# -- confirming -----------------------------------------------------------------------------------


def test_confirming_holds_what_was_shown_and_sends_it(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list([*french(3), SPAIN]), slice_size=2)
    shown = book.look(campaign).cost

    confirmed = book.confirm(campaign)

    assert confirmed == Confirmed(world.now, Money(shown), Money(money("100") - shown))
    assert world.held() == shown
    finish(world)
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.states(campaign) == [MessageState.ACCEPTED] * 4
    assert world.available() == money("100") - shown


def test_a_fee_is_shown_and_taken_with_it(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(1)), leave_out=True, fee=money("0.01"))

    confirmed = book.confirm(campaign)

    assert isinstance(confirmed, Confirmed)
    assert confirmed.cost == PRICE + money("0.01")
    assert world.available() == money("100") - confirmed.cost


def test_a_campaign_is_confirmed_once(world: World, book: Book) -> None:
    campaign = book.draft(book.a_list(french(2)))
    with pytest.raises(NotReady):
        book.confirm(campaign)
    book.compute(campaign)
    book.confirm(campaign)

    for _ in range(2):
        with pytest.raises(AlreadySent):
            book.confirm(campaign)
        finish(world)
        world.later(MINUTE)
    assert world.held() == 0


def test_without_the_money_it_stays_ready(world: World, book: Book) -> None:
    poor = world.make_account("0.05")
    a_list = book.a_list(french(1))
    world.sql("UPDATE list SET account_id = ?", poor)
    world.sql("UPDATE contact SET account_id = ?", poor)
    first, second = (book.computed(a_list, account=poor) for _ in range(2))
    book.confirm(first)

    with pytest.raises(wallet.InsufficientCredit):
        book.confirm(second)

    assert world.state(second) is CampaignState.READY_TO_BE_SENT
    assert world.breaches() == []
    world.top_up(poor, "1")
    assert isinstance(book.confirm(second), Confirmed)


def test_a_list_that_is_gone_when_confirmed_fails_the_campaign(world: World, book: Book) -> None:
    a_list = book.a_list(french(3))
    campaign = book.computed(a_list)
    book.drop(a_list)

    assert isinstance(book.confirm(campaign), Failed)

    assert world.state(campaign) is CampaignState.FAILED
    assert world.held() == 0
    world.live(SECOND)
    assert reasons(world, campaign) == {"not_sent": 3}


@pytest.mark.parametrize("change", ["leave", "drop"])
def test_who_left_the_list_since_is_skipped_and_costs_nothing(
    world: World, book: Book, change: str
) -> None:
    a_list = book.a_list(french(1200))
    second = book.collection(Kind.LIST, "second")
    book.put(french(2), second)
    campaign = book.computed(Audience(((a_list, second),)), send_at=Instant(world.now + HOUR))
    book.confirm(campaign)
    if change == "leave":
        contacts = [
            int(contact or 0)
            for (contact,) in world.sql("SELECT contact_id FROM message LIMIT 700")
        ]
        book.leave(a_list, *contacts)
        gone = 700 - 2
    else:
        book.drop(a_list)
        gone = 1200 - 2
    world.later(HOUR)

    finish(world)

    assert reasons(world, campaign) == {"left_audience": gone}
    assert world.counted(campaign, MessageState.ACCEPTED) == 1200 - gone
    assert world.available() == money("100") - (1200 - gone) * PRICE


def test_who_opts_out_after_the_computation_is_skipped(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(3)))
    opt_out(world, "+33600000001")
    book.confirm(campaign)

    finish(world)

    assert reasons(world, campaign) == {"opted_out": 1}
    assert world.available() == money("100") - 2 * PRICE


def test_who_had_opted_out_is_told_of_when_it_starts(world: World, book: Book) -> None:
    opt_out(world, "+33600000001")
    campaign = book.computed(book.a_list(french(3)))
    skipped = "SELECT n FROM event WHERE campaign_id = ? AND kind = 3"
    world.live(SECOND)
    assert world.sql(skipped, campaign) == []

    book.confirm(campaign)
    world.live(SECOND)

    assert world.sql(skipped, campaign) == [(1,)]


def test_a_campaign_for_later_starts_at_its_time(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(3)), send_at=Instant(world.now + HOUR))
    confirmed = book.confirm(campaign)
    holder = Holder(world)

    assert isinstance(confirmed, Confirmed)
    assert confirmed.send_at == world.now + HOUR
    world.live(HOUR - 1)
    assert world.state(campaign) is CampaignState.SCHEDULED
    assert holder.work() == []
    world.live(SECOND)
    assert world.state(campaign) is CampaignState.SENDING
    assert len(holder.work()) == 3


def test_what_is_confirmed_after_its_time_goes_now(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(3)), send_at=Instant(world.now + MINUTE))
    world.later(HOUR)

    confirmed = book.confirm(campaign)

    assert isinstance(confirmed, Confirmed)
    assert confirmed.send_at == world.now
    finish(world)
    assert world.state(campaign) is CampaignState.FINISHED


def test_pausing_halts_the_start_and_resuming_goes_on(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(2500)))
    book.confirm(campaign)
    world.run(lambda c: confirm.start_step(c, campaign, world.now))
    ticket = world.ticket(campaign)
    world.run(lambda c: campaigns.pause(c, world.account, ticket))
    world.live(MINUTE)
    ready = "SELECT count(*) FROM slice WHERE state = 1"
    assert world.number(ready) == 0

    world.run(lambda c: campaigns.resume(c, world.account, ticket, world.now))
    world.run(lambda c: tasks.promote(c, 500, world.now))
    # Those that nobody has looked through yet are left to the start.
    assert world.number(ready) == 2
    world.live(MINUTE)

    assert world.number(ready) == 5
    finish(world)
    assert world.state(campaign) is CampaignState.FINISHED
    assert world.counted(campaign, MessageState.ACCEPTED) == 2500


def test_a_large_campaign_leaves_room_for_others(world: World, book: Book) -> None:
    campaign = book.computed(book.a_list(french(2000)))
    book.confirm(campaign)
    world.live(SECOND)

    times = [float(vt or 0) for (vt,) in world.sql("SELECT vt FROM slice ORDER BY lo")]

    assert all(later - earlier == 500 for earlier, later in pairwise(times))


# -- canceling ------------------------------------------------------------------------------------


def computing(book: Book) -> int:
    campaign = book.draft(book.a_list(french(1200)))
    book.step(campaign, 700)
    return campaign


def ready(book: Book) -> int:
    return book.computed(book.a_list(french(1200)))


def failed(book: Book) -> int:
    return book.computed(book.a_list([Contact("+33", invalid=1)]))


@pytest.mark.parametrize("made", [computing, ready, failed])
def test_an_unconfirmed_campaign_is_thrown_away(
    world: World, book: Book, made: Callable[[Book], int]
) -> None:
    campaign = made(book)
    cancel(world, campaign)
    assert world.breaches() == []
    with pytest.raises(AlreadySent):
        book.confirm(campaign)
    assert book.step(campaign)

    world.live(SECOND)

    assert world.state(campaign) is CampaignState.CANCELED
    assert world.counted(campaign, MessageState.PENDING) == 0
    assert world.open_slices(campaign) == []
    assert world.sql("SELECT 1 FROM event") == []
    assert world.available() == money("100")
    with pytest.raises(campaigns.NotInThisState):
        cancel(world, campaign)


@pytest.mark.parametrize("steps", [0, 1, 5])
def test_a_confirmed_campaign_is_canceled_whatever_has_started(
    world: World, book: Book, steps: int
) -> None:
    campaign = ready(book)
    book.confirm(campaign)
    for _ in range(steps):
        world.run(lambda c: confirm.start_step(c, campaign, world.now))
    cancel(world, campaign)

    world.live(MINUTE)

    assert world.state(campaign) is CampaignState.CANCELED
    assert reasons(world, campaign) == {"canceled": 1200}
    assert world.available() == money("100")
    assert Holder(world).work() == []


def test_a_request_id_is_good_for_one_campaign(world: World, book: Book) -> None:
    a_list = book.a_list(french(1))
    first = book.draft(a_list, request_id="once")

    with pytest.raises(orders.DuplicateRequest) as error:
        book.draft(a_list, request_id="once")

    assert error.value.ticket == world.ticket(first)


def test_the_draft_is_the_last_one_that_waits(world: World, book: Book) -> None:
    a_list = book.a_list(french(2))
    first, second = book.computed(a_list), book.computed(a_list)
    book.draft(a_list)

    def latest() -> str | None:
        found = drafts.latest(world.c, world.account, "sms")
        return None if found is None else found.ticket

    assert latest() == world.ticket(second)
    book.confirm(second)
    assert latest() == world.ticket(first)
    cancel(world, first)
    assert latest() is None
    assert drafts.latest(world.c, world.make_account(), "sms") is None


def one_step_started(world: World, book: Book, people: list[Contact]) -> int:
    """A campaign of which the first slices have started and were sent."""
    campaign = book.computed(book.a_list(people))
    book.confirm(campaign)
    # It was computed by hand: that job has nothing left to do.
    steps = {**tasks.STEPS, drafts.EXPAND: lambda *_: None}
    for _ in (drafts.EXPAND, confirm.START):
        assert world.run(lambda c: tasks.step(c, world.now, steps))
    world.run(lambda c: tasks.promote(c, 500, world.now))
    Holder(world).work()
    return campaign


def told(world: World, kind: EventKind) -> int:
    return world.number("SELECT coalesce(sum(n), 0) FROM event WHERE kind = ?", int(kind))


def test_a_campaign_is_not_over_before_all_who_opted_out_are_told(world: World, book: Book) -> None:
    people = french(2500)
    for person in people[:2400]:
        opt_out(world, person.phone_number or "")

    campaign = one_step_started(world, book, people)
    assert world.state(campaign) is CampaignState.SENDING
    world.live(MINUTE)

    assert world.state(campaign) is CampaignState.FINISHED
    assert told(world, EventKind.SKIPPED) == 2400


def test_silent_messages_are_told_although_the_start_was_cut_short(
    world: World, book: Book
) -> None:
    campaign = one_step_started(world, book, french(2500))
    assert world.counted(campaign, MessageState.ACCEPTED) == 1000
    cancel(world, campaign)
    world.live(MINUTE)

    world.live(80 * HOUR)
    world.live(HOUR)

    assert world.state(campaign) is CampaignState.CANCELED
    assert told(world, EventKind.UNKNOWN) == 1000
    assert world.breaches() == []


def test_the_number_of_a_deleted_contact_is_given_to_nobody_else(world: World, book: Book) -> None:
    first = book.contact(SPAIN)
    world.sql("DELETE FROM contact WHERE id = ?", first)

    assert book.contact(SPAIN) != first
