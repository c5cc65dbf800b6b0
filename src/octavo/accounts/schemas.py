"""What the accounts domain gives to others."""

from typing import NamedTuple

from octavo.kit.clock import Instant
from octavo.kit.errors import OctavoError
from octavo.kit.money import Money
from octavo.ledger.wallet import Pack


class Account(NamedTuple):
    """A tenant. `time_zone` is an IANA name: the zone of its local times."""

    id: int
    name: str
    time_zone: str
    currency: str


class ApiKey(NamedTuple):
    """An api key as an operator sees it; the key itself is kept nowhere.

    `pepper` names the secret that its digest was made with.
    """

    id: int
    account: int
    login: str
    label: str
    pepper: str
    created_at: Instant
    revoked_at: Instant | None


class NewAccount(NamedTuple):
    """An account just made, with its first key, which is shown this once."""

    account: Account
    login: str
    key: str


class FirstStart(NamedTuple):
    """How a server begins: the login to use, and its key when the account was just made."""

    login: str
    key: str | None
    created: bool


class Balance(NamedTuple):
    """An account's money: what it may spend, what orders hold, what is spent (fees included)."""

    available: Money
    held: Money
    spent: Money
    packs: tuple[Pack, ...]


class NoSuchAccount(OctavoError):
    """There is no account with this number or login."""

    says = "There is no account with this number or login"


class LoginTaken(OctavoError):
    """Another account uses this login."""

    says = "Another account uses this login"


class BadLogin(OctavoError):
    """A login has 1 to 254 characters and no blanks."""

    says = "A login has 1 to 254 characters and no blanks"


class BadKey(OctavoError):
    """An api key has 12 to 128 characters."""

    says = "An api key has 12 to 128 characters"


class NoSuchKey(OctavoError):
    """There is no unrevoked api key with this number."""

    says = "There is no unrevoked api key with this number"


class NoSuchTimeZone(OctavoError):
    """This is no time zone; they look like Europe/Paris."""

    says = "This is no time zone; they look like Europe/Paris"
