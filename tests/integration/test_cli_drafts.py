"""Campaigns on lists and tags, from the command line."""

from pathlib import Path

import pytest

from octavo.accounts.first import PEOPLE
from octavo.contacts import service as contacts
from octavo.contacts.schemas import Filing
from octavo.kit.clock import SECOND, Instant, system_clock
from octavo.ledger import drafts, tasks
from octavo.ledger.expand import Expansion
from tests.common.commands import Commands, commands
from tests.common.database import connection, make_account, rows, seeded

TEXT = "Sale! STOP at XXXXX"
STEPS = {**tasks.STEPS, drafts.EXPAND: Expansion(lambda: 0.0).step}


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    with connection(seeded(made.data_dir)) as c:
        make_account(c)
        everybody = Filing(list(PEOPLE), lists=["my_list"], tags=["vip"])
        contacts.file(c, 1, everybody, system_clock())
        contacts.file(c, 1, Filing(list(PEOPLE[:2]), lists=["few"]), system_clock())
    return made


def work(octavo: Commands) -> None:
    """What a running server does."""
    now = Instant(system_clock() + SECOND)
    busy = True
    while busy:
        with connection(octavo.database) as c:
            busy = tasks.step(c, now, STEPS)


def create(octavo: Commands, *more: str) -> str:
    return octavo("campaign", "create", "--account", "1", "--text", TEXT, *more).strip()


def told(octavo: Commands, ticket: str) -> dict[str, object]:
    status = octavo.json("campaign", "status", ticket)
    assert isinstance(status, dict)
    return status


def test_a_campaign_is_made_computed_and_sent(octavo: Commands) -> None:
    ticket = create(octavo, "--list", "my_list", "--leave-out-opted-out")
    assert told(octavo, ticket) == {
        "ticket": ticket,
        "state": "under_computation",
        "contacts": 0,
        "cost": "0.01",
        "error_code": None,
    }
    assert "still being computed" in octavo.fails("campaign", "send", ticket)
    work(octavo)
    assert octavo("campaign", "status", ticket, "--wait").splitlines() == [
        "state       ready_to_be_sent",
        "contacts    5",
        "cost        0.235",
        "error_code",
    ]

    sent = octavo.json("campaign", "send", ticket)

    assert isinstance(sent, dict)
    assert (sent["cost"], sent["available"]) == ("0.235", "99.765")
    assert rows(octavo.database, "SELECT text, state FROM campaign") == [("Sale! STOP at 30101", 3)]
    assert "already sent" in octavo.fails("campaign", "send", ticket)
    shown = octavo.json("campaign", "show", ticket)
    assert isinstance(shown, dict)
    assert shown["audience"] == 5


def test_several_lists_and_tags_and_a_date(octavo: Commands) -> None:
    both = create(octavo, "--list", "few", "--tag", "vip", "--segmentation", "filter")
    later = create(octavo, "--tag", "vip", "--send-at", "2030-10-03T07:42:39+02:00")
    work(octavo)

    assert told(octavo, both)["contacts"] == 2
    assert "2030-10-03T05:42:39Z" in octavo("campaign", "send", later)


def test_a_failed_campaign_says_why(octavo: Commands) -> None:
    ticket = create(octavo, "--list", "few")
    rows(octavo.database, "DELETE FROM list WHERE name = 'few'")
    work(octavo)

    assert (told(octavo, ticket)["state"], told(octavo, ticket)["error_code"]) == ("failed", 303)
    assert "no list" in octavo.fails("campaign", "send", ticket)


def test_a_list_that_goes_before_it_is_sent_fails_the_campaign_for_good(octavo: Commands) -> None:
    ticket = create(octavo, "--list", "few")
    work(octavo)
    rows(octavo.database, "DELETE FROM list WHERE name = 'few'")

    assert "no list" in octavo.fails("campaign", "send", ticket)

    assert told(octavo, ticket)["state"] == "failed"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--list", "nobody's"], "no list"),
        ([], "recipients"),
        (["--list", "few", "--text", "Sale!"], "Mention STOP is missing"),
    ],
)
def test_what_cannot_be_sent_is_refused(octavo: Commands, more: list[str], says: str) -> None:
    words = ["campaign", "create", "--account", "1", "--text", TEXT, *more]
    assert says in octavo.fails(*words)
    assert rows(octavo.database, "SELECT 1 FROM campaign") == []


@pytest.mark.parametrize("date", ["tomorrow", "2030-10-03T07:42:39"])
def test_a_date_that_could_mean_two_instants_is_refused(octavo: Commands, date: str) -> None:
    words = ["campaign", "create", "--account", "1", "--text", TEXT, "--list", "few"]
    assert "date" in octavo.fails(*words, "--send-at", date, code=2).lower()
