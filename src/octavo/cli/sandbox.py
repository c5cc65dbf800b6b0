"""`octavo sandbox ...`."""

import json
from typing import TYPE_CHECKING

import click

from octavo.cli.database import Operator, operator
from octavo.cli.output import as_json, dump, example, one_line, say

if TYPE_CHECKING:
    from octavo.drivers.sandbox.outbox import OutboxRecord


@click.group()
def sandbox() -> None:
    """The built-in carrier, which sends nothing anywhere."""


@sandbox.command(
    epilog=example(
        "octavo sandbox outbox --to +33639980001",
        "octavo sandbox outbox --to +33639980001 --last --text",
    )
)
@click.option("--to", metavar="NUMBER", help="Only to this number.")
@click.option("--last", is_flag=True, help="Only the last one.")
@click.option("--json", "how", flag_value="json", help="Print a JSON object a line.")
@click.option("--text", "how", flag_value="text", help="Print the texts alone.")
@operator
def outbox(octavo: Operator, to: str | None, last: bool, how: str | None) -> None:
    """Show what was given to the sandbox, the oldest first."""
    from octavo.drivers.sandbox.outbox import read_outbox

    number = None if to is None else _number(to)
    for record in read_outbox(octavo.settings.data_dir, to=number, last=last):
        say({"json": _as_json, "text": _as_text}.get(how or "", _as_line)(record))


@sandbox.command(epilog=example('octavo sandbox reply --from +33639980001 --text "STOP"'))
@click.option("--from", "sender", metavar="NUMBER", required=True, help="Who replies.")
@click.option("--to", metavar="SENDER", help="To whom; else the last sender that the number saw.")
@click.option("--text", required=True, help="What the reply says.")
@as_json
@operator
def reply(octavo: Operator, sender: str, to: str | None, text: str, as_json: bool) -> None:
    """Reply to a message, as its recipient would."""
    from octavo.drivers.sandbox.replies import append_reply

    number = _number(sender)
    append_reply(octavo.settings.data_dir, number, to, text)
    if as_json:
        dump({"from": number, "to": to, "text": text})
    else:
        say(f"{number} replied; a running server takes it at once")


def _number(text: str) -> str:
    from octavo.numbers import NumberReader, Unreadable

    read = NumberReader().read(text)
    if isinstance(read, Unreadable):
        raise click.UsageError(f"{text!r} is not a phone number such as +33639980001")
    return read.e164


def _as_json(record: "OutboxRecord") -> str:
    from octavo.drivers.sandbox.outbox import stamp

    told = {**record._asdict(), "at": stamp(record.at), "pass": record.pass_}
    del told["pass_"]
    return json.dumps(told)


def _as_text(record: "OutboxRecord") -> str:
    return record.text


def _as_line(record: "OutboxRecord") -> str:
    from octavo.drivers.sandbox.outbox import stamp

    words = (f"{record.to:<16}", f"{record.sender:<11}", f"{record.answer:<9}", record.text)
    return one_line(f"{stamp(record.at)}  {'  '.join(words)}")
