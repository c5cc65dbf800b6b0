"""Every command speaks JSON with `--json`, in the shapes that docs/cli.md tells; errors too."""

import json
import re
from pathlib import Path
from time import perf_counter

import click
import pytest

from octavo.accounts.service import put_parameters
from octavo.cli.main import cli
from octavo.contacts import service as contacts
from octavo.contacts.schemas import Filing, NewContact
from octavo.drivers.protocol import Verdict
from octavo.drivers.sandbox.outbox import OutboxRecord, outbox_line, outbox_path, stamp
from octavo.kit.clock import HOUR, Instant, system_clock
from octavo.ledger import campaigns, drafts, orders, tasks
from octavo.ledger.expand import Expansion
from tests.common.commands import Commands, commands
from tests.common.database import NOW, connection, make_account
from tests.integration.test_cli_campaigns import TICKET, order
from tests.integration.test_cli_commands import all_commands

SERVERS = {("up",), ("api",), ("worker",), ("demo",)}
"""They run until they are stopped, or tell a story."""

CLI = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")

LEAVES = sorted(set(all_commands(cli)) - SERVERS)

COMPUTED = "sms_0000000000002"
CREATE = ["--account", "1", "--list", "my_list", "--purpose", "alert", "--text", "Hello"]
WORDS: dict[tuple[str, ...], list[str]] = {
    ("account", "create"): ["A", "--login", "a@example.org"],
    ("account", "key", "add"): ["--login", "someone@example.org"],
    ("account", "key", "revoke"): ["1"],
    ("account", "show"): ["1"],
    ("campaign", "cancel"): [TICKET],
    ("campaign", "create"): CREATE,
    ("campaign", "pause"): [TICKET],
    ("campaign", "resume"): ["sms_0000000000001"],
    ("campaign", "send"): [COMPUTED],
    ("campaign", "show"): [TICKET],
    ("campaign", "status"): [COMPUTED],
    ("contacts", "add"): ["1", "+33639980002"],
    ("contacts", "create-list"): ["1", "new"],
    ("contacts", "delete"): ["1", "+33639980001"],
    ("contacts", "delete-list"): ["1", "my_list"],
    ("contacts", "empty-list"): ["1", "my_list"],
    ("contacts", "list"): ["1"],
    ("contacts", "lists"): ["1"],
    ("contacts", "show"): ["1", "+33639980001"],
    ("contacts", "tags"): ["1"],
    ("price", "list"): ["--country", "FR"],
    ("price", "set"): ["sms_premium", "FR", "0.05"],
    ("price", "unset"): ["sms_premium", "FR"],
    ("route", "add", "smpp"): ["carrier", "localhost:2775", "--system-id", "octavo"],
    ("route", "pause"): ["sandbox"],
    ("route", "resume"): ["sandbox"],
    ("route", "set-rate"): ["sandbox", "20"],
    ("route", "set-window"): ["sandbox", "500"],
    ("route", "show"): ["sandbox"],
    ("sandbox", "reply"): ["--from", "+33639980001", "--text", "STOP", "--to", "30101"],
    ("wallet", "show"): ["1"],
    ("wallet", "top-up"): ["1", "5"],
}
"""What a command needs to find something in the database of these tests."""


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    made("migrate")
    now = system_clock()
    with connection(made.database) as c:
        make_account(c)
        put_parameters(c, 1, {"callback_url_for_inbounds": "https://example.org/"})
        people = [NewContact("+33639980001", country="FR")]
        contacts.file(c, 1, Filing(people, ["my_list"], ["my_tag"]), now)
        for ticket in (TICKET, "sms_0000000000001"):
            orders.accept(c, order(ticket, Instant(now + HOUR)), now)
        campaigns.pause(c, 1, "sms_0000000000001")
    made("campaign", "create", *CREATE)
    with connection(made.database) as c:
        c.raw.execute("UPDATE campaign SET ticket = ? WHERE state = 0", [COMPUTED])
        steps = {**tasks.STEPS, drafts.EXPAND: Expansion(perf_counter).step}
        while tasks.step(c, system_clock(), steps):
            pass
    outbox = outbox_path(made.data_dir)
    outbox.parent.mkdir(exist_ok=True)
    record = OutboxRecord(0, NOW, 7, 1, 0, "+336", "Octavo", "Hi", 1, "7-1", Verdict.ACCEPTED, ())
    outbox.write_text(outbox_line(record, stamp(NOW)))
    return made


def documented() -> dict[tuple[str, ...], tuple[bool, set[str]]]:
    """By command: whether it prints an array, and the keys of its objects."""
    found = {}
    for command, shape in re.findall(r"^\| `octavo ([^`]+)` \| (.*) \|$", CLI, re.MULTILINE):
        found[tuple(command.split())] = "array" in shape, set(re.findall(r"`(\w[\w-]*)`", shape))
    return found


def leaf(words: tuple[str, ...]) -> click.Command:
    """The command of these words."""
    found: click.Command = cli
    for word in words:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    return found


def test_every_command_is_in_the_table() -> None:
    assert sorted(documented()) == LEAVES


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_a_command_takes_json(words: tuple[str, ...]) -> None:
    assert any("--json" in param.opts for param in leaf(words).params)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_what_a_command_prints_has_the_shape_that_is_documented(
    octavo: Commands, words: tuple[str, ...]
) -> None:
    array, keys = documented()[words]
    told = json.loads(octavo(*words, *WORDS.get(words, []), "--json"))
    assert isinstance(told, list) is array
    objects = told if array else [told]
    assert objects, "nothing to look at"
    for one in objects:
        assert set(one) == keys


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["campaign", "show", "nothing", "--json"], 1, "There is no campaign with this ticket"),
        (["--json", "campaign", "list"], 2, "No such option"),
        (["nothing", "--json"], 2, "No such command"),
        (["account", "nothing", "--json"], 2, "No such command"),
        (["wallet", "top-up", "1", "x", "--json"], 2, "Invalid value"),
        (["route", "set-rate", "--json"], 2, "Missing argument"),
    ],
)
def test_an_error_is_json_too(octavo: Commands, words: list[str], code: int, told: str) -> None:
    result = octavo.run(*words)
    assert result.exit_code == code
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    error = json.loads(line)
    assert error["error"].startswith(told)
    assert error == {"error": error["error"], "exit_code": code}


def test_what_stands_after_two_dashes_asks_for_no_json(octavo: Commands) -> None:
    assert octavo.fails("campaign", "show", "--", "--json").startswith("Error: ")
