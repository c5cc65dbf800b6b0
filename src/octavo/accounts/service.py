"""Accounts, their keys, parameters and balance: functions inside somebody's unit of work."""

import hmac
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from octavo.accounts import keys, repository
from octavo.accounts.keys import Peppers
from octavo.accounts.schemas import (
    Account,
    ApiKey,
    Balance,
    LoginTaken,
    NewAccount,
    NoSuchAccount,
    NoSuchKey,
    NoSuchTimeZone,
)
from octavo.callbacks import service as callbacks
from octavo.callbacks.schemas import PARAMETERS
from octavo.db.connection import Connection
from octavo.db.statements import verifying
from octavo.kit.clock import Instant
from octavo.kit.money import Money
from octavo.ledger import wallet


def create_account(
    connection: Connection,
    peppers: Peppers,
    *,
    name: str,
    login: str,
    now: Instant,
    key: str | None = None,
    time_zone: str = "Europe/Paris",
    currency: str = "EUR",
) -> NewAccount:
    """Makes an account with a first key: `key`, or a new one.

    Raises LoginTaken, BadLogin, BadKey, NoSuchTimeZone.
    """
    login = keys.clean_login(login)
    if connection.one(repository.ACCOUNT_OF_LOGIN, login=login):
        raise LoginTaken(login)
    account = connection.one(
        repository.INSERT_ACCOUNT,
        name=name,
        time_zone=_known_zone(time_zone),
        currency=currency,
        created_at=now,
    )
    assert account is not None  # noqa: S101 - an insert with RETURNING gives a row
    shown = add_key(connection, peppers, account=account.id, login=login, now=now, value=key)
    return NewAccount(account, login, shown)


def add_key(
    connection: Connection,
    peppers: Peppers,
    *,
    account: int,
    login: str,
    now: Instant,
    value: str | None = None,
    label: str = "",
) -> str:
    """Adds a key for a login of the account and returns it, to be shown this once.

    With `value` it is that key: people keep theirs when they move here. Adding one again does
    nothing. Raises LoginTaken, BadLogin, BadKey.
    """
    login = keys.clean_login(login)
    owner = connection.one(repository.ACCOUNT_OF_LOGIN, login=login)
    if owner is not None and owner.id != account:
        raise LoginTaken(login)
    key = keys.clean_key(value) if value is not None else keys.new_key()
    digest = peppers.digest(key, peppers.current)
    same = {"login": login, "pepper": peppers.current, "digest": digest}
    if connection.one(repository.SAME_KEY, **same) is None:
        connection.one(
            repository.INSERT_KEY, account_id=account, label=label, created_at=now, **same
        )
    return key


def revoke_key(connection: Connection, key: int, now: Instant) -> None:
    """The key opens nothing any more, at the latest in two seconds. Raises NoSuchKey."""
    if not connection.run(repository.REVOKE_KEY, key_id=key, now=now):
        raise NoSuchKey(str(key))


def opens(connection: Connection, peppers: Peppers, login: str, key: str) -> bool:
    """Whether a login has this key, unrevoked."""
    return any(
        hmac.compare_digest(peppers.digest(key.strip(), pepper), digest)
        for pepper, digest, *_ in connection.all(
            repository.CANDIDATES, login=keys.fold_login(login)
        )
    )


def list_keys(connection: Connection, account: int | None = None) -> list[ApiKey]:
    """The keys of an account, or of all; revoked ones too."""
    every = int(account is None)
    return connection.all(repository.KEYS, every=every, account_id=account or 0)


def list_accounts(connection: Connection) -> list[repository.Overview]:
    """Every account, the oldest first."""
    return connection.all(repository.ACCOUNTS)


def find(connection: Connection, who: str) -> Account:
    """The account with this number or login. Raises NoSuchAccount."""
    login = keys.fold_login(who)
    found = connection.one(repository.ACCOUNT_OF_LOGIN, login=login)
    if found is None and login.isascii() and login.isdecimal() and len(login) < 18:
        found = connection.one(repository.ACCOUNT, account_id=int(login))
    if found is None:
        raise NoSuchAccount(who)
    return found


def parameters(connection: Connection, account: int) -> dict[str, str]:
    """The named values that an account has set."""
    return dict(connection.all(repository.PARAMETERS, account_id=account))


def put_parameters(
    connection: Connection, account: int, values: Mapping[str, str | None]
) -> dict[str, str]:
    """Sets named values, None clears one; returns all that are set then.

    A new callback address is called with what happens from now on.
    """
    put = [(account, name, value) for name, value in values.items() if value is not None]
    cleared = [(account, name) for name, value in values.items() if value is None]
    if put:
        connection.many(repository.PUT_PARAMETER, put)
    if cleared:
        connection.many(repository.DELETE_PARAMETER, cleared)
    if not values.keys().isdisjoint(PARAMETERS.values()):
        callbacks.follow(connection, account)
    return parameters(connection, account)


def balance(connection: Connection, account: int) -> Balance:
    """An account's money and the packs that have some left."""
    sums = connection.one(verifying.ACCOUNT_SUMS, account_id=account)
    if sums is None:
        raise NoSuchAccount(str(account))
    return Balance(
        Money(sums.available),
        Money(sums.held - sums.captured - sums.released),
        Money(sums.captured + sums.fee),
        tuple(wallet.packs(connection, account)),
    )


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise NoSuchTimeZone(name) from None
