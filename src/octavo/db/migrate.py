"""Brings a database to the schema of this version, or says why it cannot be used.

Schemas are numbered by their migrations. A database tells in `setting` the least schema number
that a process must know to work with it (`min_version`): migrations expand first and contract one
release later, so that processes of two releases can work side by side (design 5).
"""

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from octavo.db import sqlite
from octavo.kit.errors import OctavoError

HEAD = "0001"
"""The last migration that this version knows."""

MIGRATIONS = Path(__file__).with_name("migrations")


class NoDatabase(OctavoError):
    """There is no database yet: `octavo up` or `octavo migrate` makes it."""

    says = "There is no database yet: `octavo up` or `octavo migrate` makes it"


class OlderSchema(OctavoError):
    """The database is of an older version: run `octavo migrate`."""

    says = "The database is of an older version: run `octavo migrate`"


class NewerSchema(OctavoError):
    """The database was migrated by a newer version of Octavo, which is needed to use it."""

    says = "The database was migrated by a newer version of Octavo, which is needed to use it"


class NotADatabase(OctavoError):
    """This file is no database, or it is damaged."""

    says = "This file is no database, or it is damaged"


class Standing(NamedTuple):
    """The last migration of a database, None when it has none, and the least one to know."""

    version: str | None
    min_version: str


def migrate(path: Path) -> bool:
    """Makes the database if need be and brings it to HEAD; False when it was there already.

    All migrations are one transaction: killed anywhere, nothing has happened.
    Raises NewerSchema, NotADatabase, OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _is_behind(standing(path)):
        return False
    _upgrade(path)
    return True


def require(path: Path) -> None:
    """Raises NoDatabase, OlderSchema, NewerSchema or NotADatabase when it cannot be used."""
    found = standing(path)
    if found.version is None:
        raise NoDatabase(str(path))
    if _is_behind(found):
        raise OlderSchema(str(path))


def standing(path: Path) -> Standing:
    """Which schema a database has. Raises NotADatabase."""
    if not path.exists():
        return Standing(None, HEAD)
    try:
        with contextlib.closing(sqlite.connect(path, readonly=True)) as raw:
            tables = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
            if tables.fetchone() is None:
                return Standing(None, HEAD)
            version = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            least = raw.execute("SELECT value FROM setting WHERE name = 'min_version'").fetchone()
    except sqlite3.DatabaseError as error:
        raise NotADatabase(f"{path}: {error}") from None
    return Standing(version[0] if version else None, least[0] if least else HEAD)


def _is_behind(found: Standing) -> bool:
    if _number(found.min_version) > _number(HEAD):
        raise NewerSchema(f"it needs schema {found.min_version}, this one knows {HEAD}")
    return found.version is None or _number(found.version) < _number(HEAD)


def _number(version: str) -> int:
    digits = re.match(r"\d{1,9}", version)
    return int(digits[0]) if digits else 0


def _upgrade(path: Path) -> None:
    # Alembic takes a third of a second to import, and most starts need none of it.
    from alembic import command  # noqa: PLC0415

    from octavo.db.migrations.engine import config, transaction  # noqa: PLC0415

    with transaction(path) as connection:
        command.upgrade(config(connection), HEAD)
