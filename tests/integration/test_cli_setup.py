"""First and later starts, and the command that makes a database."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from octavo.accounts.keys import Peppers
from octavo.accounts.service import opens
from octavo.app import processes
from octavo.cli.server import greeting
from octavo.cli.setup import first_start, prepare
from octavo.db.sqlite import ServerLock
from octavo.settings import Settings
from tests.common.commands import Commands, commands, environment
from tests.common.database import Clock, connection, rows
from tests.common.process import ServerProcess


@pytest.fixture
def octavo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    return commands(tmp_path, monkeypatch)


def counts(data_dir: Path) -> list[object]:
    """How many accounts, keys, routes, packs; whether there are prices."""
    [found] = rows(
        data_dir / "octavo.db",
        "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM api_key),"
        " (SELECT count(*) FROM route), (SELECT count(*) FROM pack), EXISTS (SELECT 1 FROM price)",
    )
    return [*found[:-1], bool(found[-1])]


def test_a_first_start_makes_everything_and_a_second_one_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = first_start(settings, Clock())
    assert first.created
    assert first.key
    assert first_start(settings, Clock()) == (first.login, None, False)
    assert counts(settings.data_dir) == [1, 1, 1, 1, True]


def test_the_first_credentials_may_be_chosen(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        first_login="Me@Here.org",
        first_key=SecretStr("a key of my own"),
    )
    assert first_start(settings) == ("me@here.org", "a key of my own", True)


def test_the_database_may_be_outside_the_data_directory(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere/octavo.db"
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    first_start(settings)
    assert (tmp_path / "elsewhere" / "octavo.db").exists()
    assert settings.pepper_file.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from octavo.accounts import first
from octavo.cli.setup import first_start
from octavo.settings import Settings
first.contacts.file = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
first_start(Settings(data_dir=Path(sys.argv[1])))
"""


