"""The account that a first start makes, with all that the documented requests need."""

from octavo.accounts import repository
from octavo.accounts.keys import Peppers
from octavo.accounts.schemas import FirstStart
from octavo.accounts.service import create_account
from octavo.contacts import service as contacts
from octavo.contacts.schemas import Filing, NewContact
from octavo.db.connection import Connection
from octavo.kit.clock import DAY, Instant
from octavo.kit.money import money
from octavo.ledger import wallet

CREDIT = money("1000")
CREDIT_LIFE = 3650 * DAY
COLLECTION = "my_list"

PEOPLE = tuple(
    NewContact(f"+3363998000{n}", first_name, last_name, country="FR")
    for n, (first_name, last_name) in enumerate(
        [
            ("Camille", "Martin"),
            ("Dominique", "Bernard"),
            ("Claude", "Petit"),
            ("Sacha", "Moreau"),
            ("Maxime", "Garnier"),
        ],
        1,
    )
)
"""Nobody: numbers in +33 6 39 98 are given to no one, so that works of fiction can show them."""


def ensure_first_account(
    connection: Connection, peppers: Peppers, *, login: str, key: str | None, now: Instant
) -> FirstStart:
    """Makes the first account if there is none: 1,000.00 EUR, a list and a tag `my_list`.

    Its key is `key`, or a new one. Raises BadLogin, BadKey.
    """
    there = connection.one(repository.FIRST_LOGIN)
    if there is not None:
        return FirstStart(there, None, created=False)
    made = create_account(connection, peppers, name="First account", login=login, key=key, now=now)
    account = made.account.id
    wallet.top_up(
        connection,
        account=account,
        ref=f"first-{account}",
        amount=CREDIT,
        now=now,
        expires_at=Instant(now + CREDIT_LIFE),
    )
    filing = Filing(PEOPLE, lists=[COLLECTION], tags=[COLLECTION])
    contacts.file(connection, account, filing, now)
    return FirstStart(made.login, made.key, created=True)
