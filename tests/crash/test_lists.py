"""The process dies while a campaign on a list is made, computed, confirmed, started or canceled.

Whatever the moment: after the next start it goes on where it was, adds up, and everybody gets it
once.
"""

import http.client
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import pytest

from octavo.db.codes import CampaignState
from octavo.drivers.sandbox.outbox import read_outbox
from tests.common.process import KEY, LOGIN, PATIENCE, ServerProcess
from tests.crash.judge import breaches, connection_of, opened

pytestmark = pytest.mark.slow

PEOPLE = 6_000
AROUND = ["before", "during", "after"]
LIST = "/v1/public/sms-campaign-on-list"


class Client:
    """A customer who tries again whatever got no answer, and starts the server again."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.deaths = 0
        with closing(sqlite3.connect(server.database)) as raw, raw:
            raw.execute("INSERT INTO list (account_id, name, created_at) VALUES (1, 'crowd', 0)")
            raw.executemany(
                "INSERT INTO contact (account_id, phone_number, country, created_at, updated_at)"
                " VALUES (1, ?, 'FR', 0, 0)",
                [(f"+33612{n:06d}",) for n in range(PEOPLE)],
            )
            raw.execute(
                "INSERT INTO list_member SELECT l.id, c.id FROM list l, contact c"
                " WHERE l.name = 'crowd' AND c.phone_number LIKE '+33612%'"
            )

    def once(self, method: str, path: str, **body: object) -> tuple[int, dict[str, object]]:
        """One attempt; status 0 when the connection broke."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        headers = {"api-login": LOGIN, "api-key": KEY, "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def call(self, method: str, path: str, **body: object) -> tuple[int, dict[str, object]]:
        """Until there is an answer; the server is started again when it is dead."""
        deadline = time.monotonic() + PATIENCE
        while True:
            status, said = self.once(method, path, **body)
            if status not in (0, 503):
                return status, said
            assert time.monotonic() < deadline
            if not self.server.running():
                self.server.wait_killed()
                self.deaths += 1
                self.server.start()
            time.sleep(0.02)

    def create(self) -> str:
        """The ticket of a campaign that is made once, however often it was asked for."""
        status, said = self.call(
            "POST", f"{LIST}/create", list_name="crowd", text="Promo STOP at 30101", request_id="x"
        )
        if status == 201:
            return str(said["ticket_number"])
        assert (status, said["code"]) == (400, 120)
        return str(said["message"]).rsplit(" ", 1)[-1].strip(".")

    def status(self, ticket: str) -> dict[str, object]:
        return self.call("GET", f"{LIST}/status?ticket_number={ticket}")[1]

    def look(self, ticket: str) -> dict[str, object]:
        return self.call("GET", f"/v1/octavo/campaigns/{ticket}")[1]

    def ready(self, ticket: str) -> None:
        self.wait(lambda: self.status(ticket)["status"] == "ready_to_be_sent")
        assert self.status(ticket)["number_of_contacts"] == PEOPLE

    def confirm(self, ticket: str) -> None:
        """It was confirmed by this or by the call that got no answer."""
        status, said = self.call("POST", f"{LIST}/send", ticket_number=ticket)
        assert status == 200 or (self.deaths and said["code"] == 132), said

    def cancel(self, ticket: str) -> None:
        status, said = self.call("DELETE", f"{LIST}/cancel", ticket_number=ticket)
        assert status == 204 or (self.deaths and said["code"] == 132), said

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.server.told("it does not go on")
            time.sleep(0.05)

    def ends(self, ticket: str, state: CampaignState) -> Counter[str]:
        """It reaches its end and all adds up; how often the carrier took it for each number."""
        self.wait(lambda: self.look(ticket)["state"] == state.name.lower())
        assert self.deaths == 1
        if not self.server.running():
            self.server.start()
        assert self.server.sigterm() == 0
        with closing(opened(self.server.data_dir)) as raw:
            assert list(breaches(connection_of(raw))) == []
        return Counter(line.to for line in read_outbox(self.server.data_dir) if line.ids)


@pytest.fixture
def client(crash_server: ServerProcess) -> Client:
    crash_server.env["OCTAVO_SANDBOX_ANSWER_LATENCY"] = "0"
    crash_server.env["OCTAVO_SANDBOX_REPORTS"] = "false"
    return Client(crash_server)


@pytest.mark.parametrize("when", AROUND)
@pytest.mark.parametrize(
    "moment", ["create:1", "expand:1", "expand:3", "confirm:1", "start:1", "start:3"]
)
def test_it_goes_on_and_everybody_gets_it_once(client: Client, moment: str, when: str) -> None:
    what, n = moment.split(":")
    client.server.start(CRASH_AT=f"{what}:{when}:{n}")

    ticket = client.create()
    client.ready(ticket)
    client.confirm(ticket)
    sent = client.ends(ticket, CampaignState.FINISHED)

    # What was under an intent when it died is in doubt, and stays so: it is marketing.
    assert set(sent.values()) == {1}
    assert PEOPLE - len(sent) <= 1_500
    if what != "start":
        assert len(sent) == PEOPLE


@pytest.mark.parametrize("when", AROUND)
@pytest.mark.parametrize("n", [1, 2])
def test_a_canceled_draft_is_thrown_away_all_the_same(client: Client, when: str, n: int) -> None:
    client.server.start(CRASH_AT=f"discard:{when}:{n}")

    ticket = client.create()
    client.ready(ticket)
    client.cancel(ticket)

    assert not client.ends(ticket, CampaignState.CANCELED)


@pytest.mark.parametrize("when", AROUND)
def test_a_campaign_that_is_canceled_while_it_starts_ends(client: Client, when: str) -> None:
    client.server.start(CRASH_AT=f"cancel_step:{when}:1")

    ticket = client.create()
    client.ready(ticket)
    client.confirm(ticket)
    client.cancel(ticket)

    assert set(client.ends(ticket, CampaignState.CANCELED).values()) <= {1}
