"""A route's rate over several worker processes on PostgreSQL; the sandbox's outbox judges."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from octavo.cli.setup import first_start
from octavo.db import postgresql
from octavo.drivers.sandbox.outbox import OutboxRecord, outbox_path, read_outbox
from octavo.settings import Settings
from tests.common import postgres
from tests.common.dispatch import worst_burst
from tests.common.process import KEY, LOGIN, ServerProcess

pytestmark = pytest.mark.slow

RATE = 50
WORKERS = 3
BACKLOG = 400
ALERTS = 10
LATE = 0.25
NOISE = 0.1
"""Seconds by which the machine may hold a process between its look at the clock and its line."""


class Site:
    """An API and workers on a route with a rate and a link for each."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self.url = url
        env = {"OCTAVO_DATABASE_URL": url, "OCTAVO_SANDBOX_REPORTS": "false"}
        self.data_dir = folder / "data"
        self.api = ServerProcess(self.data_dir, env, command="api", log=folder / "api.log")
        self.workers = [
            ServerProcess(self.data_dir, env, command="worker", log=folder / f"worker{n}.log")
            for n in range(WORKERS)
        ]
        for process in (self.api, *self.workers):
            stack.callback(process.close)

    def start(self) -> None:
        """Until each worker holds a link."""
        for worker in self.workers:
            worker.launch()
        self.api.start()
        held = "SELECT count(DISTINCT worker) FROM link WHERE bound_at IS NOT NULL"
        self.api.wait(lambda: self.number(held) == WORKERS, "links are not shared")

    def number(self, sql: str) -> int:
        with closing(postgresql.connect(self.url)) as raw:
            row = raw.execute(sql.encode()).fetchone()
        assert row is not None
        return int(row[0] or 0)

    def send(self, purpose: str, people: int) -> int:
        """Sends an order; the database's time when it was taken."""
        body = {
            "text": "Bonjour, STOP au 30101",
            "purpose": purpose,
            "recipients": [{"phone_number": f"+336{n:08d}"} for n in range(people)],
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=30)
        headers = {"api-login": LOGIN, "api-key": KEY, "Content-Type": "application/json"}
        connection.request(
            "POST", "/v1/public/sms-campaign/send", json.dumps(body).encode(), headers
        )
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        connection.close()
        return self.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")

    def left(self) -> int:
        """Messages that have left."""
        path = outbox_path(self.data_dir)
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def outbox(self) -> list[OutboxRecord]:
        return sorted(read_outbox(self.data_dir), key=lambda record: record.at)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.cluster().database())
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=url,
            first_login=LOGIN,
            first_key=SecretStr(KEY),
        )
        first_start(settings)
        with closing(postgresql.connect(url)) as raw:
            raw.execute("UPDATE route SET links = %s, rate = %s", (WORKERS, RATE))
        yield Site(tmp_path, url, stack)


def test_three_workers_hold_the_rate_and_alerts_overtake(site: Site) -> None:
    site.start()
    site.send("wholesale", BACKLOG)
    site.api.wait(lambda: site.left() >= BACKLOG // 3, "nothing leaves")
    taken = [site.send("alert", 1) for _ in range(ALERTS)]
    site.api.wait(lambda: site.left() == BACKLOG + ALERTS, "not all leaves")
    sent = site.outbox()

    assert len({(record.campaign, record.seq) for record in sent}) == BACKLOG + ALERTS
    assert len(Counter(record.link for record in sent)) == WORKERS
    assert worst_burst(sent, RATE) <= LATE + NOISE
    marketing = site.number("SELECT min(id) FROM campaign")
    alerts = [record for record in sent if record.campaign != marketing]
    for ordered, alert in zip(taken, alerts, strict=True):
        between = [r for r in sent if r.campaign == marketing and ordered < r.at < alert.at]
        assert len(between) <= RATE, "an alert waited for more than a second of marketing"
