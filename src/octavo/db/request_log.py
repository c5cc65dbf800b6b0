"""The request log: a store of its own, written in batches, kept seven days (design 11)."""

import contextlib
import queue
import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple

from octavo.kit.clock import DAY, Clock, Instant

LIFE = 7 * DAY
BATCH = 1_000
BACKLOG = 100_000
"""Requests that wait to be written; beyond that some are lost rather than memory used up."""
CLEAN_EVERY = 500
"""Batches between two looks for what is too old."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, account INTEGER, method TEXT NOT NULL,
  path TEXT NOT NULL, status INTEGER NOT NULL, code INTEGER, microseconds INTEGER NOT NULL,
  repaired TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS request_at ON request (at);
"""


class Request(NamedTuple):
    """One request and its answer; no body, no credentials, no recipient."""

    at: Instant
    account: int | None
    method: str
    path: str
    status: int
    code: int | None
    microseconds: int
    repaired: str


class RequestLog(threading.Thread):
    """Writes requests beside everything else; its trouble never reaches a client."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(name="octavo-request-log", daemon=True)
        self._clock = clock
        self._queue: queue.Queue[Request | None] = queue.Queue(BACKLOG)
        self._raw = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Of all stores the only one that may lose its last second in a power cut.
        self._raw.execute("PRAGMA journal_mode=WAL")
        self._raw.execute("PRAGMA synchronous=NORMAL")
        self._raw.executescript(_SCHEMA)

    def put(self, request: Request) -> None:
        """Takes a request; returns at once."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(request)

    def close(self) -> None:
        """Writes what waits and ends."""
        self._queue.put(None)
        self.join()

    def run(self) -> None:
        """Until `close`."""
        batches = 0
        open_ = True
        while open_:
            batch, open_ = self._gather()
            with contextlib.suppress(sqlite3.Error):
                self._write(batch)
                if batches % CLEAN_EVERY == 0:
                    self._raw.execute("DELETE FROM request WHERE at < ?", (self._clock() - LIFE,))
            batches += 1
        self._raw.close()

    def _gather(self) -> tuple[list[Request], bool]:
        batch: list[Request] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) >= BATCH:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _write(self, batch: list[Request]) -> None:
        if not batch:
            return
        self._raw.execute("BEGIN")
        try:
            self._raw.executemany(
                "INSERT INTO request (at, account, method, path, status, code, microseconds,"
                " repaired) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                batch,
            )
            self._raw.execute("COMMIT")
        except sqlite3.Error:
            self._raw.execute("ROLLBACK")
            raise
