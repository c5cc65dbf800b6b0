"""Tells a primary from one that was replaced by its standby and has come back.

Each promotion begins a new timeline, with a higher number. Who has seen timeline 2 of a cluster
takes nothing from a server that is still on timeline 1, although it accepts writes.
"""

import contextlib
import json
from pathlib import Path
from typing import NamedTuple

import psycopg
import structlog

from octavo.db import postgresql
from octavo.db.postgresql import Raw

_WHERE = """
SELECT system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
    FROM pg_control_system() WHERE NOT pg_is_in_recovery()
"""
"""Every user may ask. The name of a WAL file begins with the timeline, eight hexadecimal digits."""

log = structlog.get_logger()


class StalePrimary(psycopg.OperationalError):
    """The server was replaced by its standby: what it holds is out of date."""


class Admitted(NamedTuple):
    """A connection, and the timeline of the server at its other end."""

    raw: Raw
    timeline: int


class Lineage:
    """The last timeline that processes of this machine have seen, kept in a file of theirs.

    Without a file it is remembered as long as the process lives.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._system = 0
        self._timeline = 0

    @property
    def timeline(self) -> int:
        """The newest that was seen."""
        return self._timeline

    def connect(self, url: str) -> Admitted:
        """A connection to the first server of the URL that takes writes and was not replaced.

        Raises psycopg.Error.
        """
        try:
            return self._connect(url)
        except StalePrimary as stale:
            for one in postgresql.one_by_one(url):
                with contextlib.suppress(psycopg.Error):
                    return self._connect(one)
            raise stale from None

    def _connect(self, url: str) -> Admitted:
        raw = postgresql.connect(url)
        try:
            return Admitted(raw, self._admit(raw))
        except BaseException:
            raw.close()
            raise

    def _admit(self, raw: Raw) -> int:
        """The timeline of the server. Raises StalePrimary when a newer one has been seen.

        A cluster of another identity (restored from a dump, upgraded) begins anew.
        """
        found = raw.execute(_WHERE).fetchone()
        if found is None:
            return self._timeline  # a standby; whoever wants to write is refused there anyway
        system, timeline = int(str(found[0])), int(str(found[1]), 16)
        self._load()
        if system == self._system and timeline < self._timeline:
            where = self._path or "this process"
            raise StalePrimary(
                f"{raw.info.host}:{raw.info.port} is a primary that was replaced: it is on timeline"
                f" {timeline}, timeline {self._timeline} has been seen (by {where})"
            )
        if (system, timeline) != (self._system, self._timeline):
            self._system, self._timeline = system, timeline
            self._save()
        return timeline

    def _load(self) -> None:
        """Takes up what another process of this machine has seen."""
        if self._path is None:
            return
        try:
            kept = json.loads(self._path.read_text("ascii"))
            system, timeline = int(kept["system"]), int(kept["timeline"])
        except (OSError, ValueError, TypeError, KeyError):
            return
        if system != self._system or timeline > self._timeline:
            self._system, self._timeline = system, timeline

    def _save(self) -> None:
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps({"system": self._system, "timeline": self._timeline}))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("timeline not kept", path=str(self._path), error=str(error))
