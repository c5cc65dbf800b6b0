"""Clients that send orders as customers do, through crashes, and note what they were told."""

import http.client
import itertools
import json
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from tests.common.process import KEY, LOGIN, PATIENCE

SIZES = (1,) * 14 + (50,) * 4 + (500,) * 2
_TICKET = re.compile(r"sms_[0-9a-f]{13}[0-9]{9}")


class Order(NamedTuple):
    """An order and what must come of it. `mark` is in its text and nowhere else."""

    mark: str
    body: Mapping[str, object]
    repeat: bool
    texts: Mapping[str, str]
    """What each recipient must get."""

    @property
    def request_id(self) -> str | None:
        return str(self.body["request_id"]) if "request_id" in self.body else None


def make_order(
    mark: str,
    rng: random.Random,
    *,
    size: int | None = None,
    repeat: bool | None = None,
    guarded: bool | None = None,
    **more: object,
) -> Order:
    """An order of any kind: alert or marketing, plain or personalised, one part or two.

    `repeat` and `guarded` (whether it has a request_id) are drawn when not given.
    """
    alert = rng.random() < 0.5
    size = rng.choice(SIZES) if size is None else size
    text = f"Order {mark}, STOP au 30101"
    if rng.random() < 0.2:
        text += " and so on" * 14
    personal = rng.random() < 0.3
    if personal:
        text = "{first_name}: " + text
    # The last four digits stay below 9900, where the magic numbers begin.
    area = rng.randrange(10_000)
    numbers = [f"+336{area:04d}{i:04d}" for i in range(size)]
    body: dict[str, object] = {
        "text": text,
        "purpose": "alert" if alert else "wholesale",
        "recipients": [{"phone_number": n, "first_name": f"N{n[-4:]}"} for n in numbers],
        **more,
    }
    if repeat is not None or rng.random() < 0.7:
        alert = rng.random() < 0.5 if repeat is None else repeat
        body["in_doubt"] = "repeat" if alert else "never_repeat"
    if rng.random() < 0.9 if guarded is None else guarded:
        body["request_id"] = mark
    texts = {n: text.replace("{first_name}", f"N{n[-4:]}") for n in numbers}
    return Order(mark, body, alert, texts)


class Answer(NamedTuple):
    """What the server said to an order; status 0 when the connection broke."""

    status: int
    body: dict[str, object]


class Notes:
    """What all clients know. An order that is in none of the first two may be there or not."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.taken: dict[str, str] = {}
        """The ticket of each 201, by mark."""
        self.guarded: dict[str, str] = {}
        """The ticket that code 120 named, by mark."""
        self.unavailable = 0
        self.problems: list[str] = []


class Customer:
    """One connection of a customer, opened again whenever it breaks."""

    def __init__(self, port: int, notes: Notes) -> None:
        self._notes = notes
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, order: Order) -> Answer:
        """One attempt."""
        headers = {"api-login": LOGIN, "api-key": KEY, "Content-Type": "application/json"}
        try:
            self._connection.request(
                "POST", "/v1/public/sms-campaign/send", json.dumps(order.body), headers
            )
            response = self._connection.getresponse()
            body = json.loads(response.read())
            # 504 tells as much as a broken connection: it may have been taken.
            return Answer(0, {}) if response.status == 504 else Answer(response.status, body)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0, {})

    def send(
        self, order: Order, give_up: threading.Event | None = None, *, broken: bool = False
    ) -> Answer:
        """Tries until there is an answer, as a careful client does: only with a request_id is it
        safe to try again after a broken connection. `broken`: one has broken already.
        """
        self._notes.orders[order.mark] = order
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.post(order)
            broken |= answer.status == 0
            if answer.status == 503:
                self._notes.unavailable += 1
            elif answer.status or order.request_id is None:
                self._note(order, answer, broken=broken)
                return answer
            if (give_up is not None and give_up.is_set()) or time.monotonic() > deadline:
                return answer
            time.sleep(0.05)

    def close(self) -> None:
        self._connection.close()

    def _note(self, order: Order, answer: Answer, *, broken: bool) -> None:
        status, body = answer
        if status == 201 and body["number_of_contacts"] == len(order.texts):
            self._notes.taken[order.mark] = str(body["sms_ticket"])
        elif status == 400 and body.get("code") == 120 and broken:
            found = _TICKET.search(str(body["message"]))
            self._notes.guarded[order.mark] = found[0] if found else ""
        elif status:
            self._notes.problems.append(f"order {order.mark} got {status}: {body}")


class Clients:
    """Threads of customers that send until told otherwise; `seed` decides what."""

    def __init__(self, port: int, seed: int, size: int, pause: float = 0.03) -> None:
        self.notes = Notes()
        self._port = port
        self._pause = pause
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(f"{seed}-{no}",), daemon=True)
            for no in range(size)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Lets each finish what it has begun, as far as the server answers."""
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE + 30)
            assert not thread.is_alive()

    def _run(self, name: str) -> None:
        rng = random.Random(name)
        customer = Customer(self._port, self.notes)
        for n in itertools.count():
            if self._ending.is_set():
                customer.close()
                return
            customer.send(make_order(f"{name}-{n}", rng), self._ending)
            time.sleep(rng.random() * self._pause)


@contextmanager
def sending(port: int, seed: int, size: int, pause: float = 0.03) -> Iterator[Notes]:
    """Clients at work; at the end all have stopped."""
    clients = Clients(port, seed, size, pause)
    clients.start()
    try:
        yield clients.notes
    finally:
        clients.stop()
