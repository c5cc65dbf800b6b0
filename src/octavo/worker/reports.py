"""From what a driver brings to what the ledger keeps."""

from collections.abc import Sequence

from octavo.db.unit_of_work import Rank, Store
from octavo.drivers.protocol import Inbound, Report, ReportState
from octavo.kit.clock import Instant
from octavo.kit.tickets import read_reference
from octavo.ledger import inbounds, receipts
from octavo.text.stop import ReplyKind, read_reply

_KINDS = {ReplyKind.STOP: inbounds.STOP, ReplyKind.START: inbounds.START}


async def take_reports(store: Store, route: int, batch: Sequence[Report], now: Instant) -> None:
    """Stores delivery reports; returns after the commit. Raises StoreUnavailable."""
    taken = [
        receipts.Receipt(
            r.id,
            receipts.DELIVERED if r.state is ReportState.DELIVERED else r.state.value,
            r.at,
            r.code,
            r.to,
            r.sender,
            r.reference,
        )
        for r in batch
    ]
    await store.write(Rank.ACCEPT, lambda c: receipts.take(c, route, taken, now))


async def take_inbounds(store: Store, route: int, batch: Sequence[Inbound], now: Instant) -> None:
    """Stores messages from recipients; returns after the commit. Raises StoreUnavailable."""
    taken = [
        inbounds.Inbound(
            m.id, m.sender, m.to, m.text, _kind(m.text), m.at, read_reference(m.reference)
        )
        for m in batch
    ]
    await store.write(Rank.ACCEPT, lambda c: inbounds.take(c, route, taken, now))


def _kind(text: str) -> str:
    kind = read_reply(text)
    return _KINDS[kind] if kind is not None else ""
