"""The outbox: one line per submit that the sandbox got. It is the judge of what went out."""

import json
from collections.abc import Iterator
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from octavo.drivers.protocol import Verdict
from octavo.drivers.sandbox import journal
from octavo.kit.clock import Instant, from_datetime, to_datetime


class OutboxRecord(NamedTuple):
    """One submit. `ids` are the carrier's ids, one a part; empty when it did not take the message.

    `answer` is how the submission ends for our side: `unknown` with ids was taken, not answered.
    """

    link: int
    at: Instant
    campaign: int
    seq: int
    pass_: int
    to: str
    sender: str
    text: str
    parts: int
    reference: str
    answer: Verdict
    ids: tuple[str, ...]


_fields = itemgetter(*(field.rstrip("_") for field in OutboxRecord._fields))
_TYPES = (int, str, int, int, int, str, str, str, int, str, str, list)


def outbox_path(data_dir: Path) -> Path:
    """Where the outbox of a data directory is."""
    return data_dir / "sandbox" / "outbox.jsonl"


def stamp(at: Instant) -> str:
    """An instant in ISO 8601, UTC, to the microsecond."""
    return to_datetime(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def link_prefix(link: int) -> str:
    """How every line of that link begins: others are passed over unread."""
    return f'{{"link":{link},'


def outbox_line(record: OutboxRecord, at: str) -> str:
    """One line of the outbox, with its newline; ASCII, whatever the message holds.

    `at` is the stamp of `record.at`: made once for all that is submitted together.
    """
    link, _, campaign, seq, pass_, to, sender, text, parts, reference, answer, ids = record
    listed = '","'.join(ids).join('""') if ids else ""
    return (
        f'{{"link":{link},"at":"{at}","campaign":{campaign},"seq":{seq},"pass":{pass_},'
        f'"to":{quoted(to)},"sender":{quoted(sender)},"text":{quoted(text)},"parts":{parts},'
        f'"reference":{quoted(reference)},"answer":"{answer}","ids":[{listed}]}}\n'
    )


def outbox_record(line: bytes) -> OutboxRecord | None:
    """Reads a line of the outbox; None when it is torn or foreign."""
    try:
        values = _fields(json.loads(str(line, "ascii")))
        if tuple(map(type, values)) != _TYPES:
            return None
        link, at, campaign, seq, pass_, to, sender, text, parts, reference, answer, ids = values
        if not set(map(type, ids)) <= {str}:
            return None
        return OutboxRecord(
            link,
            from_datetime(datetime.fromisoformat(at)),
            campaign,
            seq,
            pass_,
            to,
            sender,
            text,
            parts,
            reference,
            Verdict(answer),
            tuple(ids),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def read_outbox(
    data_dir: Path, *, to: str | None = None, last: bool = False
) -> Iterator[OutboxRecord]:
    """The submits of every link, oldest first, of one recipient when `to` is given.

    With `last`, only the last of them. Reads as it goes: memory stays flat.
    """
    path = outbox_path(data_dir)
    lines = journal.backwards(path) if last else journal.forwards(path)
    found = _records(lines, to)
    if not last:
        yield from found
    elif (record := next(found, None)) is not None:
        yield record


def last_submission_to(
    data_dir: Path, number: str, *, sender: str | None = None
) -> OutboxRecord | None:
    """The last message that the carrier took for a number, from `sender` when given."""
    for record in _records(journal.backwards(outbox_path(data_dir)), number):
        if record.ids and sender in (None, record.sender):
            return record
    return None


def _records(lines: Iterator[bytes], to: str | None) -> Iterator[OutboxRecord]:
    """The records among `lines`; what `to` rules out is passed over before it is parsed."""
    wanted = b"" if to is None else f'"to":{quoted(to)},'.encode("ascii")
    for line in lines:
        record = outbox_record(line) if wanted in line else None
        if record is not None and to in (None, record.to):
            yield record
