"""The verdict over a data directory: what clients were told, what the carrier got, what is kept.

The outbox judges: the carrier took a message if, and only if, its line has ids.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from octavo.db import postgresql
from octavo.db.codes import CampaignState, EventKind, InDoubt, MessageState, Skipped
from octavo.db.connection import Connection, SqliteConnection
from octavo.db.postgresql import PostgresConnection
from octavo.db.statements import verifying
from octavo.drivers.sandbox.outbox import outbox_path, read_outbox
from octavo.drivers.sandbox.reporter import checkpoint_path
from octavo.kit.money import money
from octavo.ledger import verify
from octavo.ledger.passes import MOST_ATTEMPTS
from octavo.routes.service import MOST_WINDOW
from octavo.worker.link import CHUNK
from tests.common.process import PATIENCE, ServerProcess
from tests.crash.load import Notes, Order

CREDIT = money("101000")
"""That of a first start, and what `crash_server` adds."""

MOST_IN_DOUBT = MOST_WINDOW + 2 * CHUNK
"""D: messages that one kill may leave in doubt."""

Key = tuple[int, int]


class Campaign(NamedTuple):
    id: int
    ticket: str
    text: str
    state: int
    in_doubt: int
    held: int
    fee: int
    released: int


class Message(NamedTuple):
    campaign: int
    seq: int
    address: str
    state: int
    reason: str
    parts: int
    parts_done: int
    price: int
    charged: int
    attempts: int


class Books:
    """Everything that a data directory holds, read once."""

    def __init__(self, data_dir: Path, url: str = "") -> None:
        with closing(opened(data_dir, url)) as raw:
            self.campaigns = {
                row[0]: Campaign(*row)
                for row in raw.execute(
                    "SELECT id, ticket, text, state, in_doubt, held, fee, released FROM campaign"
                )
            }
            self.messages = {
                (row[0], row[1]): Message(*row)
                for row in raw.execute(
                    "SELECT campaign_id, seq, address, state, reason, parts, parts_done, price,"
                    " charged, attempts FROM message"
                )
            }
            self.available: int = raw.execute("SELECT available FROM account").fetchall()[0][0]
            self.doubts = Counter(doubted(raw))
            self.breaches = list(breaches(connection_of(raw)))
        self.sent: dict[Key, list[tuple[str, str]]] = {}
        for line in read_outbox(data_dir):
            if line.ids:
                self.sent.setdefault((line.campaign, line.seq), []).append((line.to, line.text))

    def times(self, key: Key) -> int:
        """How often the carrier took a message."""
        return len(self.sent.get(key, ()))

    def repeats(self, key: Key) -> bool:
        return self.campaigns[key[0]].in_doubt == InDoubt.REPEAT


class Cursor(Protocol):
    """Rows of a statement."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def fetchone(self) -> Any: ...


class Raw(Protocol):
    """A connection of either engine's driver; statements without parameters do on both."""

    def execute(self, sql: str, /) -> Cursor: ...

    def close(self) -> None: ...


def opened(data_dir: Path, url: str = "") -> Raw:
    """The database to read, beside a server or after it; on PostgreSQL with a `url`."""
    if url:
        return cast("Raw", postgresql.connect(url))
    raw = sqlite3.connect(data_dir / "octavo.db", isolation_level=None, timeout=10)
    raw.execute("PRAGMA query_only=ON")
    return raw


def connection_of(raw: Raw) -> Connection:
    """What the ledger works on."""
    if isinstance(raw, sqlite3.Connection):
        return SqliteConnection(raw)
    return PostgresConnection(cast("postgresql.Raw", raw))


def doubted(raw: Raw) -> Iterator[Key]:
    """Each message once for every time that it came into doubt."""
    rows = raw.execute(f"SELECT campaign_id, items FROM event WHERE kind = {EventKind.UNKNOWN:d}")  # noqa: S608 - a number
    for campaign, items in rows:
        yield from ((campaign, item[0]) for item in json.loads(items))


def breaches(connection: Connection) -> Iterator[verify.Breach]:
    """All that does not add up (P2, P4)."""
    for following, check in (
        (verifying.NEXT_CAMPAIGN, verify.campaign),
        (verifying.NEXT_ACCOUNT, verify.account),
    ):
        number = 0
        while (found := connection.one(following, after=number)) is not None:
            number = found
            yield from check(connection, number)


def wait_settled(server: ServerProcess, *, reports: bool = True) -> None:
    """Waits until nothing is under way: no message pending, no doubt to be acted upon, no receipt
    still to come.
    """
    waiting = "SELECT coalesce(sum(pending), 0) + coalesce(sum(open_work), 0) FROM campaign_count"
    if reports:
        waiting = waiting.replace(" FROM", " + coalesce(sum(accepted), 0) FROM")
    deadline = time.monotonic() + PATIENCE
    with closing(opened(server.data_dir, server.url)) as raw:
        while raw.execute(waiting).fetchone()[0] or not all_is_reported(server.data_dir):
            assert server.running(), server.told("it has ended")
            assert time.monotonic() < deadline, server.told(f"not settled: {state_of(raw)}")
            time.sleep(0.05)


