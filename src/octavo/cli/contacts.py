"""`octavo contacts ...`."""

from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import Cell, Json, as_json, dump, example, moment, pairs, say, table
from octavo.kit.clock import system_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from octavo.contacts.schemas import Contact, Counted, Filing
    from octavo.db.connection import Connection

_account = click.argument("account")
_TOLD = ("first_name", "last_name", "param1", "param2", "param3", "param4", "param5")


@click.group()
def contacts() -> None:
    """Contacts, lists and tags; ACCOUNT is a number or a login."""


@contacts.command("list", epilog=example("octavo contacts list 1 --of-list my_list"))
@_account
@click.option("--of-list", help="Only who is on this list.")
@click.option("--of-tag", help="Only who has this tag.")
@click.option("--invalid", is_flag=True, help="Only numbers that cannot be sent to.")
@click.option("--after", type=int, default=0, help="Go on after this one, by its id.")
@click.option("--most", type=click.IntRange(1, 100_000), default=20, show_default=True)
@as_json
@operator
def list_(
    octavo: Operator,
    account: str,
    *,
    of_list: str | None,
    of_tag: str | None,
    after: int,
    most: int,
    invalid: bool,
    as_json: bool,
) -> None:
    """List contacts, those kept first first."""
    from octavo.accounts.service import find
    from octavo.contacts import directory

    if of_list and of_tag:
        raise click.UsageError("--of-list and --of-tag exclude each other")

    def unit(c: "Connection") -> "list[Contact]":
        return directory.page(
            c,
            find(c, account).id,
            list_name=of_list,
            tag_name=of_tag,
            invalid=invalid,
            after=after,
            most=most,
        )

    found = octavo.read(unit)
    if as_json:
        dump([_told(one) for one in found])
        return
    table(
        ("id", "phone number", "country", "email", "first name", "last name"),
        [(c.id, _number(c), c.country, c.email, c.first_name, c.last_name) for c in found],
    )


@contacts.command(epilog=example("octavo contacts show 1 +33639980001"))
@_account
@click.argument("who")
@as_json
@operator
def show(octavo: Operator, account: str, who: str, as_json: bool) -> None:
    """Show what is known of somebody, by number or e-mail address."""
    from octavo.accounts.service import find
    from octavo.contacts import directory
    from octavo.numbers import NumberReader

    def unit(c: "Connection") -> "tuple[Contact, list[str], list[str]]":
        owner = find(c, account).id
        found = directory.find(c, owner, who, NumberReader())
        lists = directory.lists_of(c, owner, found.id)
        return found, lists, directory.tags_of(c, owner, found.id)

    found, lists, tags = octavo.read(unit)
    if as_json:
        dump({**_told(found), "lists": lists, "tags": tags})
        return
    told: dict[str, Cell] = {
        "id": found.id,
        "phone number": _number(found),
        "country": found.country,
        "email": found.email,
        **{name.replace("_", " "): getattr(found, name) for name in _TOLD},
        "created at": moment(found.created_at),
        "updated at": moment(found.updated_at),
        "lists": ", ".join(lists),
        "tags": ", ".join(tags),
    }
    pairs(told)


