"""Orders over SMPP, from the API to the carrier and back, with the ledger between."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Self

from octavo.db.connection import Connection
from octavo.routes import service
from octavo.routes.schemas import NewRoute, Setting
from tests.common.server import Server, serving, settings, wait_until
from tests.common.smsc import Smsc

WINDOW = 50


class Site:
    """A carrier on a socket, on a loop of its own."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        listening = self.loop.create_server(self.smsc.line, "127.0.0.1", 0)
        server = self.loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self.loop.run_forever()
        server.close()
        for line in self.smsc.lines:
            if line.open:
                line.transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0))


@contextmanager
def server_with(smsc: Smsc, directory: Path) -> Iterator[Server]:
    """A server whose only working route leads to this carrier."""
    password = directory / "password"
    password.write_text("secret")
    with Site(smsc) as site:
        plain: dict[str, Setting] = {
            "host": "127.0.0.1",
            "port": site.port,
            "system_id": "octavo",
            "password_file": str(password),
            "response_timeout": 2.0,
        }

        def prepare(c: Connection) -> None:
            service.add(c, NewRoute("carrier", "smpp", plain, "sms", window=WINDOW))
            service.pause(c, "sandbox")

        with serving(settings(directory / "data"), prepare) as server:
            yield server


def send(server: Server, count: int, **body: object) -> str:
    """The ticket of a campaign to so many usual numbers."""
    recipients = [{"phone_number": f"+336000{n:05d}"} for n in range(count)]
    answer = server.customer().send(recipients=recipients, **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sms_ticket"])


def counts(server: Server, ticket: str) -> dict[str, int]:
    ((delivered, failed, unknown, left),) = server.rows(
        "SELECT delivered, failed, unknown, pending + accepted FROM campaign_count"
        " JOIN campaign ON id = campaign_id WHERE ticket = ?",
        ticket,
    )
    return {"delivered": delivered, "failed": failed, "unknown": unknown, "left": left}


def submitted(smsc: Smsc) -> Counter[bytes]:
    return Counter(pdu.octets("destination_addr") for pdu in smsc.submits)


def test_a_campaign_is_sent_and_delivered(tmp_path: Path) -> None:
    smsc = Smsc(latency=0.001)
    with server_with(smsc, tmp_path) as server:
        ticket = send(server, 500)
        server.settled(ticket)
        assert counts(server, ticket)["delivered"] == 500
        assert set(submitted(smsc).values()) == {1}
        assert server.breaches() == []
    assert [line.open for line in smsc.lines] == [False]


def test_a_long_text_is_delivered_when_all_its_parts_are(tmp_path: Path) -> None:
    smsc = Smsc()
    with server_with(smsc, tmp_path) as server:
        ticket = send(server, 3, text="Привет 👍 " * 20)
        server.settled(ticket)
        assert counts(server, ticket)["delivered"] == 3
        assert set(submitted(smsc).values()) == {3}


def test_a_carrier_that_hangs_up_in_the_middle_gets_nothing_twice(tmp_path: Path) -> None:
    smsc = Smsc(hang_up_after=120)
    with server_with(smsc, tmp_path) as server:
        ticket = send(server, 400, purpose="wholesale", text="Sales today. STOP 30101")
        wait_until(lambda: counts(server, ticket)["left"] == 0)
        found = counts(server, ticket)
        assert found["failed"] == 0
        assert 1 <= found["unknown"] <= WINDOW
        assert found["delivered"] + found["unknown"] == 400
        assert set(submitted(smsc).values()) == {1}
        assert len(smsc.submits) >= found["delivered"] + 1
        assert server.breaches() == []
    assert len(smsc.lines) == 2


def test_a_carrier_that_throttles_gets_everything_in_time(tmp_path: Path) -> None:
    started, taken = monotonic(), Counter[int]()
    refused = 0

    def refuses(_: object) -> int | None:
        nonlocal refused
        second = int(monotonic() - started)
        taken[second] += 1
        if taken[second] <= 40:
            return None
        refused += 1
        return 0x58

    smsc = Smsc(refuses=refuses)
    with server_with(smsc, tmp_path) as server:
        ticket = send(server, 150)
        server.settled(ticket)
        assert counts(server, ticket)["delivered"] == 150
        ((attempts,),) = server.rows("SELECT max(attempts) FROM message")
        assert attempts <= 1
        assert server.breaches() == []
    assert refused > 0
    assert len(smsc.submits) == 150 + refused


def test_a_carrier_that_refuses_the_bind_for_a_while(tmp_path: Path) -> None:
    smsc = Smsc(bind_status=0x0D)
    with server_with(smsc, tmp_path) as server:
        ticket = send(server, 5)
        wait_until(lambda: len(smsc.lines) >= 2)
        assert counts(server, ticket)["left"] == 5
        smsc.bind_status = 0
        server.settled(ticket)
        assert counts(server, ticket)["delivered"] == 5
