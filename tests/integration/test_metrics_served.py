"""`/metrics` of servers at work: what went through is what is counted, in every kind of process."""

from pathlib import Path

import pytest

from octavo.cli.setup import first_start
from tests.common import postgres
from tests.common.process import ServerProcess
from tests.common.server import serving, settings


def counted(text: str, metric: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    found = [
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith((metric + "{", metric + " "))
        and all(f'{name}="{value}"' in line for name, value in labels.items())
    ]
    assert found, f"{metric} {labels} is not there"
    return sum(found)


def test_what_went_through_a_server_is_what_it_counted(tmp_path: Path) -> None:
    with serving(settings(tmp_path)) as server:
        customer = server.customer()
        people = [{"phone_number": f"+3363998{end}"} for end in ("0001", "0002", "9902")]
        sent = customer.send(recipients=people)
        customer.send(text="")
        server.settled(sent.json()["sms_ticket"])
        answer = server.client.get("/metrics")
        away = server.client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert answer.status_code == 200
    assert away.status_code == 403
    told = answer.text
    assert counted(told, "octavo_orders_accepted_total", channel="sms") == 1
    assert counted(told, "octavo_order_messages_total", product="sms_premium") == 3
    assert counted(told, "octavo_refusals_total", code="107") == 1
    assert counted(told, "octavo_http_requests_total", status="201") == 1
    assert counted(told, "octavo_messages_sent_total", route="sandbox") == 3
    states = [
        counted(told, "octavo_messages_total", state=state) for state in ("delivered", "failed")
    ]
    assert sum(states) == 3
    assert counted(told, "octavo_link_up", route="sandbox") == 1
    assert counted(told, "octavo_grant_wait_seconds_count") >= 1
    assert counted(told, "octavo_store_write_seconds_count", rank="settle") >= 1
    assert counted(told, "octavo_backlog_read_timestamp_seconds") > 0
    assert counted(told, "process_resident_memory_bytes") > 0


@pytest.mark.slow
def test_a_worker_of_its_own_answers_too(tmp_path: Path) -> None:
    with postgres.cluster().database() as url:
        data_dir = tmp_path / "data"
        first_start(settings(data_dir, database_url=url))
        worker = ServerProcess(data_dir, {"OCTAVO_DATABASE_URL": url}, command="worker")
        worker.env["OCTAVO_METRICS_LISTEN"] = f"127.0.0.1:{worker.port}"
        try:
            worker.start()
            worker.wait(
                lambda: 'octavo_link_up{link="0",route="sandbox"} 1.0' in worker.get("/metrics")[1],
                "its link is not up",
            )
            assert worker.get("/healthz")[0] == 200
            assert worker.get("/v1/public/wallet/check-balance")[0] == 404
            taken = ServerProcess(data_dir, worker.env, command="worker")
            taken.launch()
            assert taken.wait_exit() == 1
            assert worker.sigterm() == 0
        finally:
            worker.close()
