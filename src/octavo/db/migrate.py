"""Brings a database to the schema of this version, or says why it cannot be used.

Schemas are numbered by their migrations. A database tells in `setting` the least schema number
that a process must know to work with it (`min_version`): migrations expand first and contract one
release later, so that processes of two releases can work side by side (design 5).
"""

import re
from pathlib import Path

from octavo.db.database import Database, NotADatabase, Standing
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


def migrate(database: Database) -> bool:
    """Makes the tables if need be and brings them to HEAD; False when they were there already.

    All migrations are one transaction: killed anywhere, nothing has happened.
    Raises NewerSchema, NotADatabase, StoreUnavailable, OSError.
    """
    if not _is_behind(database.standing()):
        return False
    _upgrade(database)
    return True


def require(database: Database) -> None:
    """Raises NoDatabase, OlderSchema, NewerSchema or NotADatabase when it cannot be used."""
    found = database.standing()
    if found.version is None:
        raise NoDatabase(str(database))
    if _is_behind(found):
        raise OlderSchema(str(database))


def _is_behind(found: Standing) -> bool:
    if _number(found.min_version or HEAD) > _number(HEAD):
        raise NewerSchema(f"it needs schema {found.min_version}, this one knows {HEAD}")
    return found.version is None or _number(found.version) < _number(HEAD)


def _number(version: str) -> int:
    digits = re.match(r"\d{1,9}", version)
    return int(digits[0]) if digits else 0


def _upgrade(database: Database) -> None:
    # Alembic takes a third of a second to import, and most starts need none of it.
    from alembic import command  # noqa: PLC0415

    from octavo.db.migrations.engine import config  # noqa: PLC0415

    with database.upgrading() as connection:
        command.upgrade(config(connection), HEAD)


__all__ = [
    "HEAD",
    "MIGRATIONS",
    "NewerSchema",
    "NoDatabase",
    "NotADatabase",
    "OlderSchema",
    "migrate",
    "require",
]
