"""What others observe, counted. Labels are looked up once, not at each observation."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prometheus_client import Counter, Histogram

from octavo.db.codes import CallbackKind, MessageState
from octavo.kit.clock import SECOND
from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from octavo.ledger.orders import Accepted, PlannedOrder
from octavo.ledger.receipts import Taken
from octavo.ledger.settle import Settled
from octavo.metrics.families import Families

STATES: tuple[MessageState, ...] = tuple(
    state for state in MessageState if state is not MessageState.PENDING
)


class RouteLabels(NamedTuple):
    """How a route is called, and the channel that it carries."""

    name: str
    channel: str


class RouteCounts:
    """Messages and receipts of one route."""

    def __init__(self, families: Families, labels: RouteLabels) -> None:
        self._states: dict[MessageState, Counter] = {
            state: families.messages.labels(labels.channel, labels.name, state.name.lower())
            for state in STATES
        }
        self._unmatched = families.receipts_unmatched.labels(labels.name)

    def entered(self, state: MessageState, messages: int) -> None:
        """Messages came into a state."""
        if messages:
            self._states[state].inc(messages)

    def all_entered(self, messages: Sequence[int]) -> None:
        """Messages came into states; their numbers in the order of the states."""
        for state in STATES:
            self.entered(state, messages[state])

    def receipts(self, taken: Taken) -> None:
        """Receipts were stored."""
        self.all_entered(taken.entered)
        if taken.unmatched:
            self._unmatched.inc(taken.unmatched)


class LinkMetrics:
    """Watches a link (`octavo.worker.observer.LinkObserver`)."""

    def __init__(
        self, families: Families, labels: RouteLabels, no: int, counts: RouteCounts
    ) -> None:
        name, channel = labels
        self._counts = counts
        self._sent = families.sent.labels(channel, name)
        self._retried = families.retried.labels(channel, name)
        self._grant_wait = families.grant_wait.labels(name)
        self._claim_seconds = families.claim_seconds.labels(name)
        self._lost_gates = families.lost_gates.labels(name)
        self._settle_seconds = families.settle_seconds.labels(name)
        self._fenced = families.fenced.labels(name)
        self._up = families.link_up.labels(name, no)
        self._in_doubt = families.link_in_doubt.labels(name, no)
        self._links_taken = families.links_taken.labels(name)
        self._links_lost = families.links_lost.labels(name)
        self._takeovers = families.takeovers.labels(name)
        self._receipt_lag = families.receipt_lag.labels(name)

    def taken(self, link: Link) -> None:
        """The link is ours."""
        self._links_taken.inc()
        if link.left:
            self._takeovers.inc()
        self._counts.entered(MessageState.UNKNOWN, link.lost)

    def connected(self, *, up: bool) -> None:
        """Its driver was started, or has ended."""
        self._up.set(int(up))
        if not up:
            self._in_doubt.set(0)

    def lost(self) -> None:
        """Somebody else took it, or its lease could not be prolonged."""
        self._links_lost.inc()

    def claimed(self, grant: Grant, waited: int | None, seconds: float) -> None:
        """A claim is on disk."""
        self._counts.entered(MessageState.SKIPPED, grant.skipped)
        if grant.lost_gate:
            self._lost_gates.inc()
        if waited is not None:
            self._claim_seconds.observe(seconds)
            self._grant_wait.observe(max(waited, 0) / SECOND)

    def sent(self, messages: int) -> None:
        """Messages were given to the driver."""
        self._sent.inc(messages)

    def settled(self, settled: Settled, in_doubt: int, seconds: float) -> None:
        """A settle is on disk."""
        self._counts.all_entered(settled.entered)
        if settled.retried:
            self._retried.inc(settled.retried)
        self._in_doubt.set(in_doubt)
        self._settle_seconds.observe(seconds)

    def fenced(self) -> None:
        """A settle came too late: another holder had the link."""
        self._fenced.inc()

    def reported(self, taken: Taken, lag: int | None) -> None:
        """Receipts are on disk."""
        self._counts.receipts(taken)
        if lag is not None:
            self._receipt_lag.observe(max(lag, 0) / SECOND)


class WorkerMetrics:
    """Watches a worker (`octavo.worker.observer.Observer`) on the routes that it began with."""

    def __init__(self, families: Families, routes: Mapping[int, RouteLabels]) -> None:
        self._families = families
        self._routes = routes
        self._counts = {id_: RouteCounts(families, labels) for id_, labels in routes.items()}

    def link(self, route: int, no: int) -> LinkMetrics:
        """The one that watches a link."""
        return LinkMetrics(self._families, self._routes[route], no, self._counts[route])

    def retried(self, route: int, taken: Taken) -> None:
        """Receipts that had found no message were tried again."""
        counts = self._counts.get(route)
        if counts is not None:  # of a route that is new, another process's
            counts.receipts(taken)


class CallbackMetrics:
    """Watches callbacks (`octavo.callbacks.runner.Observer`)."""

    def __init__(self, families: Families) -> None:
        self._calls = families.callbacks
        self._seconds = families.callback_seconds

    def called(self, kind: CallbackKind, *, taken: int, failed: int, seconds: float) -> None:
        """Calls were answered, or failed."""
        name = kind.name.lower()
        self._calls.labels(name, "taken").inc(taken)
        self._calls.labels(name, "failed").inc(failed)
        self._seconds.labels(name).inc(seconds)

    def dropped(self, kind: CallbackKind, calls: int) -> None:
        """Calls were given up for their age."""
        self._calls.labels(kind.name.lower(), "dropped").inc(calls)


class OrderMetrics:
    """Watches orders (`octavo.campaigns.service.OrderWatch`)."""

    def __init__(self, families: Families) -> None:
        self._families = families
        self._known: dict[tuple[str, str], tuple[Counter, Counter]] = {}

    def accepted(self, order: PlannedOrder, accepted: Accepted) -> None:
        """An order is on disk."""
        key = order.channel, order.product
        known = self._known.get(key)
        if known is None:
            orders, messages = self._families.orders, self._families.order_messages
            known = self._known[key] = orders.labels(*key), messages.labels(*key)
        known[0].inc()
        known[1].inc(accepted.contacts)


METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
OTHER = "other"


class RequestMetrics:
    """Watches requests (`octavo.api.measure.Requests`)."""

    def __init__(self, families: Families) -> None:
        self._families = families
        self._known: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}

    def answered(
        self, method: str, path: str | None, status: int, code: int | None, seconds: float
    ) -> None:
        """A request was answered; `path` is that of its route, None for no route."""
        method = method if method in METHODS else OTHER
        known = self._known.get((method, path, status)) or self._learn(method, path, status)
        known[0].inc()
        known[1].observe(seconds)
        if code is not None:
            self._families.refusals.labels(path or OTHER, code).inc()

    def _learn(self, method: str, path: str | None, status: int) -> tuple[Counter, Histogram]:
        """Looking labels up takes longer than counting."""
        requests, times = self._families.http_requests, self._families.http_seconds
        made = requests.labels(method, path or OTHER, status), times.labels(path or OTHER)
        self._known[method, path, status] = made
        return made
