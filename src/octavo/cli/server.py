"""`octavo up`, `octavo migrate`."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import as_json, dump, example, say, warn

if TYPE_CHECKING:
    from octavo.accounts.schemas import FirstStart
    from octavo.settings import Settings


@click.command(epilog=example("octavo up", "OCTAVO_LISTEN=0.0.0.0:8080 octavo up"))
@operator
def up(octavo: Operator) -> None:
    """Serve the API and send, in one process; the first start makes an account."""
    from octavo.app.processes import alone, serve
    from octavo.cli.setup import first_start
    from octavo.settings import strangers

    settings = octavo.settings
    for name in strangers(os.environ):
        warn(f"{name} is not a setting and is ignored")
    with alone(settings):
        first = first_start(settings)
        if first.created:
            # At once: the key is kept nowhere, and this start may still fail.
            say(credentials(first))
        _warn_of_lost_keys(octavo)
        _warn_of_ignored_key(octavo)
        serve(settings, lambda: say(greeting(settings, first)))


@click.command(epilog=example("octavo api", "OCTAVO_LISTEN=0.0.0.0:8080 octavo api"))
@operator
def api(octavo: Operator) -> None:
    """Serve the API without sending; any number of these share a PostgreSQL database.

    `octavo up` or `octavo migrate` must have made the tables.
    """
    from octavo.app.processes import serve

    settings = _shared(octavo)
    _warn_of_lost_keys(octavo)
    serve(settings, lambda: say(f"address    {settings.base_url}"), working=False)


@click.command(epilog=example("octavo worker"))
@operator
def worker(octavo: Operator) -> None:
    """Send without serving the API; any number of these share a PostgreSQL database.

    Each takes its share of the links of all routes. When one dies, the others have its links
    after half a minute at most.
    """
    from octavo.app.processes import work

    settings = _shared(octavo)
    work(settings, lambda: say(f"sending for {settings.database}"))


def _shared(octavo: Operator) -> "Settings":
    """Settings whose database several processes can be at. Raises EmbeddedDatabase."""
    from octavo.db.database import EmbeddedDatabase
    from octavo.db.migrate import require
    from octavo.settings import strangers

    settings = octavo.settings
    for name in strangers(os.environ):
        warn(f"{name} is not a setting and is ignored")
    if settings.database.embedded:
        raise EmbeddedDatabase(str(settings.database))
    require(settings.database)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings


@click.command(epilog=example("octavo migrate"))
@as_json
@operator
def migrate(octavo: Operator, as_json: bool) -> None:
    """Make the database, or bring it to this version."""
    from octavo.cli.setup import prepare
    from octavo.db.migrate import HEAD

    changed = prepare(octavo.settings)
    place = str(octavo.settings.database)
    if as_json:
        dump({"database": place, "schema": HEAD, "changed": changed})
    else:
        say(f"{place} {'was brought to' if changed else 'is at'} schema {HEAD}")


def greeting(settings: "Settings", first: "FirstStart") -> str:
    """How to send a first message, to be told after the credentials of a new account."""
    lines = [] if first.created else [credentials(first)]
    lines += [f"address    {settings.base_url}", ""]
    lines += [_curl(settings.base_url, first.login, first.key or "YOUR-API-KEY"), ""]
    return "\n".join(lines)


def credentials(first: "FirstStart") -> str:
    """Login and key of the first account. The key is shown only when it was just made."""
    if first.key:
        key = f"{first.key}   (shown only this once)"
    else:
        key = f"shown at the first start; a new one: {_new_key(first.login)}"
    return f"api-login  {first.login}\napi-key    {key}"


def _new_key(login: str) -> str:
    """The command for a new key, as it was spelt to start this process."""
    program = "octavo" if Path(sys.argv[0]).name == "octavo" else "./octavo"
    return f"{program} account key add --login {shlex.quote(login)}"


def _curl(base: str, login: str, key: str) -> str:
    order = {
        "recipients": [{"phone_number": "+33639980001"}],
        "text": "Hello from Octavo",
        "sender": "Octavo",
        "purpose": "alert",
    }
    words = ["curl", f"{base}/v1/public/sms-campaign/send", "-H", f"api-login: {login}"]
    words += ["-H", f"api-key: {key}", "-H", "Content-Type: application/json"]
    return shlex.join([*words, "-d", json.dumps(order)])


def _warn_of_lost_keys(octavo: Operator) -> None:
    from octavo.accounts.service import list_keys

    peppers = octavo.peppers
    lost = [k for k in octavo.read(list_keys) if not k.revoked_at and k.pepper not in peppers]
    if lost:
        warn(
            f"{len(lost)} api keys do not work: the pepper that they were made with is missing; "
            f"restore {octavo.settings.pepper_file} or make new keys"
        )


def _warn_of_ignored_key(octavo: Operator) -> None:
    from octavo.accounts.service import opens

    peppers, login, key = octavo.peppers, octavo.settings.first_login, octavo.settings.first_key
    if key and not octavo.read(lambda c: opens(c, peppers, login, key.get_secret_value())):
        warn(
            "OCTAVO_FIRST_LOGIN and OCTAVO_FIRST_KEY count at the first start only: this key does "
            f"not open {login}; `octavo account key add` adds one"
        )
