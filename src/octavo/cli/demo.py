"""`octavo demo`: a small campaign on a throw-away server, watched to its last receipt."""

import asyncio
import json
import secrets
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.cli.output import example, say

if TYPE_CHECKING:
    from octavo.cli.repository import CampaignRow
    from octavo.db.statements.verifying import ReasonSum
    from octavo.settings import Settings

PEOPLE = ("Ada", "Blaise", "Émilie", "Grace", "Évariste", "Sophie", "Alan")
ODD_ONES = ("9902", "9904", "9910", "9911", "9920", "9923", "9930")
"""Ends of numbers for which the sandbox does something else than deliver (docs/sandbox.md)."""

LOOK_EVERY = 0.2
LONGEST = 90.0
"""Seconds after which a demonstration gives up waiting."""


@click.command(epilog=example("octavo demo", "octavo demo --recipients 50"))
@click.option("--recipients", type=click.IntRange(10, 500), default=300, show_default=True)
def demo(recipients: int) -> None:
    """Send a campaign through the sandbox and watch it until the last receipt.

    Everything happens on a server of its own in a temporary folder.
    """
    from octavo.kit import logs

    logs.configure("console", "error")
    with tempfile.TemporaryDirectory(prefix="octavo-demo-") as folder:
        done = asyncio.run(_demo(Path(folder), recipients))
    if not done:
        raise click.ClickException("receipts are missing")


async def _demo(folder: Path, recipients: int) -> bool:
    from octavo.app.processes import serving
    from octavo.cli.setup import first_start

    key = secrets.token_hex(16)
    settings = _settings(folder, key)
    first = first_start(settings)
    async with serving(settings) as address:
        order = _order(recipients)
        url = f"{address}/v1/public/multi-channel/send"
        say(f"POST {url}")
        say(f"     {len(order['recipients'])} recipients, text: {order['text']}")
        answer = await asyncio.to_thread(_post, url, first.login, key, order)
        say(f"201  {json.dumps(answer, ensure_ascii=False)}\n")
        return await _watch(settings, str(answer["sms_ticket"]))


def _settings(folder: Path, key: str) -> "Settings":
    from pydantic import SecretStr

    from octavo.settings import Listen, load

    return load().model_copy(
        update={
            "listen": Listen("127.0.0.1", 0),
            "data_dir": folder,
            "database_url": "",
            "first_key": SecretStr(key),
            "tls_cert": None,
            "tls_key": None,
            "in_doubt_after_alert": 1_000_000,
            "sandbox_response_timeout": 2.0,
        }
    )


def _order(recipients: int) -> dict[str, "str | list[dict[str, str]]"]:
    people = [
        {"phone_number": f"+3363998{n:04d}", "first_name": PEOPLE[n % len(PEOPLE)]}
        for n in range(recipients - len(ODD_ONES) - 2)
    ]
    people += [{"phone_number": f"+3363998{end}", "first_name": "Odd"} for end in ODD_ONES]
    people += [{"phone_number": "+33639980001"}, {"phone_number": "not a number"}]
    return {
        "channel": "sms",
        "text": "Hello {first_name}, your parcel is on its way.",
        "sender": "Octavo",
        "purpose": "alert",
        "recipients": people,
    }


def _post(
    url: str, login: str, key: str, order: dict[str, "str | list[dict[str, str]]"]
) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - an address of this process
        url,
        json.dumps(order).encode(),
        {"api-login": login, "api-key": key, "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
        answer: dict[str, object] = json.load(response)
    return answer


async def _watch(settings: "Settings", ticket: str) -> bool:
    """Shows the campaign whenever it moves; True when every message has its end."""
    from octavo.cli.campaigns import equation

    shown = ""
    for _ in range(int(LONGEST / LOOK_EVERY)):
        row, reasons = await asyncio.to_thread(_look, settings, ticket)
        done = not row.pending and not row.accepted and not row.unknown
        line = equation(row, reasons)
        if line != shown:
            _show(line, last=done)
            shown = line
        if done:
            say(f"\nEvery receipt is in. Cost {_money(row)} EUR, the rest of the hold is released.")
            return True
        await asyncio.sleep(LOOK_EVERY)
    return False


def _look(settings: "Settings", ticket: str) -> "tuple[CampaignRow, list[ReasonSum]]":
    from octavo.cli import repository
    from octavo.db.connection import Connection
    from octavo.db.statements import verifying

    def unit(c: Connection) -> "tuple[CampaignRow, list[ReasonSum]]":
        row = c.one(repository.CAMPAIGN, ticket=ticket)
        assert row is not None  # noqa: S101 - its order was answered with 201
        return row, c.all(verifying.REASON_SUMS, campaign=row.id)

    return settings.database.write(unit)


def _show(line: str, *, last: bool) -> None:
    if sys.stdout.isatty():
        click.echo(f"\r\x1b[K{line}", nl=last)
    else:
        say(line)


def _money(row: "CampaignRow") -> str:
    from octavo.kit.money import Money, plain

    return plain(Money(row.captured))
