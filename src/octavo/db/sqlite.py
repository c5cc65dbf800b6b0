"""Opening the embedded database, and the promise that one server process holds it."""

import fcntl
import os
import sqlite3
from pathlib import Path

from octavo.kit.errors import OctavoError

NEEDED = (3, 37, 0)
"""STRICT tables came with 3.37, RETURNING with 3.35."""


class AlreadyServed(OctavoError):
    """Another server process works on this data directory."""

    says = "Another server process works on this data directory"


class SqliteTooOld(OctavoError):
    """Python's SQLite library is older than 3.37."""

    says = "Python's SQLite library is older than 3.37"


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun and ended by name.

    A commit is on disk when it returns (`synchronous=FULL`, P1).
    """
    if sqlite3.sqlite_version_info < NEEDED:
        raise SqliteTooOld(sqlite3.sqlite_version)
    raw = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        timeout=10,
    )
    pragmas = [
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ]
    if readonly:
        pragmas.append("query_only=ON")
    else:
        # Checkpoints have their own thread, so that no commit waits for one.
        pragmas += [
            "auto_vacuum=incremental",
            "journal_mode=WAL",
            "wal_autocheckpoint=0",
        ]
    for pragma in pragmas:
        raw.execute(f"PRAGMA {pragma}")
    return raw


class ServerLock:
    """Held by the one server process of a data directory; the kernel drops it on any death."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise AlreadyServed(str(path)) from None

    def release(self) -> None:
        """Lets the next process in."""
        os.close(self._fd)
