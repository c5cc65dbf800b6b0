"""Replies dropped by hand: any process appends them, link 0 takes them."""

import asyncio
import json
from itertools import accumulate
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path

from octavo.drivers.protocol import Inbound, Sink
from octavo.drivers.sandbox.checkpoint import Checkpoint
from octavo.drivers.sandbox.journal import Follower, Journal
from octavo.drivers.sandbox.outbox import last_submission_to
from octavo.drivers.sandbox.patience import bring
from octavo.kit.clock import Clock, Instant, system_clock
from octavo.kit.errors import OctavoError, StoreUnavailable

_LOOK_EVERY = 0.2


class NothingSent(OctavoError):
    """The sandbox never took a message for that number: a reply needs `to`."""

    says = "The sandbox never took a message for this number; name a sender with --to"


def replies_path(data_dir: Path) -> Path:
    """Where replies dropped by hand are."""
    return data_dir / "sandbox" / "replies.jsonl"


def append_reply(
    data_dir: Path, sender: str, to: str | None, text: str, *, clock: Clock = system_clock
) -> None:
    """Drops a message from the number `sender` to `to`, or to the last sender that it saw.

    It refers to the last message that the number got from there, if any.
    Raises NothingSent when there is no `to` and the number saw no sender, StoreUnavailable when
    the disk takes no more, OSError when the file cannot be opened.
    """
    last = last_submission_to(data_dir, sender, sender=to)
    if last is not None:
        to, reference = last.sender, last.reference
    elif to is not None:
        reference = ""
    else:
        raise NothingSent(sender)
    values = f'"sender":{quoted(sender)},"to":{quoted(to)},"reference":{quoted(reference)}'
    line = f'{{"at":{clock()},{values},"text":{quoted(text)}}}\n'
    journal = Journal(replies_path(data_dir))
    try:
        if not journal.append([line]):
            raise StoreUnavailable("the reply was not written")
    finally:
        journal.close()


class ReplyTaker:
    """Follows the file of replies and brings them to the sink, each until it is kept."""

    def __init__(self, data_dir: Path, sink: Sink) -> None:
        path = replies_path(data_dir)
        self._checkpoint = Checkpoint(path.with_name("replies.taken"))
        self._replies = Follower(path, self._checkpoint.offset)
        self._sink = sink

    async def run(self) -> None:
        """Takes replies until cancelled."""
        while True:
            start = self._replies.offset
            lines = self._replies.read()
            starts = accumulate(map(len, lines), initial=start)
            replies = [reply(line, at) for line, at in zip(lines, starts, strict=False)]
            await bring(self._sink.inbounds, [found for found in replies if found])
            self._checkpoint.save(self._replies.offset)
            await asyncio.sleep(0 if lines else _LOOK_EVERY)


def reply(line: bytes, offset: int) -> Inbound | None:
    """Reads a line of the file of replies, found at `offset`; None when it is torn or foreign.

    The id comes from the line's place and time, so that a line taken again has the same id.
    """
    try:
        fields: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    sender, to, text, at = (fields.get(name) for name in ("sender", "to", "text", "at"))
    if not (isinstance(sender, str) and isinstance(to, str) and isinstance(text, str)):
        return None
    if not isinstance(at, int) or isinstance(at, bool):
        return None
    reference = fields.get("reference")
    known = reference if isinstance(reference, str) else ""
    id_ = f"reply-{at:x}-{offset:x}"
    return Inbound(id_, _mended(sender), _mended(to), _mended(text), Instant(at), _mended(known))


def _mended(text: str) -> str:
    """Text that every store takes: no lone surrogate, no NUL."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")