def all_is_reported(data_dir: Path) -> bool:
    """Whether the carrier has said all that it will say of what is in the outbox."""
    outbox = outbox_path(data_dir)
    if not outbox.exists():
        return True
    last: dict[int, int] = {}
    """Where the last line of each link ends."""
    with outbox.open("rb") as file:
        offset = 0
        for line in file:
            offset += len(line)
            if line.endswith(b"}\n") and line.startswith(b'{"link":'):
                last[int(line[8 : line.index(b",")])] = offset
    checkpoints = {link: checkpoint_path(data_dir, link) for link in last}
    return all(
        checkpoints[link].exists() and int(checkpoints[link].read_text() or 0) >= end
        for link, end in last.items()
    )


def state_of(raw: Raw) -> dict[str, Any]:
    """Where everything stands, for whoever must find out why a test failed."""
    asked = {
        "messages": "SELECT state, count(*) FROM message GROUP BY state",
        "slices": "SELECT state, pass, count(*), min(run_at) FROM slice GROUP BY state, pass",
        "campaigns": "SELECT state, count(*) FROM campaign GROUP BY state",
        "open": "SELECT sum(open_work), sum(pending), sum(accepted) FROM campaign_count",
        "tasks": "SELECT * FROM task LIMIT 5",
        "links": "SELECT * FROM link",
        "receipts": "SELECT matched, count(*) FROM receipt GROUP BY matched",
    }
    found: dict[str, Any] = {name: raw.execute(sql).fetchall() for name, sql in asked.items()}
    return found | {"now": time.time_ns() // 1_000}


def doubts_so_far(server: ServerProcess) -> int:
    with closing(opened(server.data_dir, server.url)) as raw:
        return sum(1 for _ in doubted(raw))


def judge(server: ServerProcess, notes: Notes, kills: int, *, reports: bool = True) -> Books:
    """Checks every promise on a server that has settled and ended; what it read."""
    books = Books(server.data_dir, server.url)
    assert notes.problems == []
    assert books.breaches == []
    by_mark = check_orders(books, notes)
    check_outcomes(books, reports=reports)
    check_carrier(books, {c: notes.orders[mark] for mark, c in by_mark.items()}, kills)
    check_money(books)
    return books


def check_orders(books: Books, notes: Notes) -> dict[str, int]:
    """P1: each 201 is there whole, and no order twice. The campaign of each mark."""
    by_mark: dict[str, int] = {}
    people: dict[int, set[str]] = {}
    for m in books.messages.values():
        people.setdefault(m.campaign, set()).add(m.address)
    for c in books.campaigns.values():
        mark = c.text.split("Order ")[1].split(",")[0]
        assert mark in notes.orders, f"a campaign that nobody ordered: {c}"
        assert mark not in by_mark, f"order {mark} became two campaigns"
        by_mark[mark] = c.id
        order = notes.orders[mark]
        assert people[c.id] == set(order.texts), f"order {mark} lost recipients"
        assert (c.in_doubt == InDoubt.REPEAT) == order.repeat
    for mark, ticket in (notes.taken | notes.guarded).items():
        assert mark in by_mark, f"order {mark} was taken and is lost"
        assert books.campaigns[by_mark[mark]].ticket == ticket
    return by_mark


def check_outcomes(books: Books, *, reports: bool) -> None:
    """P2, P3: every message has an outcome, and it is the truth."""
    ended = {MessageState.DELIVERED, MessageState.SKIPPED, MessageState.UNKNOWN}
    if not reports:
        ended.add(MessageState.ACCEPTED)
    for key, m in books.messages.items():
        assert m.state in ended, m
        canceled = books.campaigns[m.campaign].state == CampaignState.CANCELED
        if m.state == MessageState.SKIPPED:
            assert canceled, m
            assert (m.reason, m.charged) == (Skipped.CANCELED, 0), m
            assert books.times(key) <= books.doubts[key], f"skipped and sent: {m}"
        elif m.state == MessageState.UNKNOWN:
            # With reports, what the carrier took is settled by its receipts.
            assert not (reports and books.times(key)), m
            assert not books.repeats(key) or canceled or m.attempts == MOST_ATTEMPTS, m
            assert key in books.doubts, m
        else:
            assert books.times(key), f"the carrier never took {m}"
            assert m.charged == m.price, m
        if m.state == MessageState.DELIVERED:
            assert m.parts_done == m.parts, m
    finished = {CampaignState.FINISHED, CampaignState.CANCELED}
    assert {c.state for c in books.campaigns.values()} <= finished


def check_carrier(books: Books, orders: dict[int, Order], kills: int) -> None:
    """P3: nothing twice, but what was in doubt under `repeat`; each got their own text."""
    twice = 0
    for key, lines in books.sent.items():
        m = books.messages[key]
        assert set(lines) == {(m.address, orders[m.campaign].texts[m.address])}
        if len(lines) == 1:
            continue
        twice += 1
        assert books.repeats(key), f"{m} went {len(lines)} times under never_repeat"
        assert len(lines) <= 1 + books.doubts[key], f"{m} went {len(lines)} times"
    assert twice <= kills * MOST_IN_DOUBT


def check_money(books: Books) -> None:
    """P4: the balance is what was there less captures, fees, and holds of what is unknown."""
    spent = sum(m.charged for m in books.messages.values())
    held = sum(
        m.price - m.charged for m in books.messages.values() if m.state == MessageState.UNKNOWN
    )
    fees = sum(c.fee for c in books.campaigns.values())
    assert books.available == CREDIT - spent - held - fees
