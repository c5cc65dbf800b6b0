"""Accounts, keys, wallets, prices and routes from the command line."""

import asyncio
import subprocess
import sys
from pathlib import Path

import click
import pytest

from octavo.cli.main import cli
from octavo.db.unit_of_work import Rank, SqliteStore
from octavo.prices.service import prices_of
from tests.common.commands import Commands, commands, environment


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = commands(tmp_path, monkeypatch)
    made("migrate")
    return made


SELF_SUFFICIENT = {"api", "demo", "migrate", "sandbox", "up", "worker"}
"""Commands that need no database, or make one."""


def all_commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += all_commands(command, (*path, name))
        else:
            found.append((*path, name))
    return found


@pytest.mark.parametrize("words", all_commands(cli), ids=" ".join)
def test_every_command_has_one_good_line_and_an_example(
    octavo: Commands, words: tuple[str, ...]
) -> None:
    told = octavo(*words, "--help")
    assert "Example" in told
    assert f"  octavo {' '.join(words)}" in told or "OCTAVO_" in told
    command: click.Command = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    first, _, rest = (command.help or "").strip().partition("\n")
    assert first.endswith(".")
    assert rest.startswith("\n") or not rest


@pytest.mark.parametrize("command", ["api", "worker"])
def test_processes_that_share_a_database_need_postgresql(octavo: Commands, command: str) -> None:
    assert "PostgreSQL" in octavo.fails(command)


@pytest.mark.parametrize(
    "words",
    [w for w in all_commands(cli) if w[0] not in SELF_SUFFICIENT],
    ids=" ".join,
)
def test_without_a_database_every_command_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    arguments = {
        ("account", "create"): ["A", "--login", "a@b.c"],
        ("account", "key", "add"): ["--login", "a@b.c"],
        ("wallet", "top-up"): ["1", "5"],
        ("price", "set"): ["sms_premium", "FR", "1"],
        ("price", "unset"): ["sms_premium", "FR"],
        ("route", "add", "smpp"): ["carrier", "localhost:2775", "--system-id", "octavo"],
        ("campaign", "create"): ["--account", "1", "--list", "a", "--text", "Hello"],
        ("contacts", "list"): ["1"],
        ("contacts", "show"): ["1", "0"],
        ("contacts", "add"): ["1", "0"],
        ("contacts", "delete"): ["1", "0"],
        ("contacts", "create-list"): ["1", "a"],
        ("contacts", "empty-list"): ["1", "a"],
        ("contacts", "delete-list"): ["1", "a"],
        ("route", "set-rate"): ["sandbox", "1"],
        ("route", "set-window"): ["sandbox", "1"],
    }
    plain = {"list", "verify"}
    given = arguments.get(words, [] if words[-1] in plain else ["1"])
    told = commands(tmp_path, monkeypatch).fails(*words, *given)
    assert told.startswith("Error: There is no database yet: `octavo up` or `octavo migrate`")


def test_an_account_is_made_shown_and_listed(octavo: Commands) -> None:
    made = octavo.json("account", "create", "My shop", "--login", "Shop@Example.org")
    assert isinstance(made, dict)
    assert (made["id"], made["api-login"]) == (1, "shop@example.org")
    assert octavo("account", "list") == (
        "id  name     logins            available\n 1  My shop  shop@example.org  0          EUR\n"
    )
    shown = octavo.json("account", "show", "shop@example.org")
    assert isinstance(shown, dict)
    assert shown["time_zone"] == "Europe/Paris"
    assert shown["logins"] == ["shop@example.org"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["B", "--login", "a@b.c"], "Another account uses this login (a@b.c)"),
        (["B", "--login", "a b"], "A login has 1 to 254 characters and no blanks (a b)"),
        (["B", "--login", "b", "--key", "x"], "An api key has 12 to 128 characters"),
        (["B", "--login", "b", "--time-zone", "X"], "This is no time zone; they look like"),
    ],
)
def test_an_account_that_cannot_be_made(octavo: Commands, words: list[str], told: str) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    assert octavo.fails("account", "create", *words).startswith(f"Error: {told}")


