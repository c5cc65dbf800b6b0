"""Callbacks to a real web server: what comes, what is tried again, who is left alone."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from octavo.callbacks import client, pace, service
from octavo.callbacks.schemas import Overview
from octavo.db.codes import EventKind
from octavo.db.unit_of_work import run_once
from octavo.kit.clock import SECOND
from octavo.settings import Listen
from tests.common import database
from tests.common.receiver import Callback, Receiver, receiving
from tests.common.server import Customer, Server, serving, settings, wait_until

QUIET = 2.5
"""Seconds in which a callback would have come: events are numbered every second."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are tried again at once."""
    monkeypatch.setattr(pace, "FIRST_WAIT", SECOND // 10)
    monkeypatch.setattr(client, "TIMEOUT", 1.0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(settings(tmp_path)) as made:
        yield made


def listen(customer: Customer, **urls: str | None) -> None:
    """The account sets `callback_url_for_...`."""
    named = {f"callback_url_for_{name}": url for name, url in urls.items()}
    answer = customer.patch("/user/campaign-parameters/edit", json={"callbacks": named})
    assert answer.status_code == 200


def send(customer: Customer, *numbers: str, **body: str) -> str:
    recipients = [{"phone_number": number} for number in numbers]
    answer = customer.send(recipients=recipients, **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sms_ticket"])


def overview(server: Server) -> list[Overview]:
    return run_once(server.database, service.overview)


def statuses(came: list[Callback]) -> dict[str, str]:
    return {c.body["number"]: c.body["status"] for c in came}


def answering(*statuses: int) -> Callable[[Callback], int]:
    """Answers with these statuses, then with 200."""
    left = list(statuses)
    return lambda _: left.pop(0) if left else 200


def test_deliveries_failures_replies_and_opt_outs_may_share_an_address(
    server: Server, receiver: Receiver
) -> None:
    customer = server.customer()
    url = f"{receiver.url}/hook?shop=7&sig=a%2Fb+c"
    listen(customer, deliveries=url, blacklisted_numbers=url, inbounds=url)
    numbers = ("+33600000001", "+33600009910", "+33600009911", "+33600009912", "+33600009920")
    ticket = send(customer, *numbers, "+33600009940", "+33600009942")
    came = receiver.wait(9)
    assert {c.path for c in came} == {"/hook?shop=7&sig=a%2Fb+c"}
    assert {c.headers["content-type"] for c in came} == {"application/json"}
    assert {c.body["message_id"] for c in came} == {ticket}
    assert len({c.id for c in came}) == 9
    assert statuses([c for c in came if "delivery_date" in c.body]) == {
        "+33600000001": "DELIVERED",
        "+33600009910": "NOT_DELIVERED",
        "+33600009911": "BAD_DESTINATION",
        "+33600009912": "NOT_ALLOWED",
        "+33600009920": "BAD_DESTINATION",
        "+33600009940": "DELIVERED",
        "+33600009942": "DELIVERED",
    }
    (stop,) = [c.body for c in came if "stop_date" in c.body]
    assert (stop["number"], stop["text"]) == ("+33600009940", "STOP")
    (reply,) = [c.body for c in came if "reception_date" in c.body]
    assert (reply["number"], reply["text"]) == ("+33600009942", "Merci, à demain ! 👍")
    assert reply["sim_card_number"]
    wait_until(lambda: all(not o.backlog and not o.failures for o in overview(server)))


def test_who_opted_out_before_is_told_of(server: Server, receiver: Receiver) -> None:
    customer = server.customer()
    listen(customer, sms_deliveries=receiver.url)
    customer.opt_out("+33600000002")
    text = "Soldes. STOP au 36111"
    send(customer, "+33600000001", "+33600000002", purpose="wholesale", text=text)
    assert statuses(receiver.wait(2)) == {
        "+33600000001": "DELIVERED",
        "+33600000002": "BLACKLISTED_NUMBER",
    }


def test_dates_are_in_the_time_zone_of_the_account(server: Server, receiver: Receiver) -> None:
    customer = server.customer()
    with database.connection(server.database) as c:
        c.raw.execute("UPDATE account SET time_zone = 'Pacific/Honolulu'")
    listen(customer, deliveries=receiver.url)
    send(customer, "+33600000001")
    told = datetime.fromisoformat(receiver.wait()[0].body["delivery_date"])
    there = datetime.now(ZoneInfo("Pacific/Honolulu")).replace(tzinfo=None)
    assert abs(there - told) < timedelta(minutes=10)


def test_a_new_or_changed_address_hears_nothing_of_the_past(
    server: Server, receiver: Receiver
) -> None:
    customer = server.customer()
    server.settled(send(customer, "+33600000001"))
    wait_until(lambda: server.rows("SELECT 1 FROM event WHERE pos IS NULL") == [])
    listen(customer, deliveries=f"{receiver.url}/old")
    second = send(customer, "+33600000001")
    assert [c.body["message_id"] for c in receiver.wait(1, "/old")] == [second]
    listen(customer, deliveries=f"{receiver.url}/new")
    third = send(customer, "+33600000001")
    assert [c.body["message_id"] for c in receiver.wait(1, "/new")] == [third]
    assert len(receiver.came) == 2


def test_setting_the_same_address_again_loses_nothing(server: Server, receiver: Receiver) -> None:
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    tickets = []
    for _ in range(3):
        tickets.append(send(customer, "+33600000001"))
        listen(customer, deliveries=receiver.url)
    assert sorted(c.body["message_id"] for c in receiver.wait(3)) == sorted(tickets)


@pytest.mark.parametrize("status", [500, 503, 404, 302, 0])
def test_what_is_not_taken_is_told_again_under_the_same_id(
    server: Server, receiver: Receiver, status: int
) -> None:
    receiver.answers = answering(status, status)
    receiver.headers = {"location": f"{receiver.url}/elsewhere"} if status == 302 else {}
    customer = server.customer()
    listen(customer, deliveries=f"{receiver.url}/hook")
    send(customer, "+33600000001")
    came = receiver.wait(3)
    assert len({c.id for c in came}) == 1
    assert [c.body for c in came] == [came[0].body] * 3
    wait_until(lambda: server.rows("SELECT 1 FROM callback_retry") == [])
    time.sleep(QUIET)
    assert len(receiver.on("/hook")) == 3
    assert receiver.on("/elsewhere") == []


def test_an_answer_that_takes_too_long_is_none(server: Server, receiver: Receiver) -> None:
    def answers(_: Callback) -> int:
        time.sleep(0 if len(receiver.came) > 1 else 2)
        return 200

    receiver.answers = answers
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    send(customer, "+33600000001")
    first, second = receiver.wait(2)[:2]
    assert first.id == second.id
    wait_until(lambda: server.rows("SELECT 1 FROM callback_retry") == [])
    assert overview(server)[0].error == "no answer in time"


def test_a_customer_who_was_away_is_told_everything_on_return(
    server: Server, receiver: Receiver
) -> None:
    receiver.close()
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    numbers = [f"+336000010{n:02d}" for n in range(60)]
    server.settled(send(customer, *numbers))
    wait_until(lambda: overview(server)[0].failures >= pace.DOWN_AFTER)
    assert overview(server)[0].error.startswith("no connection")
    assert overview(server)[0].retrying < 30, "once it is down, it is only probed"
    with receiving(receiver.port) as back:
        came = back.wait(60)
        assert sorted(statuses(came)) == numbers
        wait_until(lambda: server.rows("SELECT 1 FROM callback_retry") == [])
        assert len({c.id for c in came}) == 60


@pytest.mark.slow
def test_one_message_is_told_of_in_order(
    server: Server, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """9905: expired, and 5 s later delivered all the same; the first callback fails till then."""
    monkeypatch.setattr(pace, "LONGEST_WAIT", SECOND // 2)
    receiver.answers = lambda _: 500
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    send(customer, "+33600009905")
    numbered = "SELECT kind FROM event WHERE pos IS NOT NULL ORDER BY pos"
    wait_until(lambda: server.rows(numbered) == [(EventKind.FAILED,), (EventKind.DELIVERED,)])
    time.sleep(QUIET)
    assert {c.body["status"] for c in receiver.came} == {"NOT_DELIVERED"}
    tried = len(receiver.came)
    receiver.answers = lambda _: 200
    came = receiver.wait(tried + 2)[tried:]
    assert [c.body["status"] for c in came] == ["NOT_DELIVERED", "DELIVERED"]


def test_accounts_do_not_hear_of_each_other_nor_wait_for_each_other(
    server: Server, receiver: Receiver
) -> None:
    def answers(callback: Callback) -> int:
        if callback.path == "/hangs":
            time.sleep(3)
        return 500 if callback.path == "/fails" else 200

    receiver.answers = answers
    tickets = {}
    for name in ("hangs", "fails", "works"):
        customer = server.customer()
        listen(customer, deliveries=f"{receiver.url}/{name}")
        tickets[name] = send(customer, *(f"+336000010{n:02d}" for n in range(30)))
    came = receiver.wait(30, "/works")
    assert {c.body["message_id"] for c in came} == {tickets["works"]}
    for name in ("hangs", "fails"):
        assert {c.body["message_id"] for c in receiver.wait(1, f"/{name}")} == {tickets[name]}


def test_a_cleared_address_is_called_no_more(server: Server, receiver: Receiver) -> None:
    receiver.answers = lambda _: 500
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    send(customer, "+33600000001")
    receiver.wait(2)
    listen(customer, deliveries=None)
    assert server.rows("SELECT 1 FROM callback_endpoint") == []
    send(customer, "+33600000002")
    time.sleep(0.5)
    before = len(receiver.came)
    time.sleep(QUIET)
    assert len(receiver.came) == before
    assert server.rows("SELECT 1 FROM callback_retry") == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1"])
def test_a_server_of_the_world_calls_nobody_at_home(
    tmp_path: Path, receiver: Receiver, host: str
) -> None:
    with serving(settings(tmp_path, listen=Listen("0.0.0.0", 8080))) as server:  # noqa: S104 - not listened on
        customer = server.customer()
        listen(customer, deliveries=f"http://{host}:{receiver.port}/")
        send(customer, "+33600000001")
        wait_until(lambda: overview(server)[0].error == "its address is private")
    assert receiver.came == []


def test_unless_its_operator_allows_it(tmp_path: Path, receiver: Receiver) -> None:
    world = settings(tmp_path, listen=Listen("0.0.0.0", 8080), callback_allow="127.0.0.0/8")  # noqa: S104 - as above
    with serving(world) as server:
        customer = server.customer()
        listen(customer, deliveries=f"http://localhost:{receiver.port}/")
        send(customer, "+33600000001")
        receiver.wait()


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    customer = server.customer()
    listen(customer, deliveries=receiver.url)
    send(customer, "+33600000001")
    receiver.wait()
