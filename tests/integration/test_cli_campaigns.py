"""Campaigns, the proof that all adds up, and the sandbox, from the command line."""

import json
from pathlib import Path

import pytest

from octavo.db.codes import InDoubt, Purpose
from octavo.drivers.protocol import Verdict
from octavo.drivers.sandbox.outbox import OutboxRecord, outbox_line, outbox_path, stamp
from octavo.drivers.sandbox.replies import replies_path
from octavo.kit.clock import HOUR, MINUTE, Instant, system_clock
from octavo.kit.money import money
from octavo.ledger import orders
from octavo.ledger.orders import PlannedMessage, PlannedOrder
from tests.common.commands import Commands, commands
from tests.common.database import NOW, connection, make_account, rows, seeded

TICKET = "sms_5f3fbce61266e"


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    now = system_clock()
    with connection(seeded(made.data_dir)) as c:
        make_account(c)
        orders.accept(c, order(TICKET, Instant(now + HOUR)), now)
        orders.accept(c, order("sms_0000000000001", Instant(now + HOUR)), now)
    return made


def order(ticket: str, send_at: Instant) -> PlannedOrder:
    """Three messages to send and two that are skipped."""
    return PlannedOrder(
        account=1,
        ticket=ticket,
        channel="sms",
        product="sms_premium",
        purpose=Purpose.WHOLESALE,
        sender="Octavo",
        text="Hello",
        options="{}",
        send_at=send_at,
        in_doubt=InDoubt.NEVER_REPEAT,
        in_doubt_after=MINUTE,
        validity=HOUR,
        messages=[
            PlannedMessage(f"+3363998000{n}", "FR", None, 1, money("0.045"), 1, reason)
            for n, reason in enumerate(["", "", "", "no_price", "text_too_long"])
        ],
        slice_size={1: 500},
    )


def test_campaigns_are_listed_the_newest_first(octavo: Commands) -> None:
    listed = octavo.json("campaign", "list", "--account", "1")
    assert isinstance(listed, list)
    assert [(c["ticket"], c["state"]) for c in listed] == [
        ("sms_0000000000001", "scheduled"),
        (TICKET, "scheduled"),
    ]
    lines = octavo("campaign", "list", "--last", "1").splitlines()
    assert len(lines) == 2
    assert lines[1].split()[:6] == ["sms_0000000000001", "1", "sms_premium", "scheduled", "5", "3"]


def test_a_campaign_is_shown_with_its_closing_equation(octavo: Commands) -> None:
    shown = octavo("campaign", "show", TICKET)
    assert "cost      0.135\n" in shown
    assert shown.splitlines()[-1] == (
        "audience 5 = 3 pending + 0 accepted + 0 delivered + 0 failed + "
        "2 skipped (no_price 1, text_too_long 1) + 0 unknown"
    )
    told = octavo.json("campaign", "show", TICKET)
    assert isinstance(told, dict)
    assert told["reasons"] == {"skipped": {"no_price": 1, "text_too_long": 1}}
    assert told["cost"] == "0.135"


def test_a_campaign_is_paused_resumed_and_canceled(octavo: Commands) -> None:
    for verb, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "canceling")):
        octavo("campaign", verb, TICKET)
        told = octavo.json("campaign", "show", TICKET)
        assert isinstance(told, dict)
        assert told["state"] == state
    assert octavo.fails("campaign", "pause", TICKET) == (
        "Error: The state of the campaign does not allow that (canceling)"
    )


@pytest.mark.parametrize("verb", ["show", "pause", "resume", "cancel"])
def test_an_unknown_ticket_is_told(octavo: Commands, verb: str) -> None:
    assert "no campaign with this ticket (sms_x)" in octavo.fails("campaign", verb, "sms_x")


def test_verify_tells_how_much_it_checked(octavo: Commands) -> None:
    assert octavo("verify") == "checked 2 campaigns and 1 account: everything adds up\n"
    assert octavo.json("verify") == {"campaigns": 2, "accounts": 1, "breaches": []}


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE message SET state = 2 WHERE seq = 1", "pending: expected 2, found 3"),
        ("UPDATE message SET charged = 1 WHERE seq = 1", "captured: expected 1, found 0"),
        ("UPDATE account SET available = 5", "account 1: available"),
        ("DELETE FROM slice", "pending messages without a slice: expected 0, found 3"),
    ],
)
def test_verify_fails_on_a_breach_and_names_it(octavo: Commands, damage: str, told: str) -> None:
    rows(octavo.database, damage)
    result = octavo.run("verify")
    assert result.exit_code == 1
    assert told in result.stdout
    assert octavo.run("verify", "--json").exit_code == 1


def submit(octavo: Commands, to: str, text: str) -> None:
    record = OutboxRecord(
        0, NOW, 7, 1, 0, to, "Octavo", text, 1, "7-1", Verdict.ACCEPTED, ("id-1",)
    )
    path = outbox_path(octavo.data_dir)
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(outbox_line(record, stamp(NOW)))


def test_the_outbox_is_shown_in_three_ways(octavo: Commands) -> None:
    assert octavo("sandbox", "outbox") == ""
    submit(octavo, "+33639980001", "code 1")
    submit(octavo, "+33639980002", "two\nlines \x1b[0m")
    submit(octavo, "+33639980001", "code 2 \ud800")
    assert [line.split()[1] for line in octavo("sandbox", "outbox").splitlines()] == [
        "+33639980001",
        "+33639980002",
        "+33639980001",
    ]
    one = ("sandbox", "outbox", "--to", "0033 6 39 98 00 01")
    assert octavo(*one, "--last", "--text") == "code 2 ?\n"
    assert octavo(*one, "--text").splitlines() == ["code 1", "code 2 ?"]
    [first, _] = octavo(*one, "--json").splitlines()
    assert json.loads(first) == {
        "link": 0,
        "at": "2027-01-15T08:00:00.000000Z",
        "campaign": 7,
        "seq": 1,
        "pass": 0,
        "to": "+33639980001",
        "sender": "Octavo",
        "text": "code 1",
        "parts": 1,
        "reference": "7-1",
        "answer": "accepted",
        "ids": ["id-1"],
    }


def test_a_reply_is_dropped_for_the_last_sender(octavo: Commands) -> None:
    reply = ("sandbox", "reply", "--from", "+33639980001", "--text", "STOP")
    assert "never took a message" in octavo.fails(*reply)
    submit(octavo, "+33639980001", "Hello")
    octavo(*reply)
    octavo(*reply, "--to", "30101")
    dropped = [json.loads(line) for line in replies_path(octavo.data_dir).read_text().splitlines()]
    assert [(d["sender"], d["to"], d["text"]) for d in dropped] == [
        ("+33639980001", "Octavo", "STOP"),
        ("+33639980001", "30101", "STOP"),
    ]


def test_what_is_no_number_is_wrong_usage(octavo: Commands) -> None:
    assert "'bob'" in octavo.fails("sandbox", "outbox", "--to", "bob", code=2)
    assert "'1'" in octavo.fails("sandbox", "reply", "--from", "1", "--text", "x", code=2)
