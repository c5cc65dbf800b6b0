"""A campaign on a large list, from its creation to its last receipt, while small orders are sent.

The yardstick of the computation is one INSERT ... SELECT of the same messages on the same database.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from _common import (
    PATIENCE,
    DoesNotAddUpError,
    Figure,
    Server,
    Usage,
    Yardstick,
    environment,
    options,
    report,
    server,
    usage,
)
from _site import ACCOUNT, KEY, LOGIN, Site, fresh, prepared
from sqlalchemy import text

from octavo.contacts import service as contacts
from octavo.contacts.schemas import Filing, NewContact
from octavo.db.connection import Connection
from octavo.db.database import Database
from octavo.db.statement import Command
from octavo.kit.clock import Instant, system_clock

LIST = "the_list"
TEXT = "Your order is ready, come and see us. STOP at 30101"
AT_ONCE = 2_000
LONGEST = 3_600.0
CARRIER = {
    "OCTAVO_SANDBOX_ANSWER_LATENCY": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MIN": "0",
    "OCTAVO_SANDBOX_RECEIPT_DELAY_MAX": "0",
}
_SAME_ROWS = Command(
    text(
        "CREATE TABLE yardstick AS SELECT 1 AS campaign_id,"
        " row_number() OVER (ORDER BY c.id) AS seq, c.phone_number, c.country, c.id AS contact_id,"
        " 1 AS parts, 4500000 AS price, 0 AS state, '' AS reason, 0 AS at"
        " FROM list_member m JOIN contact c ON c.id = m.contact_id"
        " LEFT JOIN suppression s ON s.account_id = c.account_id AND s.address = c.phone_number"
        " WHERE s.scope IS NULL"
    )
)
_FORGET = Command(text("DROP TABLE yardstick"))


class Step(NamedTuple):
    """How long a step took, and what the server used until its end."""

    name: str
    seconds: float
    used: Usage


def main() -> None:
    """Measures each step."""
    asked = options(__doc__ or "", contacts="how many (default: a million; 30000 with --quick)")
    n = int(asked.more["contacts"] or (30_000 if asked.quick else 1_000_000))
    with prepared(asked.database, asked.folder) as empty, fresh(empty) as site:
        figures = measure(site, n)
    report(figures, as_json=asked.json)


def measure(site: Site, n: int) -> list[Figure]:
    """Fills a database and takes one campaign through it."""
    fill(site.database, n)
    stick = Yardstick("one INSERT ... SELECT of the same rows", n / same_rows(site.database))
    with server(site, **CARRIER) as running:
        idle = Small(running.port)
        idle.run_for(2.0)
        small = Small(running.port)
        small.start()
        before = usage(running.pid).cpu
        steps = campaign(running, n)
        small.stop()
        last = f"/v1/octavo/campaigns/{small.last}"
        wait(lambda: ask(running.port, "GET", last)["state"] == "finished")
    begun = time.monotonic()
    prove(site)
    steps.append(Step("verify", time.monotonic() - begun, steps[-1].used))
    sent_once(site, n + idle.sent + small.sent)
    print(
        f"small sends: p99 {small.p99() * 1e3:.0f} ms meanwhile (n {small.sent:,}), "
        f"{idle.p99() * 1e3:.0f} ms on the idle server (n {idle.sent:,})",
        file=sys.stderr,
    )
    return figures(steps, n, stick, engine=site.engine, before=before)


def figures(
    steps: Sequence[Step], n: int, stick: Yardstick, *, engine: str, before: float
) -> list[Figure]:
    """A figure for each step; CPU is what the server used in it, `before` what it had used."""
    found: list[Figure] = []
    for step in steps:
        found.append(
            Figure(
                f"campaign: {step.name}",
                engine,
                n,
                max(step.seconds, 1e-6),
                "contacts/s",
                stick,
                step.used.cpu - before,
                step.used.peak_mib,
            )
        )
        before = step.used.cpu
    return found


# -- the list ----------------------------------------------------------------------------------


def fill(database: Database, n: int) -> None:
    """Fictitious contacts on a list, without the sandbox's magic numbers."""
    now = system_clock()
    found: list[NewContact] = []
    number = 10_000_000
    for _ in range(n):
        while 9900 <= number % 10_000 < 9950:
            number += 1
        found.append(NewContact(f"+336{number:08d}", country="FR"))
        number += 1
        if len(found) == AT_ONCE:
            database.write(filed(found, now))
            found = []
    database.write(filed(found, now))


