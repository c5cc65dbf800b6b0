"""From what a driver brings to what the ledger keeps."""

from collections.abc import Sequence

from octavo.db.unit_of_work import Rank, Store
from octavo.drivers.protocol import Inbound, Report, ReportState
from octavo.kit.clock import Instant
from octavo.kit.tickets import read_reference
from octavo.ledger import inbounds, receipts
from octavo.text.stop import ReplyKind, read_reply

LARGEST_INTEGER = (1 << 63) - 1
"""That a column takes."""

_KINDS = {ReplyKind.STOP: inbounds.STOP, ReplyKind.START: inbounds.START}


async def take_reports(store: Store, route: int, batch: Sequence[Report], now: Instant) -> None:
    """Stores delivery reports; returns after the commit. Raises StoreUnavailable."""
    taken = [
        receipts.Receipt(
            _storable(r.id),
            receipts.DELIVERED if r.state is ReportState.DELIVERED else r.state.value,
            r.at,
            _storable(r.code),
            _storable(r.to),
            _storable(r.sender),
            _storable(r.reference),
        )
        for r in batch
    ]
    await store.write(Rank.ACCEPT, lambda c: receipts.take(c, route, taken, now))


async def take_inbounds(store: Store, route: int, batch: Sequence[Inbound], now: Instant) -> None:
    """Stores messages from recipients; returns after the commit. Raises StoreUnavailable."""
    taken = [
        inbounds.Inbound(
            _storable(m.id),
            _storable(m.sender),
            _storable(m.to),
            _storable(m.text),
            _kind(m.text),
            m.at,
            _answered(m.reference),
        )
        for m in batch
    ]
    await store.write(Rank.ACCEPT, lambda c: inbounds.take(c, route, taken, now))


def _storable(text: str) -> str:
    """What a carrier said, without what no database takes: NULs and lone surrogates.

    Refusing it would only make the carrier say it again, for ever.
    """
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def _answered(text: str) -> tuple[int, int] | None:
    found = read_reference(text)
    return found if found is not None and max(found) <= LARGEST_INTEGER else None


def _kind(text: str) -> str:
    kind = read_reply(text)
    return _KINDS[kind] if kind is not None else ""
