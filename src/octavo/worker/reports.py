"""From what a driver brings to what the ledger keeps."""

from collections.abc import Sequence

import structlog

from octavo.db.unit_of_work import Rank, Store
from octavo.drivers.protocol import Inbound, Report, ReportState
from octavo.kit.clock import Instant
from octavo.kit.tickets import read_reference
from octavo.ledger import inbounds, receipts
from octavo.text.stop import ReplyKind, read_reply
from octavo.worker.storable import storable

LARGEST_INTEGER = (1 << 63) - 1
"""That a column takes."""

log = structlog.get_logger()

_KINDS = {ReplyKind.STOP: inbounds.STOP, ReplyKind.START: inbounds.START}


async def take_reports(
    store: Store, route: int, batch: Sequence[Report], now: Instant
) -> receipts.Taken:
    """Stores delivery reports; returns after the commit. Raises StoreUnavailable."""
    taken = [
        receipts.Receipt(
            storable(r.id),
            receipts.DELIVERED if r.state is ReportState.DELIVERED else r.state.value,
            r.at,
            storable(r.code),
            storable(r.to),
            storable(r.sender),
            storable(r.reference),
        )
        for r in batch
    ]
    return await store.write(Rank.ACCEPT, lambda c: receipts.take(c, route, taken, now))


async def take_inbounds(store: Store, route: int, batch: Sequence[Inbound], now: Instant) -> None:
    """Stores messages from recipients; returns after the commit. Raises StoreUnavailable."""
    taken = [
        inbounds.Inbound(
            storable(m.id),
            storable(m.sender),
            storable(m.to),
            storable(m.text),
            _kind(m.text),
            m.at,
            _answered(m.reference),
        )
        for m in batch
    ]
    unmatched = await store.write(Rank.ACCEPT, lambda c: inbounds.take(c, route, taken, now))
    for kind, count in unmatched.items():
        log.warning(
            "inbound matched no campaign", route=route, kind=kind or "reply", messages=count
        )


def _answered(text: str) -> tuple[int, int] | None:
    found = read_reference(text)
    return found if found is not None and max(found) <= LARGEST_INTEGER else None


def _kind(text: str) -> str:
    kind = read_reply(text)
    return _KINDS[kind] if kind is not None else ""
