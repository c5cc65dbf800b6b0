"""Connections to PostgreSQL 14 or later, spoken to as `db.connection.Connection` demands.

Statements keep their text; the driver prepares those that come often. What Python hands over is
narrowed to few wire types, since each combination of types would be prepared anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import adapt, conninfo
from psycopg.abc import Buffer
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from octavo.db.dialect import POSTGRESQL, Dialect
from octavo.db.statement import Command, Compiled, Parameter, Query, Value

Row: TypeAlias = tuple[Value, ...]
Raw: TypeAlias = psycopg.Connection[Row]

R = TypeVar("R")

NEEDED = 140000
"""The oldest server that is used: 14."""

WORTH_ONE_STATEMENT = 4
"""Rows from which one statement over all of them costs less than one for each."""

CONNECT_SECONDS = 5
STATEMENT_TIMEOUT = "60s"
IDLE_TIMEOUT = "5s"
"""A process that is frozen inside a transaction holds rows that others need no longer than this."""
LOCK_TIMEOUT = "8s"
"""Longer than IDLE_TIMEOUT, so that whoever waits for a frozen process gets its turn."""

_DEFAULTS = {
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "target_session_attrs": "read-write",
    "application_name": "octavo",
    "client_encoding": "UTF8",
}
"""What holds unless the URL says otherwise: a dead server is noticed, a standby is passed over."""

_OF_A_HOST = ("host", "hostaddr", "port")
"""Parameters that may be lists: a value for each host, or one port for all."""

_SESSION = f"""
SET statement_timeout = '{STATEMENT_TIMEOUT}';
SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}';
SET lock_timeout = '{LOCK_TIMEOUT}';
SET default_transaction_isolation = 'read committed';
SET timezone = 'UTC';
SET jit = off;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
"""
"""P1: a commit is on disk when it returns. A stricter setting of the server's is left alone.

Every statement of ours finds its rows by index, from the few that it is given. The planner is told
so: what it knows of a month's new partition is wrong until the first ANALYZE, and the plan of a
prepared statement may have been made when a table was empty.
"""


class ServerTooOld(psycopg.NotSupportedError):
    """The server is older than PostgreSQL 14."""


def connect(url: str) -> Raw:
    """A connection in autocommit mode: transactions are begun and ended by name.

    `url` may name several hosts, as libpq takes them. Raises psycopg.Error.
    """
    raw: Raw = psycopg.connect(complete(url), autocommit=True)
    try:
        _prepare(raw)
    except BaseException:
        raw.close()
        raise
    return raw


async def connect_async(url: str) -> psycopg.AsyncConnection[Row]:
    """A connection for the event loop, without transactions. Raises psycopg.Error."""
    return await psycopg.AsyncConnection.connect(complete(url), autocommit=True)


def complete(url: str) -> str:
    """What libpq is given for a URL: our defaults where it says nothing."""
    given = conninfo.conninfo_to_dict(url)
    return conninfo.make_conninfo("", **(_DEFAULTS | given))


def one_by_one(url: str) -> list[str]:
    """The same for each of the hosts that a URL names."""
    given = conninfo.conninfo_to_dict(url)
    several = {key: str(given[key]).split(",") for key in _OF_A_HOST if given.get(key)}
    most = max(map(len, several.values()), default=1)
    return [
        conninfo.make_conninfo(
            "", **(given | {key: values[n % len(values)] for key, values in several.items()})
        )
        for n in range(most)
    ]


def _prepare(raw: Raw) -> None:
    if raw.info.server_version < NEEDED:
        raise ServerTooOld(f"the server is {raw.info.server_version}, not 14 or later")
    raw.execute(_SESSION)
    raw.adapters.register_dumper(int, Int8Dumper)
    raw.adapters.register_dumper(str, _Text)
    raw.adapters.register_loader("numeric", _Whole)


def where(url: str) -> str:
    """The database that a URL names, without its password; for people."""
    given = conninfo.conninfo_to_dict(url)
    hosts = given.get("host") or given.get("hostaddr") or "localhost"
    return f"postgresql://{hosts}/{given.get('dbname') or ''}"


class PostgresConnection:
    """A `Connection` on psycopg. `wrote` tells whether a statement has changed a row."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.wrote = False
        self._cursor = raw.cursor()

    @property
    def dialect(self) -> Dialect:
        """PostgreSQL."""
        return POSTGRESQL

    def all(self, query: Query[R], **given: Parameter) -> list[R]:
        """Every row."""
        return list(map(query.row, self._execute(query.compiled(POSTGRESQL), given).fetchall()))

    def one(self, query: Query[R], **given: Parameter) -> R | None:
        """The first row, or None."""
        rows = self._execute(query.compiled(POSTGRESQL), given).fetchall()
        return query.row(rows[0]) if rows else None

    def run(self, command: Command, **given: Parameter) -> int:
        """Runs once; the number of rows touched."""
        return max(self._execute(command.compiled(POSTGRESQL), given).rowcount, 0)

    def many(self, command: Command, rows: Iterable[Sequence[Value]]) -> int:
        """Runs for each row (columns in the order of the command's `takes`): as one statement, or
        in one pipeline.
        """
        given = list(rows)
        if not given:
            return 0
        if command.at_once and len(given) >= WORTH_ONE_STATEMENT:
            return self._execute(command.over_rows(POSTGRESQL), command.columns(given)).rowcount
        compiled = command.compiled(POSTGRESQL)
        arranged = list(compiled.arrange_rows(given))
        self._cursor.executemany(compiled.sql, arranged)
        self.wrote = True
        return self._cursor.rowcount

    def _execute(self, compiled: Compiled, given: Mapping[str, Parameter]) -> psycopg.Cursor[Row]:
        # A join that was planned for small tables can take seconds once they have grown.
        prepare = False if compiled.joins else None
        cursor = self._cursor.execute(compiled.sql, compiled.arrange(given), prepare=prepare)
        if compiled.writes and cursor.rowcount:
            self.wrote = True
        return cursor


class _Text(StrDumperUnknown):
    """Text without what the server refuses: NULs and halves of surrogate pairs are replaced."""

    def dump(self, obj: str) -> Buffer | None:
        if "\0" in obj:
            obj = obj.replace("\0", "\N{REPLACEMENT CHARACTER}")
        try:
            return super().dump(obj)
        except UnicodeEncodeError:
            whole = obj.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            return super().dump(whole)


class _Whole(adapt.Loader):
    """A sum of bigints is a numeric to the server; no table of ours holds fractions in one."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))
