"""Contacts, lists and tags of a world, as tests look at them."""

from collections.abc import Iterable

from octavo.contacts import removal
from octavo.contacts.reading import Addresses
from octavo.contacts.schemas import Filing, NewContact
from octavo.contacts.service import create_list, delete, delete_list, empty_list, file
from octavo.ledger import tasks
from tests.common.ledger import World

STEPS = {**tasks.STEPS, **removal.STEPS}


def person(
    n: int,
    first_name: str | None = None,
    last_name: str | None = None,
    param1: str | None = None,
    *,
    email: str | None = None,
) -> NewContact:
    """A contact with a fictitious number."""
    number = f"+336399{n:05}"
    return NewContact(number, first_name, last_name, param1, email=email, country="FR")


class Book:
    """The contacts of one account of a world."""

    def __init__(self, world: World, account: int | None = None) -> None:
        self.world = world
        self.account = world.account if account is None else account

    def file(
        self, *people: NewContact, lists: Iterable[str] = (), tags: Iterable[str] = (), **more: bool
    ) -> int:
        filing = Filing(people, list(lists), list(tags), **more)
        return self.world.run(lambda c: file(c, self.account, filing, self.world.now))

    def delete(
        self, *numbers: str, emails: Iterable[str] = (), from_list: str | None = None
    ) -> int:
        meant = Addresses(list(numbers), list(emails))
        return self.world.run(lambda c: delete(c, self.account, meant, from_list))

    def create(self, name: str) -> None:
        self.world.run(lambda c: create_list(c, self.account, name, self.world.now))

    def empty(self, name: str, *, contacts: bool = False) -> None:
        self.world.run(
            lambda c: empty_list(c, self.account, name, self.world.now, delete_contacts=contacts)
        )

    def remove(self, name: str) -> None:
        self.world.run(lambda c: delete_list(c, self.account, name, self.world.now))

    def step(self) -> bool:
        """One step of the jobs."""
        return self.world.run(lambda c: tasks.step(c, self.world.now, STEPS))

    def settle(self) -> int:
        """All steps of the jobs; how many."""
        steps = 0
        while self.step():
            steps += 1
        return steps

    def on(self, name: str, of: str = "list") -> list[str]:
        """Whoever is on a list or has a tag: numbers, or e-mail addresses where there is none."""
        found = self.world.sql(
            f"SELECT coalesce(p.phone_number, p.email) FROM {of} c"  # noqa: S608
            f" JOIN {of}_member m ON m.{of}_id = c.id JOIN contact p ON p.id = m.contact_id"
            " WHERE c.account_id = ? AND p.account_id = c.account_id AND c.name = ? ORDER BY 1",
            self.account,
            name,
        )
        return [str(row[0]) for row in found]

    def everybody(self) -> list[str]:
        found = self.world.sql(
            "SELECT coalesce(phone_number, email) FROM contact WHERE account_id = ? ORDER BY 1",
            self.account,
        )
        return [str(row[0]) for row in found]

    def told(self, number: str, *columns: str) -> tuple[object, ...]:
        """What is known of somebody."""
        (row,) = self.world.sql(
            f"SELECT {', '.join(columns)} FROM contact"  # noqa: S608
            " WHERE account_id = ? AND coalesce(phone_number, email) = ?",
            self.account,
            number,
        )
        return row

    def names(self, of: str = "list") -> list[str]:
        found = self.world.sql(
            f"SELECT name FROM {of} WHERE account_id = ? ORDER BY 1",  # noqa: S608
            self.account,
        )
        return [str(row[0]) for row in found]

    def countries(self, name: str, of: str = "list") -> list[str]:
        found = self.world.sql(
            f"SELECT country FROM {of}_country k JOIN {of} c ON c.id = k.{of}_id"  # noqa: S608
            " WHERE c.account_id = ? AND c.name = ? ORDER BY 1",
            self.account,
            name,
        )
        return [str(row[0]) for row in found]


def strays(world: World) -> int:
    """Memberships of nobody, or in nothing that is there or being removed."""
    return sum(
        world.number(
            f"SELECT count(*) FROM {of}_member m"  # noqa: S608
            " LEFT JOIN contact p ON p.id = m.contact_id"
            f" LEFT JOIN {of} c ON c.id = m.{of}_id WHERE p.id IS NULL"
            f" OR (c.id IS NULL AND m.{of}_id NOT IN (SELECT list_id FROM list_removal))"
        )
        for of in ("list", "tag")
    )