def test_keys_are_added_listed_and_revoked(octavo: Commands) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    added = octavo("account", "key", "add", "--login", "A@b.c", "--value", "the one I had before")
    assert added == "api-login  A@b.c\napi-key    the one I had before\n"
    piped = octavo(
        "account", "key", "add", "--login", "a@b.c", "--value", "-", typed="a key from a pipe\n"
    )
    assert "a key from a pipe\n" in piped
    octavo("account", "key", "add", "--login", "new@b.c", "--account", "1", "--label", "shop")
    assert "There is no account" in octavo.fails("account", "key", "add", "--login", "x@y.z")
    assert octavo("account", "key", "revoke", "2") == "key 2 was revoked\n"
    assert "(2)" in octavo.fails("account", "key", "revoke", "2")
    listed = octavo.json("account", "key", "list", "--account", "a@b.c")
    assert isinstance(listed, list)
    assert [(k["id"], k["login"], k["label"], k["state"]) for k in listed] == [
        (1, "a@b.c", "", "active"),
        (2, "a@b.c", "", "revoked"),
        (3, "a@b.c", "", "active"),
        (4, "new@b.c", "shop", "active"),
    ]


def test_a_wallet_is_topped_up_exactly_and_once_for_a_reference(octavo: Commands) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    top_up = ("wallet", "top-up", "a@b.c", "0.00000001", "--ref", "order 7")
    assert octavo.json(*top_up) == octavo.json(*top_up)
    octavo("wallet", "top-up", "1", "12,50", "--expires", "2100-01-01")
    assert octavo.json("wallet", "show", "1") == {
        "account": 1,
        "currency": "EUR",
        "available": "12.50000001",
        "held": "0",
        "spent": "0",
        "packs": [
            {
                "pack": octavo("wallet", "show", "1").splitlines()[7].split()[0],
                "credit": "12.5",
                "expires": "2100-01-01T00:00:00Z",
            },
            {"pack": "order 7", "credit": "0.00000001", "expires": None},
        ],
    }


@pytest.mark.parametrize(
    "words",
    [
        ["1", "x"],
        ["1", "0"],
        ["1", "1e30"],
        ["1", "nan"],
        ["1", "0.000000001"],
        ["1", "--", "-5"],
        ["1", "5", "--expires", "soon"],
        ["1", "5", "--expires", "2000-01-01"],
    ],
)
def test_a_senseless_top_up_is_wrong_usage(octavo: Commands, words: list[str]) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    assert octavo.fails("wallet", "top-up", *words, code=2).startswith("Error: ")
    assert "available" in octavo("wallet", "show", "1")


def test_a_pack_belongs_to_one_account(octavo: Commands) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    octavo("account", "create", "B", "--login", "b@b.c")
    octavo("wallet", "top-up", "1", "5", "--ref", "p")
    assert "another pack" in octavo.fails("wallet", "top-up", "2", "5", "--ref", "p")
    assert octavo.json("wallet", "show", "2")["available"] == "0"  # type: ignore[call-overload]


def test_prices_are_set_listed_and_unset(octavo: Commands) -> None:
    octavo("account", "create", "A", "--login", "a@b.c")
    octavo("price", "set", "sms_premium", "fr", "0.0333", "--account", "a@b.c")
    own = {"product": "sms_premium", "country": "FR", "price": "0.0333"}
    assert octavo.json("price", "list", "--account", "1") == [own]
    octavo("price", "unset", "sms_premium", "FR", "--account", "1")
    assert octavo.json("price", "list", "--account", "1") == []
    assert "no price of its own" in octavo.fails("price", "unset", "sms_premium", "ZZ")
    listed = octavo("price", "list", "--country", "FR").splitlines()
    assert listed[0] == "product       country  price"
    assert "sms_premium   FR       0.045" in listed


@pytest.mark.parametrize(
    "words", [["sms", "FR", "1"], ["hlr", "FRA", "1"], ["hlr", "FR", "x"], ["hlr", "FR"]]
)
def test_a_senseless_price_is_wrong_usage(octavo: Commands, words: list[str]) -> None:
    assert octavo.fails("price", "set", *words, code=2).startswith("Error: ")