def test_killed_before_the_end_the_next_start_makes_the_account(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    command = [sys.executable, "-c", KILLED, str(settings.data_dir)]
    killed = subprocess.run(command, env=environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert counts(settings.data_dir) == [0, 0, 0, 0, False]
    first = first_start(settings)
    assert first.created
    assert counts(settings.data_dir) == [1, 1, 1, 1, True]


def test_prices_that_an_operator_took_away_do_not_come_back(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert prepare(settings)
    octavo = Commands(settings.data_dir)
    octavo("price", "unset", "sms_premium", "FR")
    octavo("route", "set-rate", "sandbox", "5")
    assert not prepare(settings)
    first_start(settings)
    assert octavo("price", "list", "--product", "sms_premium", "--country", "FR").count("\n") == 1
    assert "5/s" in octavo("route", "list")


def test_migrate_makes_a_database_without_an_account(octavo: Commands) -> None:
    assert octavo.json("migrate") == {
        "database": str(octavo.database),
        "schema": "0001",
        "changed": True,
    }
    assert "is at schema 0001" in octavo("migrate")
    assert counts(octavo.data_dir) == [0, 0, 1, 0, True]


def test_up_tells_how_to_send_once_it_serves(
    octavo: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "serve", lambda settings, announce: announce())
    first = octavo("up")
    assert "http://127.0.0.1:8080" in first
    assert "demo@octavo.localhost" in first
    key = first.split("api-key")[1].split()[0]
    assert f"api-key: {key}" in first.splitlines()[-2]
    second = octavo("up")
    assert key not in second
    assert "account key add --login demo@octavo.localhost" in second


def test_the_first_key_is_told_even_when_the_start_fails(
    octavo: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(settings: Settings, announce: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(processes, "serve", serve)
    failed = octavo.run("up")
    assert failed.exit_code == 1
    assert "Address already in use" in failed.stderr
    login, key = (line.split()[1] for line in failed.stdout.splitlines())
    known = Peppers((octavo.data_dir / "secrets" / "pepper").read_text())
    with connection(octavo.database) as c:
        assert opens(c, known, login, key)
    assert octavo.run("up").stdout == ""


def test_the_first_key_is_told_once(octavo: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "serve", lambda settings, announce: announce())
    heads = [line.split(" ")[0] for line in octavo("up").splitlines()]
    assert heads == ["api-login", "api-key", "address", "", "curl", ""]
    heads = [line.split(" ")[0] for line in octavo("up").splitlines()]
    assert heads == ["api-login", "api-key", "address", "", "curl", ""]


def test_a_first_key_that_opens_nothing_any_more_is_told(
    octavo: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "serve", lambda settings, announce: None)
    monkeypatch.setenv("OCTAVO_FIRST_KEY", " the-first-key-of-all ")
    octavo("up")
    octavo("up")
    for name, value in (("KEY", "another-key-than-that"), ("LOGIN", "other@example.org")):
        with monkeypatch.context() as patched:
            patched.setenv(f"OCTAVO_FIRST_{name}", value)
            [warning] = octavo.run("up").stderr.splitlines()
            assert "OCTAVO_FIRST_KEY count at the first start only" in warning
            assert value not in warning or name == "LOGIN"
    monkeypatch.setenv("OCTAVO_FIRST_KEY", "short")
    assert octavo.fails("up") == "Error: An api key has 12 to 128 characters"


def test_what_octavo_makes_is_its_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        server = ServerProcess(tmp_path / "made" / "data", log=tmp_path / "log")
        server.start()
        server.sigterm()
        octavo = Commands(tmp_path / "other")
        octavo("migrate")
        octavo("account", "create", "A", "--login", "a@b.c")
        octavo("sandbox", "reply", "--from", "+33639980001", "--to", "30101", "--text", "STOP")
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(umask)
    made = [tmp_path / "made", tmp_path / "other"]
    found = [path for top in made for path in (top, *top.rglob("*"))]
    assert {path.name for path in found} >= {"octavo.db", "requests.db", "pepper", "replies.jsonl"}
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_a_data_directory_of_the_operators_stays_as_it_is(octavo: Commands) -> None:
    octavo.data_dir.mkdir()
    octavo.data_dir.chmod(0o755)
    octavo("migrate")
    assert octavo.data_dir.stat().st_mode & 0o777 == 0o755


def test_the_curl_line_survives_a_shell(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, first_login="o'neil@x.y", first_key=SecretStr('quote " and $HOME `id`')
    )
    line = greeting(settings, first_start(settings)).strip().splitlines()[-1]
    words = shlex.split(line)
    assert words[:2] == ["curl", "http://127.0.0.1:8080/v1/public/sms-campaign/send"]
    assert "api-login: o'neil@x.y" in words
    assert 'api-key: quote " and $HOME `id`' in words


def test_up_warns_of_misspelt_settings_and_lost_peppers(
    octavo: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "serve", lambda settings, announce: None)
    octavo("up")
    (octavo.data_dir / "secrets" / "pepper").unlink()
    monkeypatch.setenv("OCTAVO_LISTN", "x")
    told = octavo.run("up").stderr.splitlines()
    assert [line.split()[1] for line in told] == ["OCTAVO_LISTN", "1"]
    assert "pepper missing" in octavo("account", "key", "list")


def test_a_second_server_is_refused_in_one_line(octavo: Commands) -> None:
    octavo("migrate")
    lock = ServerLock(octavo.data_dir / processes.LOCK)
    try:
        assert octavo.fails("up").startswith("Error: Another server process works")
    finally:
        lock.release()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OCTAVO_LISTEN", "x", "OCTAVO_LISTEN: must be host:port"),
        ("OCTAVO_FIRST_KEY", "short", "An api key has 12 to 128 characters"),
        ("OCTAVO_FIRST_KEY_FILE", "nowhere", "OCTAVO_FIRST_KEY_FILE: nowhere cannot be read"),
        ("OCTAVO_PEPPER", "weak", "A pepper has at least 16 characters"),
        ("OCTAVO_DATABASE_URL", "mysql://x", "OCTAVO_DATABASE_URL: must be postgresql://"),
    ],
)
def test_a_start_that_cannot_be_says_why(
    octavo: Commands, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    assert octavo.fails("up").startswith(f"Error: {told}")


def test_a_damaged_database_is_told(octavo: Commands) -> None:
    octavo("migrate")
    octavo.database.write_bytes(b"x" * 5_000)
    for words in (["up"], ["account", "list"], ["verify"]):
        assert octavo.fails(*words).startswith("Error: This file is no database")


def test_the_pepper_of_a_setting_is_used(octavo: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_PEPPER", "a-pepper-from-a-setting")
    octavo("migrate")
    octavo("account", "create", "A", "--login", "a@b.c")
    current = Peppers("a-pepper-from-a-setting").current
    assert rows(octavo.database, "SELECT pepper FROM api_key") == [(current,)]
    assert not (octavo.data_dir / "secrets").exists()
