"""Every statement has a text for both engines, and the frequent ones find their rows by index."""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import octavo
from octavo.callbacks import backlog as callback_backlog
from octavo.callbacks import repository as callbacks
from octavo.db import statements
from octavo.db.dialect import POSTGRESQL, SQLITE, Dialect
from octavo.db.statement import Command, Compiled, Query, Statement
from octavo.db.statements import (
    backlog,
    crew,
    dispatching,
    keeping,
    links,
    orders,
    passes,
    tasks,
    traffic,
    turns,
    verifying,
    wallet,
)
from tests.common import postgres
from tests.common.engines import InMemory


def _modules() -> list[str]:
    of_ledger = [m.name for m in pkgutil.iter_modules(statements.__path__, "octavo.db.statements.")]
    package = Path(octavo.__path__[0])
    of_domains = [
        f"octavo.{path.parent.name}.repository" for path in package.glob("*/repository.py")
    ]
    return sorted([*of_ledger, *of_domains, "octavo.callbacks.backlog"])


def _statements() -> list[tuple[str, Statement]]:
    return [
        (f"{module.removeprefix('octavo.')}.{name}", value)
        for module in _modules()
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, Statement)
    ]


STATEMENTS = _statements()
ON_POSTGRESQL_ONLY = {crew.DATABASE_NOW, orders.NEXT_NUMBERS}


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    return InMemory().raw


@pytest.fixture
def server() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with postgres.cluster().emptied() as url, psycopg.connect(url) as raw:
        yield raw


def test_statements_are_found() -> None:
    modules = {name.rsplit(".", 1)[0] for name, _ in STATEMENTS}

    assert {"db.statements.dispatching", "accounts.repository", "routes.repository"} <= modules


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "statement", [s for _, s in STATEMENTS], ids=[name for name, _ in STATEMENTS]
)
def test_a_statement_has_a_text_for(statement: Statement, dialect: Dialect) -> None:
    compiled = statement.compiled(dialect)

    marks = compiled.sql.count("?" if dialect is SQLITE else "%s")
    assert marks == len(compiled.names)


@pytest.mark.parametrize(
    "statement", [s for _, s in STATEMENTS], ids=[name for name, _ in STATEMENTS]
)
def test_sqlite_prepares(database: sqlite3.Connection, statement: Statement) -> None:
    if statement not in ON_POSTGRESQL_ONLY:
        _plan(database, statement)


def test_postgresql_prepares(server: psycopg.Connection[tuple[object, ...]]) -> None:
    for name, statement in STATEMENTS:
        texts = [statement.compiled(POSTGRESQL)]
        if isinstance(statement, Command) and statement.at_once:
            texts.append(statement.over_rows(POSTGRESQL))
        for compiled in texts:
            try:
                server.execute(f"EXPLAIN {compiled.sql}".encode(), [None] * len(compiled.names))
            except psycopg.Error as error:
                raise AssertionError(f"{name}: {compiled.sql}") from error


@pytest.mark.parametrize(
    "statement",
    [s for _, s in STATEMENTS if isinstance(s, Query) and s not in ON_POSTGRESQL_ONLY],
    ids=[name for name, s in STATEMENTS if isinstance(s, Query) and s not in ON_POSTGRESQL_ONLY],
)
def test_a_row_has_a_name_for_each_column(
    database: sqlite3.Connection, statement: Query[object]
) -> None:
    fields: tuple[str, ...] = getattr(getattr(statement.row, "__self__", None), "_fields", ())
    compiled = statement.compiled(SQLITE)
    if not fields or "RETURNING" in compiled.sql:
        return

    columns = database.execute(compiled.sql, _zeros(compiled)).description

    assert len(columns) == len(fields)


@pytest.mark.parametrize(
    "statement", [s for _, s in STATEMENTS], ids=[name for name, _ in STATEMENTS]
)
def test_a_lookup_knows_the_row_that_it_is_for(statement: Statement) -> None:
    """Else it holds a copy of what it was to be correlated with, and locks the wrong rows."""
    assert not re.search(r"FROM \w+, LATERAL", statement.compiled(POSTGRESQL).sql)


def _by(index: str) -> str:
    return rf"USING (COVERING )?INDEX {index}\b"


KEY = r"USING (COVERING )?INDEX sqlite_autoindex_|USING PRIMARY KEY|USING INTEGER PRIMARY KEY"

