"""Whom a campaign on lists and tags is for.

An audience is everybody who is in each of its clauses; in a clause is who is on one of its lists or
has one of its tags. It is read by contact number, a page at a time, so it is never in memory whole.
"""

import json
from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from octavo.db.connection import Connection
from octavo.db.statements import audiences
from octavo.db.statements.audiences import Members

PAGE = 500
"""Contacts looked at together when somebody of a country is looked for."""


class Kind(StrEnum):
    """What sets of contacts there are."""

    LIST = "list"
    TAG = "tag"


MEMBERS: dict[Kind, Members] = {Kind.LIST: audiences.LISTS, Kind.TAG: audiences.TAGS}


class Collection(NamedTuple):
    """A list or a tag by its number, which is never given to another."""

    kind: Kind
    id: int


Clause = tuple[Collection, ...]


class Page(NamedTuple):
    """Contacts of an audience, after `cursor`; `ended` when nobody comes after them."""

    contacts: list[int]
    cursor: int
    ended: bool


@dataclass(frozen=True)
class Audience:
    """Who is in every clause. The first one should be the shortest: it is read through."""

    clauses: tuple[Clause, ...]

    @property
    def size(self) -> int:
        """How many lists and tags it is made of."""
        return sum(map(len, self.clauses))

    def stored(self) -> str:
        """As `read` takes it."""
        return json.dumps(self.clauses)

    @classmethod
    def read(cls, stored: str) -> "Audience":
        """What was `stored`."""
        return cls(
            tuple(
                tuple(Collection(Kind(kind), number) for kind, number in clause)
                for clause in json.loads(stored)
            )
        )

    def exists(self, connection: Connection, account: int) -> bool:
        """Whether all of its lists and tags are still there."""
        return all(
            connection.one(MEMBERS[c.kind].name, collection=c.id, account_id=account) is not None
            for clause in self.clauses
            for c in clause
        )

    def present(self, connection: Connection, account: int) -> "Audience":
        """The same without what is gone: members of a list that is gone may still be there."""

        def there(c: Collection) -> bool:
            found = connection.one(MEMBERS[c.kind].name, collection=c.id, account_id=account)
            return found is not None

        return Audience(tuple(tuple(filter(there, clause)) for clause in self.clauses))

    def page(self, connection: Connection, after: int, most: int) -> Page:
        """Those of the next `most` contacts of the first clause who are in all others too."""
        found: set[int] = set()
        for c in self.clauses[0]:
            found.update(
                connection.all(MEMBERS[c.kind].after, collection=c.id, after=after, most=most)
            )
        first = sorted(found)[:most]
        ended = len(first) < most
        cursor = first[-1] if first else after
        return Page(self._among(connection, first, self.clauses[1:]), cursor, ended)

    def among(self, connection: Connection, contacts: Sequence[int]) -> set[int]:
        """Who of some contacts belongs to it."""
        return set(self._among(connection, contacts, self.clauses))

    def has_anybody_of(self, connection: Connection, countries: Some[str], most_pages: int) -> bool:
        """Whether somebody with a usable number is of one of some countries.

        Gives up after `most_pages` of people of these countries who are not in all clauses.
        """
        return any(
            self._finds(connection, c, sorted(countries), most_pages) for c in self.clauses[0]
        )

    def _finds(
        self, connection: Connection, c: Collection, countries: list[str], most_pages: int
    ) -> bool:
        members = MEMBERS[c.kind]
        if not connection.all(members.countries, collection=c.id, countries=countries):
            return False
        after = 0
        most = PAGE if len(self.clauses) > 1 else 1
        for _ in range(most_pages):
            found = connection.all(
                members.of_country,
                collection=c.id,
                after=after,
                countries=countries,
                most=most,
            )
            if self._among(connection, found, self.clauses[1:]):
                return True
            if len(found) < most:
                return False
            after = found[-1]
        return False

    def _among(
        self, connection: Connection, contacts: Sequence[int], clauses: tuple[Clause, ...]
    ) -> list[int]:
        left = list(contacts)
        for clause in clauses:
            if not left:
                break
            within: set[int] = set()
            for c in clause:
                within.update(connection.all(MEMBERS[c.kind].among, collection=c.id, contacts=left))
            left = [contact for contact in left if contact in within]
        return left
