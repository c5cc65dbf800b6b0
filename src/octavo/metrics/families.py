"""Every metric that a process counts itself, by name, with its labels (docs/metrics.md).

Labels have few values: never an account, a number, a ticket or a path as it was asked for.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

NAMESPACE = "octavo"

WORK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds in seconds of what is over at once."""
WAITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0)
"""Bounds in seconds of what may wait for its turn."""


class Families:
    """The metrics of one process, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(name, says, labels, namespace=NAMESPACE, registry=registry)

        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(name, says, labels, namespace=NAMESPACE, registry=registry)

        def seconds(name: str, says: str, bounds: Sequence[float], *labels: str) -> Histogram:
            return Histogram(
                name, says, labels, namespace=NAMESPACE, registry=registry, buckets=bounds
            )

        self.build = Info("build", "What runs.", namespace=NAMESPACE, registry=registry)
        self.loop_lag = seconds(
            "event_loop_lag_seconds", "How late the event loop comes to what is due.", WORK
        )

        self.http_requests = counter(
            "http_requests_total", "Requests answered.", "method", "path", "status"
        )
        self.http_seconds = seconds(
            "http_request_seconds", "From a request's head to the end of its answer.", WORK, "path"
        )
        self.refusals = counter("refusals_total", "Requests refused with a code.", "path", "code")
        self.orders = counter("orders_accepted_total", "Orders on disk.", "channel", "product")
        self.order_messages = counter(
            "order_messages_total", "Messages of orders on disk.", "channel", "product"
        )

        self.store_seconds = seconds(
            "store_write_seconds", "From handing in a unit of work to its commit.", WORK, "rank"
        )
        self.store_waiting = gauge(
            "store_writes_waiting", "Units of work handed in and not committed.", "rank"
        )
        self.store_failures = counter(
            "store_failures_total", "Units of work that the store could not commit.", "rank"
        )

        self.sent = counter(
            "messages_sent_total", "Messages given to a driver.", "channel", "route"
        )
        self.messages = counter(
            "messages_total", "Messages that came into a state.", "channel", "route", "state"
        )
        self.retried = counter(
            "messages_retried_total", "Messages refused for now.", "channel", "route"
        )
        self.grant_wait = seconds(
            "grant_wait_seconds", "How long the oldest slice of a grant was due.", WAITS, "route"
        )
        self.claim_seconds = seconds(
            "claim_seconds", "Claims that granted something.", WORK, "route"
        )
        self.lost_gates = counter(
            "lost_gates_total", "Claims that met another one of their route.", "route"
        )
        self.settle_seconds = seconds("settle_seconds", "Settles.", WORK, "route")
        self.fenced = counter(
            "fenced_settles_total", "Settles of links that another holder had.", "route"
        )
        self.link_up = gauge("link_up", "Whether this process has it connected.", "route", "link")
        self.link_in_doubt = gauge(
            "link_in_doubt_parts", "Parts under an intent and not settled.", "route", "link"
        )
        self.links_taken = counter("links_taken_total", "Links leased.", "route")
        self.links_lost = counter("links_lost_total", "Links whose lease was lost.", "route")
        self.takeovers = counter(
            "link_takeovers_total", "Links leased with slices of their last holder.", "route"
        )

        self.receipt_lag = seconds(
            "receipt_lag_seconds", "Age of the oldest receipt of a batch, stored.", WAITS, "route"
        )
        self.receipts_unmatched = counter(
            "receipts_unmatched_total", "Receipts whose message was not found at once.", "route"
        )

        self.callbacks = counter("callbacks_total", "Calls to customers.", "kind", "outcome")
        self.callback_seconds = counter(
            "callback_seconds_total", "Seconds until their answers, summed up.", "kind"
        )