def filed(people: Sequence[NewContact], now: Instant) -> Callable[[Connection], None]:
    """Puts people on the list."""

    def unit(connection: Connection) -> None:
        contacts.file(connection, ACCOUNT, Filing(people, lists=[LIST]), now)

    return unit


def same_rows(database: Database) -> float:
    """Seconds of the yardstick."""
    begun = time.monotonic()
    database.write(lambda c: c.run(_SAME_ROWS))
    taken = time.monotonic() - begun
    database.write(lambda c: c.run(_FORGET))
    return taken


# -- the campaign ------------------------------------------------------------------------------


def campaign(running: Server, n: int) -> list[Step]:
    """Creates, confirms and watches a campaign."""
    steps: list[Step] = []
    begun = time.monotonic()

    def done(name: str) -> None:
        nonlocal begun
        now = time.monotonic()
        steps.append(Step(name, now - begun, usage(running.pid)))
        begun = now

    on_list = "/v1/public/sms-campaign-on-list"
    body = {"list_name": LIST, "text": TEXT, "sender": "Company X"}
    ticket = ask(running.port, "POST", f"{on_list}/create", 201, **body)["ticket_number"]
    done("created")
    status = f"{on_list}/status?ticket_number={ticket}"
    wait(lambda: ask(running.port, "GET", status)["status"] == "ready_to_be_sent")
    done("computed")
    ask(running.port, "POST", f"{on_list}/send", ticket_number=ticket)
    done("confirmed")
    look = f"/v1/octavo/campaigns/{ticket}"
    wait(lambda: ask(running.port, "GET", look)["state"] == "finished")
    done("sent")
    wait(lambda: counts(running.port, look)["delivered"] == n)
    done("receipts in")
    return steps


def counts(port: int, look: str) -> dict[str, int]:
    """The terms of the closing equation."""
    found = ask(port, "GET", look)["counts"]
    assert isinstance(found, dict)  # noqa: S101 - as documented
    return found


def ask(
    port: int, method: str, path: str, expected: int = 200, **body: object
) -> dict[str, object]:
    """One request. Raises DoesNotAddUpError for an answer that is not as expected."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"api-login": LOGIN, "api-key": KEY, "content-type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        said: dict[str, object] = json.loads(response.read())
    finally:
        connection.close()
    if response.status != expected:
        raise DoesNotAddUpError(f"{path}: {response.status} {said}")
    return said


def wait(condition: Callable[[], bool]) -> None:
    """Looks five times a second. Raises DoesNotAddUpError."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise DoesNotAddUpError("it takes for ever")
        time.sleep(0.2)


class Small(threading.Thread):
    """Alerts to one person, one after the other with a short pause, and how long each took."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ending = threading.Event()
        self.took: list[float] = []
        self.last = ""

    @property
    def sent(self) -> int:
        """How many were taken."""
        return len(self.took)

    def run(self) -> None:
        """Until `stop`."""
        while not self._ending.wait(0.02):
            begun = time.monotonic()
            order = {
                "text": "Your code is 1234",
                "purpose": "alert",
                "recipients": [{"phone_number": "+33799999999"}],
            }
            taken = ask(self._port, "POST", "/v1/public/sms-campaign/send", 201, **order)
            self.last = str(taken["sms_ticket"])
            self.took.append(time.monotonic() - begun)

    def run_for(self, seconds: float) -> None:
        """Starts, and stops after a while."""
        self.start()
        time.sleep(seconds)
        self.stop()

    def stop(self) -> None:
        """Ends after the order under way."""
        self._ending.set()
        self.join()

    def p99(self) -> float:
        """Seconds that one in a hundred took longer than."""
        return sorted(self.took)[int(len(self.took) * 0.99)] if self.took else 0.0


# -- the proof ---------------------------------------------------------------------------------


def prove(site: Site) -> None:
    """`octavo verify`. Raises DoesNotAddUpError."""
    done = subprocess.run(
        [sys.executable, "-m", "octavo", "verify"],
        env=environment(site),
        cwd=site.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DoesNotAddUpError(done.stdout + done.stderr)


def sent_once(site: Site, messages: int) -> None:
    """The outbox, the judge of what went out, has a line for each message.

    Raises DoesNotAddUpError.
    """
    with (site.home / "sandbox" / "outbox.jsonl").open("rb") as outbox:
        lines = sum(1 for _ in outbox)
    if lines != messages:
        raise DoesNotAddUpError(f"outbox: expected {messages} lines, found {lines}")


if __name__ == "__main__":
    main()
