"""Settings: where they come from, what they refuse, and that each refusal is one clear line."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from octavo.kit.clock import DAY, HOUR, MINUTE, SECOND
from octavo.settings import SECRETS, BadSettings, Listen, Settings, load, strangers


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables and no file of the developer's."""
    for name in [name for name in os.environ if name.startswith("OCTAVO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def told(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of settings that cannot be used."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as error:
        load()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_without_any_there_are_defaults() -> None:
    settings = load()
    assert settings.listen == Listen("127.0.0.1", 8080)
    assert str(settings.database) == "var/octavo.db"
    assert settings.pepper_file == Path("var/secrets/pepper")
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.in_doubt_after_alert == 60 * SECOND
    assert settings.validity == 48 * HOUR
    assert settings.stop_countries >= {"FR", "RE", "NC"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("listen", "[::1]:0", Listen("::1", 0)),
        ("listen", "localhost:80", Listen("localhost", 80)),
        ("public_url", "https://sms.example.org/", "https://sms.example.org"),
        ("trusted_proxies", "10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        ("callback_allow", "192.168.1.7", (ip_network("192.168.1.7"),)),
        ("stop_countries", "fr es", {"FR", "ES"}),
        ("stop_countries", "none", set()),
        ("in_doubt_after_alert", "90", 90 * SECOND),
        ("in_doubt_after_alert", "1.5", 1_500_000),
        ("in_doubt_after_marketing", "5 min", 5 * MINUTE),
        ("validity", "2d", 2 * DAY),
        ("part_rules", "vendor", "vendor"),
        ("max_body_size", "1000", 1000),
        ("metrics_listen", "[::1]:9464", Listen("::1", 9464)),
        ("max_body_size", "", 4 << 20),
        ("sandbox_refused", "0.25", 0.25),
        ("sandbox_reports", "no", False),
    ],
)
def test_a_variable_is_read(
    name: str, value: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"OCTAVO_{name.upper()}", value)
    assert getattr(load(), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "8080"),
        ("LISTEN", ":8080"),
        ("LISTEN", "::1:8080"),
        ("LISTEN", "localhost:65536"),
        ("LISTEN", "localhost:http"),
        ("PUBLIC_URL", "sms.example.org"),
        ("PUBLIC_URL", "ftp://sms.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("STOP_COUNTRIES", "FRA"),
        ("STOP_COUNTRIES", "FR xx"),
        ("STOP_COUNTRIES", "001"),
        ("VALIDITY", "two days"),
        ("VALIDITY", "-1"),
        ("VALIDITY", "9" * 400),
        ("DATABASE_URL", "mysql://localhost/octavo"),
        ("DATABASE_URL", "octavo.db"),
        ("PART_RULES", "mine"),
        ("MAX_BODY_SIZE", "0"),
        ("METRICS_LISTEN", "9464"),
        ("METRICS_TOKEN", "fifteen letters"),
        ("METRICS_TOKEN", "a token with blanks"),
        ("METRICS_TOKEN", "un-jeton-accentué"),
        ("LOG_LEVEL", "loud"),
        ("SANDBOX_REFUSED", "1.5"),
        ("SANDBOX_ANSWER_LATENCY", "nan"),
    ],
)
def test_a_bad_value_is_told_with_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told({f"OCTAVO_{name}": value}, monkeypatch).startswith(f"OCTAVO_{name}: ")


def test_all_bad_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told({"OCTAVO_LISTEN": "x", "OCTAVO_LOG_LEVEL": "x"}, monkeypatch)
    assert "OCTAVO_LISTEN" in said
    assert "OCTAVO_LOG_LEVEL" in said


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgresql_is_named_without_its_password(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_DATABASE_URL", f"{scheme}://me:secret@one,two:5433/octavo")
    database = load().database
    assert not database.embedded
    assert str(database) == "postgresql://one,two/octavo"


def test_a_driver_of_sqlalchemy_is_no_part_of_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "postgresql://" in told({"OCTAVO_DATABASE_URL": "postgresql+psycopg://x/y"}, monkeypatch)


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///some/where.db", "some/where.db"), ("sqlite:////srv/o%20k.db", "/srv/o k.db")],
)
def test_the_database_may_be_elsewhere(
    url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_DATABASE_URL", url)
    assert str(load().database) == path


def test_tls_needs_certificate_and_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    assert "TLS_KEY" in told({"OCTAVO_TLS_CERT": str(certificate)}, monkeypatch)
    assert "nowhere.pem" in told({"OCTAVO_TLS_KEY": "nowhere.pem"}, monkeypatch)
    monkeypatch.setenv("OCTAVO_TLS_KEY", str(certificate))
    assert load().base_url == "https://127.0.0.1:8080"


@pytest.mark.parametrize(
    "environment",
    [
        {"OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "3"},
        {"OCTAVO_SANDBOX_REFUSED": "0.6", "OCTAVO_SANDBOX_UNKNOWN": "0.6"},
    ],
)
def test_the_dials_of_the_sandbox_must_agree(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SANDBOX" in told(environment, monkeypatch)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_be_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("sqlite:///a-database\n")
    monkeypatch.setenv(f"OCTAVO_{name.upper()}_FILE", str(file))
    value = getattr(load(), name)
    assert "sqlite:///a-database" in (value, getattr(value, "get_secret_value", str)())


def test_a_missing_file_of_a_secret_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told({"OCTAVO_FIRST_KEY_FILE": "nowhere/key"}, monkeypatch)
    assert said.startswith("OCTAVO_FIRST_KEY_FILE: nowhere/key")


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_FIRST_KEY", "a-key-of-some-length")
    assert "a-key" not in repr(load())
    monkeypatch.setenv("OCTAVO_LISTEN", "x")
    assert "a-key" not in told({}, monkeypatch)


def test_a_file_is_read_and_variables_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "octavo.toml").write_text(
        'listen = "0.0.0.0:1"\nstop_countries = ["FR"]\n'
        '[sandbox]\nrefused = 0.5\n[log]\nlevel="debug"'
    )
    monkeypatch.setenv("OCTAVO_LISTEN", "0.0.0.0:2")
    settings = load()
    assert settings.listen.port == 2
    assert settings.stop_countries == {"FR"}
    assert settings.sandbox_refused == 0.5
    assert settings.log_level == "debug"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("lisen = 1", "lisen"),
        ("[sandbox]\nwindow = 1", "sandbox_window"),
        ("listen = ", "octavo.toml"),
        ("trusted_proxies = 5", "OCTAVO_TRUSTED_PROXIES"),
        ("stop_countries = 5", "OCTAVO_STOP_COUNTRIES"),
        ("validity = true", "OCTAVO_VALIDITY"),
    ],
)
def test_a_bad_file_is_told(
    content: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "octavo.toml").write_text(content)
    assert expected in told({}, monkeypatch)


def test_a_file_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "elsewhere.toml" in told({"OCTAVO_CONFIG": "elsewhere.toml"}, monkeypatch)


def test_misspelt_variables_are_found() -> None:
    names = ["OCTAVO_LISTN", "OCTAVO_LISTEN", "OCTAVO_PEPPER_FILE", "OCTAVO_CONFIG", "HOME"]
    assert strangers(dict.fromkeys(names, "")) == ["OCTAVO_LISTN"]


def test_arguments_win_over_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCTAVO_DATA_DIR", "elsewhere")
    assert str(Settings(data_dir=tmp_path).database) == f"{tmp_path}/octavo.db"
