"""What a carrier brings: receipts and messages from phones, kept before they are answered."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from octavo.drivers.protocol import Inbound, Report, Sink
from octavo.drivers.smpp.addresses import e164
from octavo.drivers.smpp.assembly import Assembly, Item, read_text
from octavo.drivers.smpp.identifiers import from_receipt
from octavo.drivers.smpp.memory import LinkMemory
from octavo.drivers.smpp.receipts import Receipt, is_receipt, read_receipt
from octavo.drivers.smpp.session import Ask, Session
from octavo.drivers.smpp.settings import ReceiptAddresses, SmppSettings
from octavo.drivers.smpp.wire.delivery import Delivery, read_delivery
from octavo.drivers.smpp.wire.errors import Malformed
from octavo.drivers.smpp.wire.frames import Frame
from octavo.drivers.smpp.wire.status import Status
from octavo.kit.clock import Clock, Instant, from_datetime
from octavo.kit.errors import StoreUnavailable

MOST_WAITING = 10_000
"""Deliveries: with so many not yet kept, the carrier is asked to give further ones later."""
BATCH = 500


class _Queued(NamedTuple):
    ask: Ask
    delivery: Delivery


class Incoming:
    """Keeps deliveries in the order they came, in batches."""

    def __init__(
        self, settings: SmppSettings, memory: LinkMemory, clock: Clock, sink: Sink
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Queued] = deque()
        self._assembly = Assembly()
        self._awake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, session: Session, frames: Sequence[Frame]) -> None:
        """Queues deliveries; what cannot be read is answered at once."""
        for frame in frames:
            ask = Ask(session, frame.command, frame.sequence)
            if len(self._queue) >= MOST_WAITING:
                session.answer([ask], Status.ESME_RX_T_APPN)
                continue
            try:
                self._queue.append(_Queued(ask, read_delivery(frame)))
            except Malformed as fault:
                session.answer([ask], fault.status)
        if self._queue:
            self._idle.clear()
            self._awake.set()

    async def run(self) -> None:
        """Keeps and answers until cancelled."""
        while True:
            await self._wait()
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            receipts = [queued for queued in batch if is_receipt(queued.delivery)]
            await self._keep_receipts(receipts)
            messages = [queued for queued in batch if not is_receipt(queued.delivery)]
            await self._keep_messages(list(self._whole(messages)))
            if not self._queue:
                self._idle.set()

    async def idle(self) -> None:
        """Waits until all that came is kept; parts that wait for others stay with the carrier."""
        await self._idle.wait()

    async def _wait(self) -> None:
        """Until something is queued or a part has waited long enough."""
        if self._queue:
            return
        self._awake.clear()
        due = self._assembly.next_due()
        timer = None if due is None else self._loop.call_at(due, self._awake.set)
        await self._awake.wait()
        if timer is not None:
            timer.cancel()

    # -- receipts ------------------------------------------------------------------------------

    async def _keep_receipts(self, batch: Sequence[_Queued]) -> None:
        if not batch:
            return
        now = self._clock()
        source = self._settings.receipt_from
        read = [(q.delivery, read_receipt(q.delivery, source)) for q in batch]
        reports = [self._report(d, r, now) for d, r in read]
        final = [report for report in reports if report is not None]
        status = await self._kept(self._sink.reports(final)) if final else Status.ESME_ROK
        _answer([q.ask for q in batch], status)

    def _report(self, delivery: Delivery, receipt: Receipt, now: Instant) -> Report | None:
        if receipt.state is None:
            return None
        to, sender = self._addresses(delivery)
        return Report(
            from_receipt(self._settings.id_habit, receipt.id),
            receipt.state,
            _instant(receipt.done, self._settings.zone, now),
            to,
            sender,
            f"{receipt.reference:04x}" if receipt.reference else "",
            receipt.code,
        )

    def _addresses(self, delivery: Delivery) -> tuple[str, str]:
        """The recipient and the sender of the message that a receipt is about."""
        match self._settings.receipt_addresses:
            case ReceiptAddresses.NORMAL:
                to = e164(delivery.source, delivery.source_ton)
                return to, delivery.destination.decode("latin-1")
            case ReceiptAddresses.SWAPPED:
                to = e164(delivery.destination, delivery.destination_ton)
                return to, delivery.source.decode("latin-1")
            case ReceiptAddresses.ABSENT:
                return "", ""

    # -- messages from phones ------------------------------------------------------------------

    def _whole(self, batch: Iterable[_Queued]) -> Iterator[list[Item]]:
        """Messages with all their parts, and parts that waited in vain."""
        now = self._loop.time()
        for ask, delivery in batch:
            text, place = read_text(delivery, self._settings.text)
            item = Item(delivery, text, (ask,))
            if place is None:
                yield [item]
            elif items := self._assembly.add(place, item, now):
                yield items
        for item in self._assembly.overdue(now):
            yield [item]

    async def _keep_messages(self, messages: Sequence[list[Item]]) -> None:
        if not messages:
            return
        now = self._clock()
        inbounds = [self._inbound(items, now) for items in messages]
        status = await self._kept(self._sink.inbounds(inbounds))
        _answer([ask for items in messages for item in items for ask in item.asks], status)

    def _inbound(self, items: Sequence[Item], now: Instant) -> Inbound:
        first = items[0].delivery
        source = first.source.decode("latin-1")
        return Inbound(
            self._memory.id_of(first, now),
            e164(first.source, first.source_ton) or source,
            first.destination.decode("latin-1"),
            "".join(item.text for item in items),
            now,
        )

    async def _kept(self, keeping: Awaitable[None]) -> Status:
        """The answer to what a sink was asked to keep: the carrier keeps what it could not."""
        try:
            await keeping
        except StoreUnavailable:
            return Status.ESME_RX_T_APPN
        except Exception as error:  # noqa: BLE001 - a carrier keeps its reports, whatever went wrong
            context = {"message": "a carrier's reports were not taken", "exception": error}
            self._loop.call_exception_handler(context)
            return Status.ESME_RX_T_APPN
        return Status.ESME_ROK


def _answer(asks: Iterable[Ask], status: Status) -> None:
    by_session: defaultdict[Session, list[Ask]] = defaultdict(list)
    for ask in asks:
        by_session[ask.session].append(ask)
    for session, mine in by_session.items():
        session.answer(mine, status)


_FORMATS = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}


def _instant(done: str, zone: ZoneInfo | None, now: Instant) -> Instant:
    """A receipt's own time; `now` when it has none, or nobody knows of which zone."""
    if zone is None or len(done) not in _FORMATS or not (done.isascii() and done.isdigit()):
        return now
    try:
        local = datetime.strptime(done, _FORMATS[len(done)]).replace(tzinfo=zone)
        return min(from_datetime(local.astimezone(UTC)), now)
    except (ValueError, OverflowError):
        return now