@contacts.command(
    epilog=example(
        "octavo contacts add 1 +33639980001 --first-name Ada --list my_list",
        "octavo contacts add 1 ada@example.org --tag vip",
    )
)
@_account
@click.argument("who", nargs=-1, required=True)
@click.option("--email", default="", help="Of one with a number.")
@click.option("--first-name", default="")
@click.option("--last-name", default="")
@click.option("--list", "lists", multiple=True, help="Put on this list; may be given again.")
@click.option("--tag", "tags", multiple=True, help="Give this tag; may be given again.")
@as_json
@operator
def add(
    octavo: Operator,
    account: str,
    who: tuple[str, ...],
    *,
    email: str,
    first_name: str,
    last_name: str,
    lists: tuple[str, ...],
    tags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Keep contacts, and put them on lists and tags, which are made if need be.

    Of who is there already, what is given replaces what is known.
    """
    from octavo.contacts.reading import read_people
    from octavo.contacts.schemas import Entry, Filing
    from octavo.numbers import NumberReader

    entries = [Entry(one, email, first_name, last_name) for one in who]
    found = read_people(entries, NumberReader())
    if found.unusable:
        raise click.UsageError(f"no number and no e-mail address: {', '.join(found.unusable)}")
    kept = _file(octavo, account, Filing(found.people, lists, tags))
    if as_json:
        dump({"kept": kept})
    else:
        say(f"{kept} kept")


@contacts.command(epilog=example("octavo contacts delete 1 +33639980001 --from-list my_list"))
@_account
@click.argument("who", nargs=-1, required=True)
@click.option("--from-list", help="Only take them off this list.")
@as_json
@operator
def delete(
    octavo: Operator, account: str, who: tuple[str, ...], from_list: str | None, as_json: bool
) -> None:
    """Delete contacts by number, or by e-mail address those without a number."""
    from octavo.accounts.service import find
    from octavo.contacts import service
    from octavo.contacts.reading import read_addresses
    from octavo.numbers import NumberReader

    meant = read_addresses(who, NumberReader())
    gone = octavo.write(lambda c: service.delete(c, find(c, account).id, meant, from_list))
    if as_json:
        dump({"removed": gone})
    else:
        say(f"{gone} {'deleted' if from_list is None else 'taken off'}")


@contacts.command(epilog=example("octavo contacts lists 1"))
@_account
@as_json
@operator
def lists(octavo: Operator, account: str, as_json: bool) -> None:
    """List the lists and how many contacts are on each."""
    from octavo.contacts import directory

    _tell_counted(octavo, account, directory.lists, as_json=as_json)


@contacts.command(epilog=example("octavo contacts tags 1"))
@_account
@as_json
@operator
def tags(octavo: Operator, account: str, as_json: bool) -> None:
    """List the tags and how many contacts have each."""
    from octavo.contacts import directory

    _tell_counted(octavo, account, directory.tags, as_json=as_json)


@contacts.command("create-list", epilog=example("octavo contacts create-list 1 my_list"))
@_account
@click.argument("name")
@as_json
@operator
def create_list(octavo: Operator, account: str, name: str, as_json: bool) -> None:
    """Make an empty list."""
    from octavo.accounts.service import find
    from octavo.contacts import service

    octavo.write(lambda c: service.create_list(c, find(c, account).id, name, system_clock()))
    _tell_list(service.list_name_of(name), "is there", as_json=as_json)


@contacts.command(
    "empty-list", epilog=example("octavo contacts empty-list 1 my_list --delete-contacts")
)
@_account
@click.argument("name")
@click.option("--delete-contacts", is_flag=True, help="Delete the contacts too.")
@as_json
@operator
def empty_list(
    octavo: Operator, account: str, name: str, delete_contacts: bool, as_json: bool
) -> None:
    """Take all contacts off a list; a running server finishes with a long one."""
    from octavo.accounts.service import find
    from octavo.contacts import service

    octavo.write(
        lambda c: service.empty_list(
            c, find(c, account).id, name, system_clock(), delete_contacts=delete_contacts
        )
    )
    _tell_list(service.list_name_of(name), "is empty", as_json=as_json)


@contacts.command("delete-list", epilog=example("octavo contacts delete-list 1 my_list"))
@_account
@click.argument("name")
@as_json
@operator
def delete_list(octavo: Operator, account: str, name: str, as_json: bool) -> None:
    """Delete a list; its contacts stay."""
    from octavo.accounts.service import find
    from octavo.contacts import service

    octavo.write(lambda c: service.delete_list(c, find(c, account).id, name, system_clock()))
    _tell_list(service.list_name_of(name), "is deleted", as_json=as_json)


def _file(octavo: Operator, account: str, filing: "Filing") -> int:
    from octavo.accounts.service import find
    from octavo.contacts import service

    return octavo.write(lambda c: service.file(c, find(c, account).id, filing, system_clock()))


def _tell_list(name: str, what: str, *, as_json: bool) -> None:
    if as_json:
        dump({"list": name})
    else:
        say(f"{name} {what}")


def _tell_counted(
    octavo: Operator,
    account: str,
    look: "Callable[[Connection, int], list[Counted]]",
    *,
    as_json: bool,
) -> None:
    from octavo.accounts.service import find

    found = octavo.read(lambda c: look(c, find(c, account).id))
    if as_json:
        dump([{**one._asdict(), "created_at": moment(one.created_at)} for one in found])
    else:
        table(
            ("name", "contacts", "created at"),
            [(one.name, one.contacts, moment(one.created_at)) for one in found],
        )


def _told(one: "Contact") -> dict[str, Json]:
    return {
        **one._asdict(),
        "invalid": bool(one.invalid),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def _number(one: "Contact") -> str | None:
    return f"{one.phone_number} (invalid)" if one.invalid else one.phone_number