FREQUENT = [
    ("take a link", links.RENEW_LINK, "link", KEY),
    ("number a settle", links.NEXT_SETTLE, "link", KEY),
    ("what a link left", links.LEASED_BY, "slice", _by("ix_slice_leased")),
    ("gate", dispatching.GATE, "route", KEY),
    ("due slices", dispatching.DUE_SLICES, "slice", _by("ix_slice_due")),
    ("rows of a claim", dispatching.PENDING_ROWS, "slice", KEY),
    ("rows of a claim", dispatching.PENDING_ROWS, "message", r"KEY \(campaign_id=\? AND seq>"),
    (
        "rows of a claim",
        dispatching.PENDING_ROWS,
        "suppression",
        r"KEY \(account_id=\? AND address",
    ),
    ("lease", dispatching.LEASE_SLICE, "slice", KEY),
    ("accepted", dispatching.ACCEPT_MESSAGE, "message", KEY),
    ("delayed", dispatching.RETRY_MESSAGE, "message", KEY),
    ("ended", dispatching.END_MESSAGE, "message", KEY),
    ("held slices", dispatching.HELD_SLICES, "slice", _by("ix_slice_leased")),
    ("counters", dispatching.MOVE_COUNTS, "campaign_count", KEY),
    ("opted out since", dispatching.NEWLY_SUPPRESSED, "message", KEY),
    ("opted out since", dispatching.NEWLY_SUPPRESSED, "suppression", KEY),
    ("left in slices", passes.LEFT_IN, "message", KEY),
    ("work of campaigns", passes.WITHOUT_WORK, "campaign_count", KEY),
    ("finish", passes.FINISH, "campaign", KEY),
    ("money left", passes.WITH_MONEY_LEFT, "campaign_count", KEY),
    ("return", passes.RETURN_SLICE, "slice", KEY),
    ("close", passes.CLOSE_SLICE, "slice", KEY),
    ("in doubt", passes.IN_DOUBT_ROWS, "message", KEY),
    ("old doubts", passes.OLD_DOUBTS, "in_doubt", _by("ix_in_doubt_campaign_id_seq")),
    ("old doubts", passes.OLD_DOUBTS, "slice", KEY),
    ("old doubts", passes.OLD_DOUBTS, "earlier", KEY),
    ("old doubts", passes.OLD_DOUBTS, "open_slice", KEY),
    ("next doubt", passes.NEXT_DOUBT_AT, "in_doubt", _by("ix_in_doubt_campaign_id_seq")),
    ("forget a doubt", passes.FORGET_DOUBT, "in_doubt", _by("ix_in_doubt_campaign_id_seq")),
    ("due jobs", tasks.LEASE_TASK, "task", rf"{_by('ix_task_due')}|{KEY}"),
    ("parked and due", tasks.DUE_PARKED, "slice", _by("ix_slice_parked")),
    ("promote", tasks.PROMOTE, "slice", KEY),
    ("start", tasks.START_CAMPAIGNS, "campaign", KEY),
    ("parts of receipts", traffic.PARTS_BY_REF, "part", r"KEY \(route_id=\? AND ref=\?"),
    ("parts of receipts", traffic.PARTS_BY_REF, "message", KEY),
    ("doubts of a recipient", traffic.DOUBTS_OF, "in_doubt", r"KEY \(route_id=\? AND address"),
    ("set a part", traffic.SET_PART, "part", KEY),
    ("set a message", traffic.SET_MESSAGE, "message", KEY),
    ("waiting receipts", traffic.WAITING_RECEIPTS, "receipt", _by("ix_receipt_unmatched")),
    ("events to number", traffic.UNNUMBERED_EVENTS, "event", _by("ix_event_unnumbered")),
    ("lift", traffic.LIFT, "suppression", KEY),
    ("suppressed among", orders.SUPPRESSED_AMONG, "suppression", r"KEY \(account_id=\? AND addr"),
    ("hold", orders.HOLD, "account", KEY),
    ("credit", wallet.CREDIT, "account", KEY),
    ("account's turn", turns.MOVE_ACCOUNT, "group_turn", KEY),
    ("turn given back", turns.TAKE_BACK, "account_turn", KEY),
    ("group's turn", turns.REACHED, "group_turn", KEY),
    ("packs", wallet.PACKS, "pack", _by("ix_pack_account_id_expires_at")),
    ("standing", keeping.STANDING, "campaign", KEY),
    ("park", keeping.PARK_SLICES, "slice", KEY),
    ("unpark", keeping.UNPARK_SLICES, "slice", KEY),
    ("open slices", keeping.OPEN_SLICES, "slice", KEY),
    ("unsealed", keeping.UNSEALED, "campaign", _by("ix_campaign_unsealed")),
    ("silent", keeping.SILENT, "message", KEY),
    ("old requests", keeping.OLD_REQUESTS, "request_key", _by("ix_request_key_at")),
    ("forget a request", keeping.FORGET_REQUEST, "request_key", r"PRIMARY KEY \(account_id=\? AND"),
    ("verify: states", verifying.STATE_SUMS, "message", KEY),
    ("verify: stranded", verifying.STRANDED, "message", KEY),
    ("verify: stranded", verifying.STRANDED, "slice", KEY),
    ("verify: stranded", verifying.STRANDED, "earlier", KEY),
    ("verify: entries", verifying.BOOK_SUMS, "entry", KEY),
]


