"""What an operator may set: `OCTAVO_*` variables, then one TOML file, then these defaults.

The file is the one that `OCTAVO_CONFIG` names, else `octavo.toml` in the working directory if it
is there. Its keys are the names of the variables without the prefix, in lower case; a table is a
prefix of its keys (`[sandbox]`, `refused = 0.1` is `sandbox_refused`). Secrets may also be in a
file that `<NAME>_FILE` names.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from octavo.db.database import Database, SqliteDatabase, database_at
from octavo.kit.clock import DAY, HOUR, MINUTE, SECOND
from octavo.kit.errors import OctavoError
from octavo.numbers import COUNTRIES, FRENCH_AREAS

PREFIX = "OCTAVO_"
CONFIG = "OCTAVO_CONFIG"
FILE = "octavo.toml"
LONGEST = 30 * DAY
SECRETS = ("first_key", "pepper", "database_url", "metrics_token")

_NOT_SETTINGS = frozenset({CONFIG, "OCTAVO_REQUIRE_PEERS"})
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)?")
_TOKEN = re.compile(r"[!-~]{16,256}")
_UNITS = {None: SECOND, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}


class BadSettings(OctavoError):
    """A setting cannot be used; the text says which and why, in one line."""


class Listen(NamedTuple):
    """Where the server takes connections. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _listen(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, colon, port = value.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = bare != host
    if not (colon and bare and port.isdecimal() and int(port) < 1 << 16):
        raise ValueError("must be host:port, such as 127.0.0.1:8080 or [::1]:8080")
    if ":" in bare and not bracketed:
        raise ValueError("an IPv6 address goes between brackets, such as [::1]:8080")
    return Listen(bare, int(port))


def _span(value: object) -> object:
    found = _SPAN.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("must be a number of seconds, or such as 90 s, 15 min, 48 h, 2 d")
    span = int(Decimal(found[1]) * _UNITS[found[2]])
    if span > LONGEST:
        raise ValueError("is longer than 30 days")
    return span


def _words(value: object) -> object:
    """A list, from one text with commas or blanks; `none` is an empty one."""
    if not isinstance(value, str):
        return value
    words = [word for word in re.split(r"[,\s]+", value) if word]
    return [] if words == ["none"] else words


def _networks(value: object) -> object:
    words = _words(value)
    if not isinstance(words, Iterable):
        raise ValueError("must be networks, such as 10.0.0.0/8, 192.168.1.7")  # noqa: TRY004 - pydantic takes only these
    try:
        return tuple(ip_network(str(word)) for word in words)
    except ValueError as error:
        raise ValueError(f"{error}; networks look like 10.0.0.0/8, 192.168.1.7") from None


def _countries(value: object) -> object:
    words = _words(value)
    if not isinstance(words, Iterable):
        raise ValueError("must be countries, such as FR, GP, RE")  # noqa: TRY004 - as above
    found = frozenset(str(word).upper() for word in words)
    if unknown := sorted(found - COUNTRIES):
        raise ValueError(f"{unknown[0]!r} is no country with phone numbers; they look like FR, RE")
    return found


def _url(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://sms.example.org")
    return value.strip().rstrip("/")


def _token(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("must be 16 to 256 visible characters of ASCII")
    return value


def _database_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value and not re.match(r"sqlite:///[^/]|sqlite:////[^/]|postgres(ql)?://", value):
        raise ValueError(
            "must be postgresql://user@host/name, sqlite:///relative/path or "
            "sqlite:////absolute/path"
        )
    return value


Network = IPv4Network | IPv6Network
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Span = Annotated[int, BeforeValidator(_span)]
"""Microseconds; written in seconds or with a unit."""
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseSettings):  # type: ignore[explicit-any] # of its generated methods
    """Every setting, checked. Use `load`, which makes errors readable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=False,
    )

    listen: Annotated[Listen, NoDecode, BeforeValidator(_listen)] = Listen("127.0.0.1", 8080)
    public_url: Annotated[str | None, BeforeValidator(_url)] = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: Networks = ()
    data_dir: Path = Path("var")
    database_url: Annotated[str, BeforeValidator(_database_url)] = ""
    first_login: str = "demo@octavo.localhost"
    first_key: SecretStr | None = None
    pepper: SecretStr | None = None
    callback_allow: Networks = ()
    in_doubt_after_alert: Span = 60 * SECOND
    in_doubt_after_marketing: Span = 15 * MINUTE
    validity: Span = 48 * HOUR
    stop_countries: Annotated[frozenset[str], NoDecode, BeforeValidator(_countries)] = FRENCH_AREAS
    part_rules: Literal["standard", "vendor"] = "standard"
    cancel_fewer_than: Annotated[int, Field(ge=0)] = 3
    cancel_ahead: Span = 10 * MINUTE
    cancel_per_month: Annotated[int, Field(ge=0)] = 1_000
    max_body_size: Annotated[int, Field(gt=0)] = 4 << 20
    metrics_listen: Annotated[Listen | None, NoDecode, BeforeValidator(_listen)] = None
    metrics_token: Annotated[SecretStr | None, AfterValidator(_token)] = None
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # The dials of the sandbox carrier, as octavo.drivers.sandbox.settings describes them.
    sandbox_answer_latency: Seconds = 0.005
    sandbox_response_timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    sandbox_receipt_delay_min: Seconds = 0.1
    sandbox_receipt_delay_max: Seconds = 1.5
    sandbox_reports: bool = True
    sandbox_refused: Share = 0.0
    sandbox_throttled: Share = 0.0
    sandbox_unknown: Share = 0.0
    sandbox_unreported: Share = 0.0

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("OCTAVO_TLS_CERT and OCTAVO_TLS_KEY need each other")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise ValueError(f"there is no file {path}")
        if self.sandbox_receipt_delay_min > self.sandbox_receipt_delay_max:
            raise ValueError("OCTAVO_SANDBOX_RECEIPT_DELAY_MIN is above ..._MAX")
        if self.sandbox_refused + self.sandbox_throttled + self.sandbox_unknown > 1:
            raise ValueError("OCTAVO_SANDBOX_REFUSED, _THROTTLED and _UNKNOWN are more than 1")
        return self

    @property
    def database(self) -> Database:
        """The one that the URL names, else a file in the data directory."""
        if self.database_url:
            return database_at(self.database_url, self.data_dir / "postgresql.lineage")
        return SqliteDatabase(self.data_dir / "octavo.db")

    @property
    def pepper_file(self) -> Path:
        """Where the pepper is when no setting gives it."""
        return self.data_dir / "secrets" / "pepper"

    @property
    def base_url(self) -> str:
        """The address that people and programs use, without a slash at its end."""
        scheme = "https" if self.tls_cert else "http"
        return self.public_url or f"{scheme}://{self.listen}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a settings file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `*_FILE` instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, variables, files of secrets, the TOML file."""
        secrets = InitSettingsSource(settings_cls, init_kwargs=_secret_files(os.environ))
        file = InitSettingsSource(settings_cls, init_kwargs=_config_file(os.environ))
        return init_settings, env_settings, secrets, file


def load() -> Settings:
    """The settings of this process. Raises BadSettings."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings("; ".join(_told(e["loc"], e["msg"]) for e in error.errors())) from None


def strangers(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none: misspelt, most likely."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS} | _NOT_SETTINGS
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _told(place: tuple[int | str, ...], message: str) -> str:
    what = message.removeprefix("Value error, ")
    return f"{PREFIX}{str(place[0]).upper()}: {what}" if place else what


def _secret_files(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in SECRETS:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if path := environ.get(variable):
            found[name] = _text(Path(path), variable).strip()
    return found


def _config_file(environ: Mapping[str, str]) -> dict[str, object]:
    named = environ.get(CONFIG)
    path = Path(named or FILE)
    if not named and not path.exists():
        return {}
    try:
        read: dict[str, object] = tomllib.loads(_text(path, CONFIG))
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: {error}") from None
    flat = dict(_flat(read))
    unknown = sorted(flat.keys() - Settings.model_fields.keys())
    if unknown:
        raise BadSettings(f"{path}: there is no setting {', '.join(unknown)}")
    return flat


def _flat(read: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in read.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield prefix + name, value


def _text(path: Path, variable: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadSettings(f"{variable}: {path} cannot be read: {reason}") from None
