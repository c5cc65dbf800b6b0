"""What a link knows over its connections."""

from collections import OrderedDict
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from octavo.drivers.smpp.redial import Redial
from octavo.drivers.smpp.wire.delivery import Delivery
from octavo.kit.clock import MINUTE, Instant

REMEMBERED = 1_000
REPEATED_WITHIN = 10 * MINUTE


class _Seen(NamedTuple):
    id: str
    connection: int
    at: Instant


class LinkMemory:
    """One per link; its driver is made anew for each connection."""

    def __init__(self, randomness: Random) -> None:
        self.redial = Redial(randomness)
        self._connection = 0
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def connected(self) -> None:
        """A new connection begins."""
        self._connection += 1

    def id_of(self, delivery: Delivery, now: Instant) -> str:
        """An id for a message from a phone: SMPP gives it none.

        The same message on the next connection is the one whose answer the carrier did not get,
        and has the same id; on the same connection it is another one with the same words.
        """
        digest = _digest(delivery)
        seen = self._seen.pop(digest, None)
        repeated = (
            seen is not None
            and seen.connection != self._connection
            and 0 <= now - seen.at < REPEATED_WITHIN
        )
        id_ = seen.id if seen is not None and repeated else f"{digest.hex()}-{now:x}"
        self._seen[digest] = _Seen(id_, self._connection, now)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return id_


def _digest(delivery: Delivery) -> bytes:
    digest = blake2b(digest_size=8)
    for octets in (delivery.source, delivery.destination, bytes((delivery.data_coding,))):
        digest.update(octets + b"\0")
    digest.update(delivery.body)
    return digest.digest()
