"""Making a database ready: schema, seed, first account. Killed anywhere, the next start does it."""

from octavo.accounts import keys
from octavo.accounts.first import ensure_first_account
from octavo.accounts.keys import Peppers
from octavo.accounts.schemas import FirstStart
from octavo.cli import repository
from octavo.db import partitions
from octavo.db.connection import Connection
from octavo.db.migrate import migrate
from octavo.kit.clock import Clock, system_clock
from octavo.prices import defaults
from octavo.routes import service as routes
from octavo.settings import Settings


def prepare(settings: Settings) -> bool:
    """Migrates, and writes default prices and routes once; False when nothing was to do.

    Raises NewerSchema, NotADatabase, StoreUnavailable, OSError.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = settings.database
    migrated = migrate(database)
    database.write(lambda c: partitions.ensure(c, system_clock()))
    seeded = database.write(seed)
    return migrated or seeded


def first_start(settings: Settings, clock: Clock = system_clock) -> FirstStart:
    """As `prepare`; and makes the first account if there is none.

    Seed and account are one transaction. Raises also BadLogin, BadPepper, and BadKey whether the
    first key is still needed or not.
    """
    key = keys.clean_key(settings.first_key.get_secret_value()) if settings.first_key else None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = settings.database
    migrate(database)
    known = peppers(settings)

    def unit(connection: Connection) -> FirstStart:
        partitions.ensure(connection, clock())
        seed(connection)
        return ensure_first_account(
            connection, known, login=settings.first_login, key=key, now=clock()
        )

    return database.write(unit)


def seed(connection: Connection) -> bool:
    """Writes default prices and routes, once in the life of a database; whether it did."""
    if connection.one(repository.MARK, name=repository.SEEDED, value="1") is None:
        return False
    defaults.seed(connection)
    routes.seed(connection)
    return True


def peppers(settings: Settings) -> Peppers:
    """The peppers that a setting gives, else those in the data directory, made if need be.

    Raises BadPepper, OSError.
    """
    given = settings.pepper.get_secret_value() if settings.pepper else None
    return keys.load_peppers(settings.pepper_file, given)