def test_a_carrier_is_added(octavo: Commands, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    words = ["carrier", "smsc.test:2776", "--system-id", "octavo", "--password-file", str(password)]
    more = ["--rate", "20", "--links", "2", "--set", "long=udh16", "--set", "id_habit=answer_hex"]

    told = octavo("route", "add", "smpp", *words, *more)

    assert told == "route carrier is in group sms (tier 0) from the next start on\n"
    shown = octavo.json("route", "show", "carrier")
    assert isinstance(shown, dict)
    assert (shown["driver"], shown["rate"], shown["links"]) == ("smpp", 20, 2)
    assert shown["groups"] == ["sms (tier 0)"]
    assert shown["settings"] == {
        "host": "smsc.test",
        "port": "2776",
        "system_id": "octavo",
        "password_file": str(password),
        "long": "udh16",
        "id_habit": "answer_hex",
    }
    assert "s3cret" not in octavo("route", "show", "carrier")
    assert "with the name carrier" in octavo.fails("route", "add", "smpp", *words)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["smsc.test"], 2, "HOST:PORT"),
        (["smsc.test:0"], 1, "port=0: it is 1 to 65535"),
        (["smsc.test:2775", "--set", "long=udh9"], 1, "long=udh9"),
        (["smsc.test:2775", "--set", "colour=red"], 1, "colour is no setting"),
        (["smsc.test:2775", "--set", "long"], 2, "NAME=VALUE"),
        (["smsc.test:2775", "--set", "faults=1:2"], 1, "faults=1:2"),
        (["smsc.test:2775", "--set", "zone=Mars/Olympus"], 1, "zone=Mars/Olympus"),
        (["smsc.test:2775", "--set", "system_type=" + "x" * 13], 1, "system_type"),
        (["smsc.test:2775", "--password-file", "/nowhere/password"], 1, "No such file"),
        (["smsc.test:2775", "--group", "none"], 1, "(none)"),
        (["smsc.test:2775", "--window", "1001"], 1, "A window is 1 to 1000"),
        (["smsc.test:2775", "--rate", "-1"], 1, "A rate is above 0"),
    ],
)
def test_a_carrier_that_cannot_be_is_not_added(
    octavo: Commands, words: list[str], code: int, says: str
) -> None:
    given = ["route", "add", "smpp", "carrier", *words, "--system-id", "octavo"]
    assert says in octavo.fails(*given, code=code)
    assert "carrier" not in octavo("route", "list")


def test_routes_are_shown_limited_and_paused(octavo: Commands) -> None:
    assert octavo("route", "list").splitlines()[1].split() == [
        "sandbox",
        "sandbox",
        "unlimited",
        "1000",
        "1",
        "30101",
        "sending",
    ]
    octavo("route", "set-rate", "sandbox", "2.5")
    octavo("route", "set-window", "sandbox", "10")
    octavo("route", "pause", "sandbox")
    shown = octavo.json("route", "show", "sandbox")
    assert isinstance(shown, dict)
    assert (shown["rate"], shown["window"], shown["paused"]) == (2.5, 10, True)
    assert shown["groups"] == ["sms (tier 0)"]
    octavo("route", "resume", "sandbox")
    octavo("route", "set-rate", "sandbox", "none")
    assert "unlimited" in octavo("route", "show", "sandbox")
    assert "(nowhere)" in octavo.fails("route", "pause", "nowhere")
    assert "neither" in octavo.fails("route", "set-rate", "sandbox", "fast", code=2)
    assert octavo.fails("route", "set-rate", "sandbox", "inf") == "Error: A rate is above 0"
    told = octavo.fails("route", "set-window", "sandbox", "1001")
    assert told == "Error: A window is 1 to 1000"


def test_a_change_is_made_beside_a_server_that_writes(octavo: Commands) -> None:
    async def serve() -> object:
        store = SqliteStore(octavo.database)
        try:
            loop = asyncio.get_running_loop()
            change = loop.run_in_executor(None, octavo, "price", "set", "hlr", "FR", "7")
            while not change.done():
                await store.write(Rank.TASK, lambda c: c.raw.execute("SELECT 1"))  # type: ignore[attr-defined]
            await change
            return await store.read(lambda c: prices_of(c, 1, "hlr")["FR"])
        finally:
            await store.close()

    assert asyncio.run(serve()) == 700_000_000


def test_output_cannot_steer_a_terminal(octavo: Commands) -> None:
    octavo("account", "create", "A\x1b[31m\nB", "--login", "a@b.c")
    assert "A [31m B" in octavo("account", "list")


def test_a_reader_that_goes_away_is_no_error(octavo: Commands) -> None:
    command = f"{sys.executable} -m octavo price list | head -1"
    done = subprocess.run(
        ["bash", "-c", command],
        env=environment(OCTAVO_DATA_DIR=str(octavo.data_dir)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["product", "country", "price"]
    assert done.stderr == ""
