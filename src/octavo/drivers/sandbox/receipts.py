"""What the carrier and the recipient will still say about a message of the outbox.

A pure function of the outbox line and the dials, so that a restart expects the same again.
"""

from typing import NamedTuple
from zlib import crc32

from octavo.drivers.protocol import Inbound, Report
from octavo.drivers.sandbox.behaviour import DELIVERED, NUMBERS, Behaviour, Parts, Receipt, Reply
from octavo.drivers.sandbox.outbox import OutboxRecord
from octavo.drivers.sandbox.settings import SandboxSettings
from octavo.kit.clock import SECOND, Instant

_APART = 0.2
"""Seconds between the receipts of the parts of one message reported backwards."""


class Expected(NamedTuple):
    """Something to say `delay` seconds after the submit."""

    delay: float
    word: Report | Inbound


def expected(record: OutboxRecord, dials: SandboxSettings) -> list[Expected]:
    """All that will be said about one message; nothing when the carrier did not take it."""
    if not record.ids:
        return []
    behaviour = NUMBERS.get(record.to[-4:])
    chance = crc32(record.ids[0].encode())
    usual = _usual_delay(chance, dials)
    if behaviour is not None:
        return _special(record, behaviour, usual, reports=dials.reports)
    if not dials.reports or (chance & 0xFFFF) / 0x10000 < dials.unreported:
        return []
    return _reports(record, DELIVERED, usual)


def _usual_delay(chance: int, dials: SandboxSettings) -> float:
    width = dials.receipt_delay_max - dials.receipt_delay_min
    return dials.receipt_delay_min + width * (chance >> 16) / 0x10000


def _special(
    record: OutboxRecord, behaviour: Behaviour, usual: float, *, reports: bool
) -> list[Expected]:
    receipts = behaviour.receipts if reports else ()
    words = [word for receipt in receipts for word in _reports(record, receipt, usual)]
    return words + [_reply(record, reply) for reply in behaviour.replies]


def _reports(record: OutboxRecord, receipt: Receipt, usual: float) -> list[Expected]:
    """One report a part that the receipt is about."""
    to, sender, ids = record.to, record.sender, record.ids
    base = usual if receipt.delay is None else receipt.delay
    reference = record.reference if receipt.referenced else ""
    words = []
    for no, id_ in enumerate(ids):
        if receipt.parts is not Parts.ALL and (receipt.parts is Parts.FIRST) != (no == 0):
            continue
        delay = base + _APART * (len(ids) - 1 - no) if receipt.backwards else base
        at = _after(record, delay)
        report = Report(id_, receipt.state, at, to, sender, reference, receipt.code)
        words.append(Expected(delay, report))
    return words


def _reply(record: OutboxRecord, reply: Reply) -> Expected:
    """A reply. Its id comes from the message and the text: the same reply has the same id."""
    id_ = f"{record.ids[0]}-{crc32(reply.text.encode()):08x}"
    at = _after(record, reply.delay)
    inbound = Inbound(id_, record.to, record.sender, reply.text, at, record.reference)
    return Expected(reply.delay, inbound)


def _after(record: OutboxRecord, delay: float) -> Instant:
    return Instant(record.at + int(delay * SECOND))
