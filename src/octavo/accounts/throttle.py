"""Failed logins, counted by login and address."""

from ipaddress import ip_network

from octavo.kit.clock import SECOND, Clock, Instant

FAILURES = 10
"""Failed logins that one address may have at once; then one every `EVERY`."""
EVERY = 6 * SECOND
MOST = 10_000
"""Pairs of login and address that are remembered; the one that failed longest ago goes first."""


class Throttle:
    """Slows down who tries wrong keys; a right one is not its business."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        # As a route's rate (GCRA): until when the failures so far are paid for.
        self._until: dict[tuple[str, str], Instant] = {}

    def wait(self, login: str, client: str) -> int:
        """Seconds until the next try that is answered as one; 0: now."""
        until = self._until.get((login, _site(client)))
        if until is None:
            return 0
        wait = until - self._clock() - (FAILURES - 1) * EVERY
        return max(0, -(-wait // SECOND))

    def failed(self, login: str, client: str) -> None:
        """Counts a failed login."""
        who = (login, _site(client))
        now = self._clock()
        until = max(self._until.pop(who, now), now)
        while len(self._until) >= self._most:
            del self._until[next(iter(self._until))]
        self._until[who] = Instant(until + EVERY)


def _site(client: str) -> str:
    """An address; of IPv6 the /64 network, as that is what one customer is given."""
    if ":" not in client:
        return client
    try:
        return str(ip_network(f"{client.partition('%')[0]}/64", strict=False))
    except ValueError:
        return client
