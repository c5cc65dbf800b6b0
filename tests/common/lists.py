"""Contacts on lists and campaigns to them, for tests of the ledger."""

import json
from collections.abc import Sequence
from typing import NamedTuple, TypedDict, Unpack

from octavo.db.codes import InDoubt, Purpose
from octavo.db.statements.drafts import Draft
from octavo.kit.clock import Instant
from octavo.kit.money import ZERO, Money
from octavo.ledger import confirm, drafts, expand
from octavo.ledger.audience import Audience, Collection, Kind
from octavo.ledger.confirm import Confirmed
from octavo.ledger.drafts import NewDraft, Priced
from tests.common.ledger import DOUBT_AFTER, PRICE, VALIDITY, World

MOST = 1 << 30


class Contact(NamedTuple):
    """Somebody to be put on lists."""

    phone_number: str | None
    country: str = "FR"
    invalid: int = 0
    email: str | None = None
    first_name: str | None = None
    param1: str | None = None


def french(n: int, first: int = 0) -> list[Contact]:
    """Some who can be sent to, the same ones each time."""
    return [Contact(f"+336{first + i:08d}", first_name=f"N{first + i}") for i in range(n)]


class DraftOptions(TypedDict, total=False):
    """What a campaign of a test may have otherwise."""

    account: int
    text: str
    purpose: Purpose
    in_doubt: InDoubt
    send_at: Instant
    validity: int
    slice_size: int
    countries: Sequence[Priced]
    most_parts: int
    leave_out: bool
    stop_countries: Sequence[str]
    stop_code: int
    fee: Money
    request_id: str | None


class Book:
    """The contacts of a world, and what is made of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tickets = 0

    def collection(self, kind: Kind, name: str, account: int | None = None) -> Collection:
        """An empty list or tag."""
        number = self.world.number(
            f"INSERT INTO {kind} (account_id, name, created_at) VALUES (?, ?, 0) RETURNING id",  # noqa: S608
            self.world.account if account is None else account,
            name,
        )
        return Collection(kind, number)

    def contact(self, contact: Contact, account: int | None = None) -> int:
        """Somebody; the same one when the number is known."""
        account = self.world.account if account is None else account
        found = self.world.sql(
            "SELECT id FROM contact WHERE account_id = ? AND phone_number = ?",
            account,
            contact.phone_number,
        )
        if found:
            assert isinstance(found[0][0], int)
            return found[0][0]
        return self.world.number(
            "INSERT INTO contact (account_id, phone_number, country, invalid, email, first_name,"
            " param1, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) RETURNING id",
            account,
            *contact,
        )

    def put(
        self, contacts: Sequence[Contact], *collections: Collection, account: int | None = None
    ) -> list[int]:
        """Puts people on lists and tags; their numbers."""
        with self.world.unit():
            return self._put(contacts, collections, account)

    def _put(
        self,
        contacts: Sequence[Contact],
        collections: Sequence[Collection],
        account: int | None,
    ) -> list[int]:
        numbers = [self.contact(contact, account) for contact in contacts]
        for kind, collection in collections:
            for number, contact in zip(numbers, contacts, strict=True):
                self.world.sql(
                    f"INSERT INTO {kind}_member VALUES (?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                    collection,
                    number,
                )
                self.world.sql(
                    f"INSERT INTO {kind}_country VALUES (?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                    collection,
                    contact.country,
                )
        return numbers

    def a_list(self, contacts: Sequence[Contact], name: str = "my_list") -> Collection:
        """A list of people."""
        made = self.collection(Kind.LIST, name)
        self.put(contacts, made)
        return made

    def leave(self, collection: Collection, *contacts: int) -> None:
        """People leave a list."""
        for contact in contacts:
            self.world.sql(
                f"DELETE FROM {collection.kind}_member"  # noqa: S608
                f" WHERE {collection.kind}_id = ? AND contact_id = ?",
                collection.id,
                contact,
            )

    def drop(self, collection: Collection) -> None:
        """A list goes; its members are there for a while."""
        self.world.sql(f"DELETE FROM {collection.kind} WHERE id = ?", collection.id)  # noqa: S608

    def priced(self, slice_size: int = 500) -> list[Priced]:
        """France and Spain are served, at different prices."""
        group = self.world.group
        return [
            Priced("ES", group, slice_size, Money(2 * PRICE)),
            Priced("FR", group, slice_size, PRICE),
        ]

    def draft(self, audience: Audience | Collection, **options: Unpack[DraftOptions]) -> int:
        """A campaign to be computed."""
        world = self.world
        if isinstance(audience, Collection):
            audience = Audience(((audience,),))
        self._tickets += 1
        new = NewDraft(
            account=options.get("account", world.account),
            ticket=f"sms_list_{self._tickets}",
            channel="sms",
            product="sms_premium",
            purpose=options.get("purpose", Purpose.WHOLESALE),
            sender="Octavo",
            text=options.get("text", "Bonjour"),
            options=json.dumps({}),
            send_at=options.get("send_at", world.now),
            in_doubt=options.get("in_doubt", InDoubt.NEVER_REPEAT),
            in_doubt_after=DOUBT_AFTER,
            validity=options.get("validity", VALIDITY),
            audience=audience,
            countries=options.get("countries", self.priced(options.get("slice_size", 500))),
            part_rules="standard",
            most_parts=options.get("most_parts", 20),
            leave_out_suppressed=options.get("leave_out", False),
            stop_countries=options.get("stop_countries", ()),
            stop_code=options.get("stop_code", 0),
            fee=options.get("fee", ZERO),
            request_id=options.get("request_id"),
        )
        return world.run(lambda c: drafts.create(c, new, world.now))

    def step(self, campaign: int, most: int = MOST) -> bool:
        """One step of its computation; whether that is over."""
        world = self.world
        return world.run(lambda c: expand.expand(c, campaign, most, world.now))

    def compute(self, campaign: int, most: int = MOST) -> int:
        """All steps; how many."""
        steps = 1
        while not self.step(campaign, most):
            steps += 1
        return steps

    def computed(self, audience: Audience | Collection, **options: Unpack[DraftOptions]) -> int:
        """A campaign ready to be confirmed."""
        campaign = self.draft(audience, **options)
        self.compute(campaign)
        return campaign

    def look(self, campaign: int) -> Draft:
        """How it stands."""
        account = self.world.number("SELECT account_id FROM campaign WHERE id = ?", campaign)
        found = drafts.look(self.world.c, account, self.world.ticket(campaign))
        assert found is not None
        return found

    def confirm(self, campaign: int) -> Confirmed | confirm.Failed:
        """Its money is held."""
        world = self.world
        account = world.number("SELECT account_id FROM campaign WHERE id = ?", campaign)
        ticket = world.ticket(campaign)
        return world.run(lambda c: confirm.confirm(c, account, ticket, world.now))

    def messages(self, campaign: int) -> list[tuple[str, str, int, int]]:
        """(address, reason, parts, price) in the order of their numbers."""
        found = self.world.sql(
            "SELECT address, reason, parts, price FROM message WHERE campaign_id = ? ORDER BY seq",
            campaign,
        )
        return [(str(a), str(r), int(p or 0), int(c or 0)) for a, r, p, c in found]
