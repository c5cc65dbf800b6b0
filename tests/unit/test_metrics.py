"""Metrics: what is counted, who may read it, and that docs and dashboard speak of what there is."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.testclient import TestClient

from octavo.api import metrics as page
from octavo.api.app import ForgivingPath, make_operating_app
from octavo.api.health import Health
from octavo.api.measure import MeasureRequests
from octavo.api.metrics import MetricsPage
from octavo.db.codes import CallbackKind, MessageState, Purpose
from octavo.db.connection import Connection
from octavo.db.statements.backlog import Due
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import SECOND
from octavo.kit.errors import StoreUnavailable
from octavo.ledger.claim import Grant
from octavo.ledger.links import Link
from octavo.ledger.receipts import Taken
from octavo.ledger.settle import Settled
from octavo.metrics.backlog import Backlog
from octavo.metrics.metrics import Metrics
from octavo.metrics.observers import RouteLabels
from tests.common.database import NOW

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "metrics.md").read_text("utf-8")
DASHBOARD = ROOT / "deploy" / "grafana" / "octavo.json"
TOKEN = "a-token-that-only-tests-use"

T = TypeVar("T")

SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def shown(metrics: Metrics) -> dict[str, float]:
    """Samples as they are read, such as `octavo_messages_total{state="failed"}` (labels sorted)."""
    found = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def families(metrics: Metrics) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Type and labels of every metric of ours, by name."""
    found = {}
    for collector in metrics.registry._collector_to_names:
        for family in getattr(collector, "describe", list)():
            if family.name.startswith("octavo_"):
                holder = family if hasattr(family, "_labelnames") else collector
                found[family.name] = family.type, tuple(getattr(holder, "_labelnames", ()))
    return found


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The same as docs/metrics.md has it."""
    rows = re.findall(r"^\| `(octavo_\w+)` \| (\w+) \| ([\w, ]*?) ?\| ", DOCS, re.MULTILINE)
    return {name: (kind, tuple(filter(None, labels.split(", ")))) for name, kind, labels in rows}


def sample_names(metrics: Metrics) -> set[str]:
    return {
        name + suffix for name, (kind, _) in families(metrics).items() for suffix in SUFFIXES[kind]
    }


# -- names ------------------------------------------------------------------------------------


def test_the_docs_have_every_metric_with_its_type_and_labels(metrics: Metrics) -> None:
    assert documented() == families(metrics)


def test_every_name_in_the_docs_is_one_that_is_shown(metrics: Metrics) -> None:
    known = sample_names(metrics) | families(metrics).keys()
    assert set(re.findall(r"\boctavo_\w+", DOCS)) <= known


def test_the_dashboard_asks_for_nothing_that_is_not_there(metrics: Metrics) -> None:
    text = DASHBOARD.read_text("utf-8")
    expressions = re.findall(r'"(?:expr|query|definition)": "((?:[^"\\]|\\.)*)"', text)
    asked = set(re.findall(r"\b(?:octavo|process)_\w+", " ".join(expressions)))
    mine = {name for name in asked if name.startswith("octavo_")}
    assert mine <= sample_names(metrics)
    assert asked - mine <= shown(metrics).keys()


def test_the_dashboard_shows_every_metric(metrics: Metrics) -> None:
    text = DASHBOARD.read_text("utf-8")
    missing = [name for name in families(metrics) if not re.search(rf"\b{name}(_|\b)", text)]
    assert missing == []


def test_the_dashboard_groups_by_labels_that_the_metrics_have(metrics: Metrics) -> None:
    known = {label for _, labels in families(metrics).values() for label in labels}
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel.get("targets", []):
            for group in re.findall(r"by \(([\w, ]+)\)", target["expr"]):
                assert set(group.split(", ")) <= known | {"le", "instance"}


def test_two_processes_in_one_share_nothing(metrics: Metrics) -> None:
    metrics.callbacks.called(CallbackKind.STOPS, taken=1, failed=0, seconds=0.5)
    name = "octavo_callbacks_total{kind=stops,outcome=taken}"
    assert shown(metrics)[name] == 1
    assert name not in shown(Metrics())


# -- what is counted --------------------------------------------------------------------------


def states(**messages: int) -> list[int]:
    return [messages.get(state.name.lower(), 0) for state in MessageState]


def test_what_a_link_does_is_counted_by_channel_and_route(metrics: Metrics) -> None:
    link = metrics.worker({7: RouteLabels("sandbox", "sms")}).link(7, 2)
    link.taken(Link(1, 2, 7, left=3, lost=40))
    link.connected(up=True)
    link.claimed(Grant(skipped=2, due_since=NOW), 3 * SECOND, 0.001)
    link.claimed(Grant(lost_gate=True), None, 0.001)
    link.sent(50)
    link.settled(Settled(set(), set(), states(accepted=30, failed=5, unknown=1), 4), 60, 0.002)
    link.reported(Taken(states(delivered=28), 6), 2 * SECOND)
    link.reported(Taken(states(delivered=1)), None)
    link.fenced()
    link.lost()
    told = shown(metrics)
    route = "channel=sms,route=sandbox"
    assert {
        state: told[f"octavo_messages_total{{{route},state={state}}}"]
        for state in ("accepted", "delivered", "failed", "skipped", "unknown")
    } == {"accepted": 30, "delivered": 29, "failed": 5, "skipped": 2, "unknown": 41}
    assert told[f"octavo_messages_sent_total{{{route}}}"] == 50
    assert told[f"octavo_messages_retried_total{{{route}}}"] == 4
    assert told["octavo_link_takeovers_total{route=sandbox}"] == 1
    assert told["octavo_links_lost_total{route=sandbox}"] == 1
    assert told["octavo_fenced_settles_total{route=sandbox}"] == 1
    assert told["octavo_lost_gates_total{route=sandbox}"] == 1
    assert told["octavo_grant_wait_seconds_sum{route=sandbox}"] == 3
    assert told["octavo_claim_seconds_count{route=sandbox}"] == 1
    assert told["octavo_settle_seconds_count{route=sandbox}"] == 1
    assert told["octavo_receipts_unmatched_total{route=sandbox}"] == 6
    assert told["octavo_receipt_lag_seconds_count{route=sandbox}"] == 1
    assert told["octavo_link_in_doubt_parts{link=2,route=sandbox}"] == 60
    assert told["octavo_link_up{link=2,route=sandbox}"] == 1
    link.connected(up=False)
    told = shown(metrics)
    assert told["octavo_link_up{link=2,route=sandbox}"] == 0
    assert told["octavo_link_in_doubt_parts{link=2,route=sandbox}"] == 0


def test_receipts_that_are_tried_again_count_for_their_route(metrics: Metrics) -> None:
    worker = metrics.worker({7: RouteLabels("sandbox", "sms")})
    worker.retried(7, Taken(states(delivered=3)))
    worker.retried(8, Taken(states(delivered=1)))
    told = shown(metrics)
    assert told["octavo_messages_total{channel=sms,route=sandbox,state=delivered}"] == 3


def test_a_link_that_is_first_taken_is_no_takeover(metrics: Metrics) -> None:
    metrics.worker({7: RouteLabels("sandbox", "sms")}).link(7, 0).taken(Link(1, 1, 7))
    told = shown(metrics)
    assert told["octavo_links_taken_total{route=sandbox}"] == 1
    assert told["octavo_link_takeovers_total{route=sandbox}"] == 0


class Slow:
    """A store whose writes wait to be let through."""

    def __init__(self) -> None:
        self.door = asyncio.Event()
        self.full = False

    async def write(self, rank: Rank, unit: Callable[[Connection], T]) -> T:
        await self.door.wait()
        if self.full:
            raise StoreUnavailable
        return unit(None)  # type: ignore[arg-type]

    async def read(self, unit: Callable[[Connection], T]) -> T:
        raise StoreUnavailable

    async def close(self) -> None:
        """Nothing is open."""


def test_units_that_wait_for_the_store_are_shown_by_rank(metrics: Metrics) -> None:
    async def main() -> None:
        slow = Slow()
        store = metrics.store(slow)
        waiting = asyncio.gather(
            *(store.write(rank, lambda _: 5) for rank in (Rank.SETTLE, Rank.SETTLE, Rank.CLAIM))
        )
        await asyncio.sleep(0)
        assert shown(metrics)["octavo_store_writes_waiting{rank=settle}"] == 2
        slow.door.set()
        assert await waiting == [5, 5, 5]
        slow.full = True
        with pytest.raises(StoreUnavailable):
            await store.write(Rank.ACCEPT, lambda _: 5)

    asyncio.run(main())
    told = shown(metrics)
    assert told["octavo_store_writes_waiting{rank=settle}"] == 0
    assert told["octavo_store_write_seconds_count{rank=settle}"] == 2
    assert told["octavo_store_failures_total{rank=accept}"] == 1
    assert told["octavo_store_failures_total{rank=settle}"] == 0


def test_a_backlog_is_shown_until_the_database_cannot_be_asked(metrics: Metrics) -> None:
    metrics.backlog.seen = Backlog(
        at=NOW,
        due={Purpose.ALERT: Due(2, 30, NOW - 5 * SECOND), Purpose.WHOLESALE: Due(0, 0, None)},
        in_doubt={"sandbox": 4},
        unmatched=3,
        held={"EUR": 1_234_500_000},
        callbacks={},
    )
    told = shown(metrics)
    assert told["octavo_oldest_due_slice_seconds{priority=alert}"] == 5
    assert told["octavo_oldest_due_slice_seconds{priority=wholesale}"] == 0
    assert told["octavo_due_messages{priority=alert}"] == 30
    assert told["octavo_wallet_held{currency=EUR}"] == 12.345
    assert told["octavo_unmatched_receipts"] == 3

    async def main() -> None:
        following = asyncio.create_task(metrics.follow_backlog(Slow(), lambda: NOW))
        for _ in range(5):
            await asyncio.sleep(0)
        following.cancel()

    asyncio.run(main())
    assert "octavo_unmatched_receipts" not in shown(metrics)


# -- requests ---------------------------------------------------------------------------------


@pytest.fixture
def client(metrics: Metrics) -> TestClient:
    app = FastAPI()
    app.add_middleware(MeasureRequests, requests=metrics.requests)
    app.add_middleware(ForgivingPath)

    async def things(number: int) -> int:
        return 1 // number

    app.add_api_route("/things/{number}", things)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "asked", "told"),
    [
        ("GET", "/things/1", "method=GET,path=/things/{number},status=200"),
        ("GET", "/things/7/", "method=GET,path=/things/{number},status=200"),
        ("HEAD", "/things/8", "method=GET,path=/things/{number},status=200"),
        ("GET", "/things/0", "method=GET,path=/things/{number},status=500"),
        ("PUT", "/things/1", "method=PUT,path=/things/{number},status=405"),
        ("GET", "/things/1/2", "method=GET,path=other,status=404"),
        ("GET", "/%7B%22%0A", "method=GET,path=other,status=404"),
        ("BREW", "/", "method=other,path=other,status=404"),
    ],
)
def test_a_request_is_counted_by_the_template_of_its_path(
    client: TestClient, metrics: Metrics, method: str, asked: str, told: str
) -> None:
    client.request(method, asked)
    counted = {n: v for n, v in shown(metrics).items() if n.startswith("octavo_http_requests")}
    assert counted == {f"octavo_http_requests_total{{{told}}}": 1}


# -- who may read -----------------------------------------------------------------------------


def asked(
    metrics: Metrics, peer: str, token: str | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of `/metrics` for a peer."""
    app = make_operating_app(Health())
    page.add(app, MetricsPage(metrics.exposition, SecretStr(token) if token else None))
    client = TestClient(app, client=(peer, 1))
    answer = client.get("/metrics", headers={n.replace("_", "-"): v for n, v in headers.items()})
    return answer.status_code, dict(answer.headers), answer.text


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.9.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.168.1.2", {}, 401),
        ("2001:db8::1", {}, 401),
        ("::ffff:8.8.8.8", {}, 401),
        ("", {}, 401),
        ("nonsense", {}, 401),
        # As uvicorn leaves it when a trusted proxy says so.
        ("127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, 401),
        ("127.0.0.1", {"X_Forwarded_For": ""}, 401),
        ("127.0.0.1", {"X_Forwarded_Proto": "https"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 401),
        ("127.0.0.1", {"X_Real_IP": "192.0.2.1"}, 401),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 401),
        ("192.168.1.2", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("192.168.1.2", {"Authorization": f"bearer   {TOKEN} "}, 200),
        ("127.0.0.1", {"Via": "1.1 proxy", "Authorization": f"Bearer {TOKEN}"}, 200),
        ("192.168.1.2", {"Authorization": f"Basic {TOKEN}"}, 401),
        ("192.168.1.2", {"Authorization": TOKEN}, 401),
        ("192.168.1.2", {"Authorization": f"Bearer {TOKEN}x"}, 401),
        ("192.168.1.2", {"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ("192.168.1.2", {"Authorization": "Bearer "}, 401),
        ("192.168.1.2", {"Authorization": ""}, 401),
    ],
)
def test_metrics_are_for_this_machine_or_for_who_has_the_token(
    metrics: Metrics, peer: str, headers: dict[str, str], status: int
) -> None:
    answered, more, text = asked(metrics, peer, TOKEN, **headers)
    assert answered == status
    if status == 200:
        assert more["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "octavo_build_info" in text
    else:
        assert more["www-authenticate"].startswith("Bearer ")
        assert json.loads(text) == {"code": 401, "message": "A valid token is needed."}


@pytest.mark.parametrize("given", ["Bearer ", "Bearer None", "Bearer", f"Bearer {TOKEN}"])
def test_without_a_token_no_token_opens(metrics: Metrics, given: str) -> None:
    assert asked(metrics, "10.0.0.1", None, Authorization=given)[0] == 403
    assert asked(metrics, "127.0.0.1", None)[0] == 200


def test_a_token_beyond_ascii_is_refused_like_others(metrics: Metrics) -> None:
    app = make_operating_app(Health())
    page.add(app, MetricsPage(metrics.exposition, SecretStr(TOKEN)))
    client = TestClient(app, client=("10.0.0.1", 1))
    answer = client.get("/metrics", headers={b"authorization": b"Bearer \xff\xe9"})
    assert answer.status_code == 401


def test_a_worker_answers_what_whoever_operates_it_asks(metrics: Metrics) -> None:
    state = Health()
    app = make_operating_app(state)
    page.add(app, MetricsPage(metrics.exposition))
    client = TestClient(app, client=("127.0.0.1", 1))
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz/").status_code == 200
    state.draining = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/v1/public/wallet/check-balance").json()["code"] == 404
    assert client.get("/docs").status_code == 404
