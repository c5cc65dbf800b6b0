"""kill -9 of a server in the middle of its callbacks: nothing is lost, what comes twice says so."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.common.process import KEY, LOGIN, ServerProcess
from tests.common.receiver import Callback, Receiver, receiving

PEOPLE = 400
NUMBERS = [f"+33600001{n:03d}" for n in range(PEOPLE)]
AT_WORST = 100 + 64
"""Calls that one crash may repeat: the answers of a save, and all that is in flight."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(
        tmp_path / "data",
        {"OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0", "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0.1"},
    )
    process.start()
    try:
        yield process
    finally:
        process.close()


def request(server: ServerProcess, method: str, path: str, body: object) -> None:
    answer = httpx2.request(
        method,
        f"http://127.0.0.1:{server.port}/v1/public{path}",
        headers={"api-login": LOGIN, "api-key": KEY},
        json=body,
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text


def send_with_callbacks(server: ServerProcess, receiver: Receiver) -> None:
    callbacks = {"callback_url_for_deliveries": receiver.url}
    request(server, "PATCH", "/user/campaign-parameters/edit", {"callbacks": callbacks})
    order = {
        "recipients": [{"phone_number": number} for number in NUMBERS],
        "text": "Hello",
        "purpose": "alert",
    }
    request(server, "POST", "/sms-campaign/send", order)


def slowly(_: Callback) -> int:
    time.sleep(0.02)
    return 200


def judge(came: list[Callback], *, crashes: int) -> None:
    """Each callback came, and what came twice came under the same id with the same body."""
    told = {c.id: c.body for c in came}
    assert sorted(body["number"] for body in told.values()) == NUMBERS
    assert all(told[c.id] == c.body for c in came)
    assert len(came) - len(told) <= crashes * AT_WORST


@pytest.mark.slow
def test_killed_between_answers_and_save_it_tells_the_rest_after_the_next_start(
    server: ServerProcess, receiver: Receiver
) -> None:
    receiver.answers = slowly
    send_with_callbacks(server, receiver)
    for n in (20, 150, 270):
        receiver.wait(n)
        server.kill9()
        server.start()
    server.wait(lambda: len({c.id for c in receiver.came}) == PEOPLE, "callbacks are missing")
    judge(receiver.came, crashes=3)


@pytest.mark.slow
def test_a_stop_in_good_order_repeats_nothing(server: ServerProcess, receiver: Receiver) -> None:
    receiver.answers = slowly
    send_with_callbacks(server, receiver)
    receiver.wait(50)
    assert server.sigterm() == 0
    stopped_at = len(receiver.came)
    assert stopped_at < PEOPLE, "it was too quick for this test to say anything"
    server.start()
    server.wait(lambda: len({c.id for c in receiver.came}) == PEOPLE, "callbacks are missing")
    judge(receiver.came, crashes=0)