@pytest.mark.parametrize(
    ("statement", "table", "access"),
    [(statement, table, access) for _, statement, table, access in FREQUENT],
    ids=[f"{what}, {table}" for what, _, table, _ in FREQUENT],
)
def test_a_frequent_statement_finds_its_rows_by_index(
    database: sqlite3.Connection, statement: Statement, table: str, access: str
) -> None:
    plan = _plan(database, statement)

    mine = [line for line in plan if re.match(rf"(SEARCH|SCAN) {table}\b", line)]
    assert mine, plan
    assert all(re.search(access, line) for line in mine), plan


@pytest.mark.parametrize(
    "statement",
    [statement for _, statement, *_ in FREQUENT],
    ids=[f"{what}, {table}" for what, _, table, _ in FREQUENT],
)
def test_no_frequent_statement_reads_a_whole_table(
    database: sqlite3.Connection, statement: Statement
) -> None:
    whole = [
        line
        for line in _plan(database, statement)
        if line.startswith("SCAN") and "INDEX ix_" not in line and "VIRTUAL TABLE" not in line
    ]

    assert not whole


SORTED_BY_INDEX = [
    dispatching.DUE_SLICES,
    tasks.DUE_PARKED,
    tasks.LEASE_TASK,
    traffic.WAITING_RECEIPTS,
    traffic.UNNUMBERED_EVENTS,
    keeping.UNSEALED,
    keeping.OLD_REQUESTS,
    passes.IN_DOUBT_ROWS,
    callbacks.EVENTS_OF_DELIVERIES,
    callbacks.EVENTS_OF_STOPS,
    callbacks.EVENTS_OF_INBOUNDS,
    callbacks.DUE,
    backlog.DUE,
    backlog.UNMATCHED,
]


BACKLOG = [
    (backlog.DUE, {"slice": "ix_slice_due"}),
    (backlog.IN_DOUBT, {"in_doubt": "PRIMARY KEY"}),
    (backlog.UNMATCHED, {"receipt": "ix_receipt_unmatched"}),
    (backlog.HELD, {"slice": "ix_slice_", "campaign": "PRIMARY KEY", "campaign_count": "PRIMARY"}),
    (callback_backlog.UNTOLD, {"event": "ix_event_"}),
    (callback_backlog.RETRYING, {"callback_retry": "ix_callback_retry_due"}),
]


@pytest.mark.parametrize(("statement", "by"), BACKLOG)
def test_a_backlog_is_read_by_index_and_to_a_bound(
    database: sqlite3.Connection, statement: Statement, by: dict[str, str]
) -> None:
    assert "LIMIT" in statement.compiled(SQLITE).sql
    plan = _plan(database, statement)
    for table, index in by.items():
        mine = [line for line in plan if re.match(rf"(SEARCH|SCAN) {table}\b", line)]
        assert mine, plan
        assert all(index in line for line in mine), plan


@pytest.mark.parametrize("statement", SORTED_BY_INDEX)
def test_a_queue_is_read_in_its_order(database: sqlite3.Connection, statement: Statement) -> None:
    plan = _plan(database, statement)

    assert not [line for line in plan if "TEMP B-TREE" in line], plan


def _plan(database: sqlite3.Connection, statement: Statement) -> list[str]:
    compiled = statement.compiled(SQLITE)
    rows = database.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", _zeros(compiled)).fetchall()
    return [str(row[3]) for row in rows]


def _zeros(compiled: Compiled) -> list[int]:
    return [0] * len(compiled.names)
