"""What happens around the documented requests: paths, methods, lengths, odd bytes (design 10)."""

import json
import re
from typing import Any

import pytest

from tests.common.server import PREFIX, Customer, Server, order

SEND = f"{PREFIX}/sms-campaign/send"
BALANCE = f"{PREFIX}/wallet/check-balance"
LIMIT = 4 << 20


def talk(
    customer: Customer, line: str, *pieces: bytes, headers: tuple[str, ...] = ()
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request written by hand."""
    credentials = (f"api-login: {customer.login}", f"api-key: {customer.key}")
    head = "\r\n".join([line, "Host: x", "Connection: close", *credentials, *headers, "", ""])
    answer = customer.server.raw(head.encode("latin-1"), *pieces)
    answer = re.sub(rb"\AHTTP/1.1 100 Continue\r\n\r\n", b"", answer)
    top, _, body = answer.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    fields = (one.partition(": ") for one in lines[1:])
    return int(lines[0].split()[1]), {name.lower(): value for name, _, value in fields}, body


def told(body: bytes) -> int:
    """The code of a refusal, which has words too."""
    answer: dict[str, Any] = json.loads(body)
    assert answer["message"]
    assert isinstance(answer["code"], int)
    return answer["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/public/wallet/check-balance/",
        "/v1/public/wallet/check-balance//",
        "/v1/public//wallet/check-balance",
        "//v1/public/wallet/check-balance",
        "/v1/public/wallet/check-balance%20",
        "/v1/public/wallet/check-balance%20/",
        "/v1/public/%20wallet/check-balance",
        "/v1/public/wallet/check-balance%09",
        "/v1/public/wallet/check-balance%C2%A0",
        "/v1/public/wallet/check-balance?",
        "/v1/public/wallet/check-balance/?with_details=1",
        "/%76%31/public/wallet/check%2Dbalance",
        "http://somewhere.example/v1/public/wallet/check-balance",
    ],
)
def test_a_path_is_forgiven_slashes_and_blanks(customer: Customer, path: str) -> None:
    status, _, body = talk(customer, f"GET {path} HTTP/1.1")
    assert (status, json.loads(body)["unit"]) == (200, "euros")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/public",
        "/v1/public/",
        "/v1/public/nothing",
        "/v1/public/sms-campaign",
        "/v1/public/sms-campaign/send/more",
        "/v1/public/wallet/check-balances",
        "/v2/public/wallet/check-balance",
        "/wallet/check-balance",
        "/v1/public/..%2f..%2fetc/passwd",
        "/v1/public/%00",
        "/v1/public/%ff%fe",
        "/%F0%9F%98%80",
        "/" + "x" * 5000,
    ],
    ids=lambda value: value[:40],
)
def test_an_unknown_path_has_code_and_message(customer: Customer, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        status, headers, body = talk(customer, f"{method} {path} HTTP/1.1")
        assert (status, told(body)) == (404, 404)
        assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/sms-campaign/send", "POST"),
        ("/multi-channel/send", "POST"),
        ("/wallet/check-balance", "GET"),
        ("/user/campaign-parameters/edit", "PATCH"),
        ("/campaign/parameters/edit", "PATCH"),
    ],
)
def test_a_wrong_method_has_code_and_message(server: Server, path: str, right: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - {right}:
        response = server.client.request(method, PREFIX + path)
        assert response.status_code == 405
        assert response.json()["code"] == 405
        assert response.json()["message"]
        assert response.headers["allow"] == right


@pytest.mark.parametrize("path", [BALANCE, f"{PREFIX}/campaign/parameters", "/healthz"])
def test_head_is_get_without_a_body(customer: Customer, path: str) -> None:
    status, headers, body = talk(customer, f"HEAD {path} HTTP/1.1")
    got, got_headers, got_body = talk(customer, f"GET {path} HTTP/1.1")
    assert (status, body) == (got, b"")
    assert headers["content-length"] == got_headers["content-length"] == str(len(got_body))


def test_head_does_not_send(customer: Customer) -> None:
    before = customer.holdings()
    status, headers, body = talk(customer, f"HEAD {SEND} HTTP/1.1")
    assert (status, headers["allow"], body) == (405, "POST", b"")
    assert customer.holdings() == before


def padded(length: int) -> bytes:
    """A fine order of this many bytes."""
    content = json.dumps(order()).encode()
    return content + b" " * (length - len(content))


def test_a_body_up_to_the_limit_is_read(customer: Customer) -> None:
    assert customer.post("/sms-campaign/send", content=padded(LIMIT)).status_code == 201


@pytest.mark.parametrize("length", [LIMIT + 1, 3 * LIMIT])
def test_a_larger_body_is_413(customer: Customer, length: int) -> None:
    before = customer.holdings()
    response = customer.post("/sms-campaign/send", content=padded(length))
    assert response.status_code == 413
    assert told(response.content) == 400
    assert response.json()["errors"]["body"]["code"] == 447
    assert str(LIMIT) in response.json()["errors"]["body"]["message"]
    assert response.headers["connection"] == "close"
    assert customer.holdings() == before


def test_who_sends_all_before_reading_gets_its_413(customer: Customer) -> None:
    body = padded(3 * LIMIT)
    head = (f"Content-Length: {len(body)}",)
    status, headers, answer = talk(customer, f"POST {SEND} HTTP/1.1", body, headers=head)
    assert (status, told(answer), headers["connection"]) == (413, 400, "close")


def test_a_larger_body_in_chunks_is_413(customer: Customer) -> None:
    pieces = (b" " * (1 << 18) for _ in range(20))
    assert customer.post("/sms-campaign/send", content=pieces).status_code == 413


@pytest.mark.parametrize("announced", [str(LIMIT + 1), "9" * 15])
def test_a_length_over_the_limit_is_refused_before_a_byte_comes(
    customer: Customer, announced: str
) -> None:
    head = (f"content-length: {announced}", "expect: 100-continue")
    status, _, body = talk(customer, f"POST {SEND} HTTP/1.1", headers=head)
    assert (status, told(body)) == (413, 400)


def test_a_body_in_chunks(customer: Customer) -> None:
    content = json.dumps(order()).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in content)
    status, _, body = talk(
        customer,
        f"POST {SEND} HTTP/1.1",
        chunks,
        b"0\r\n\r\n",
        headers=("Transfer-Encoding: chunked",),
    )
    assert (status, json.loads(body)["number_of_contacts"]) == (201, 1)


def test_a_client_that_waits_for_continue_gets_it(customer: Customer) -> None:
    content = json.dumps(order()).encode()
    head = (f"Content-Length: {len(content)}", "Expect: 100-continue")
    status, _, _ = talk(customer, f"POST {SEND} HTTP/1.1", content, headers=head)
    assert status == 201


def test_a_client_that_hangs_up_in_the_middle_orders_nothing(customer: Customer) -> None:
    before = customer.holdings()
    credentials = f"api-login: {customer.login}\r\napi-key: {customer.key}\r\n"
    content = json.dumps(order()).encode()
    head = f"POST {SEND} HTTP/1.1\r\nHost: x\r\n{credentials}Content-Length: 500\r\n\r\n"
    customer.server.hang_up(head.encode() + content)
    assert customer.send().status_code == 201
    assert customer.holdings()[2] == before[2] + 1


@pytest.mark.parametrize(
    "header",
    [
        "accept: text/html",
        "accept: ",
        "accept-language: \xff\xfe\x80",
        "content-type: \xff",
        "content-encoding: gzip",
        "x-forwarded-for: nonsense",
        "cookie: a=b; c",
        "range: bytes=0-1",
        "if-none-match: *",
        "origin: https://example.org",
        f"user-agent: {'x' * 8000}",
    ],
    ids=lambda value: value[:30],
)
def test_other_headers_do_not_matter(customer: Customer, header: str) -> None:
    status, headers, body = talk(customer, f"GET {BALANCE} HTTP/1.1", headers=(header,))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["unit"] == "euros"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_versions_of_http(customer: Customer, version: str) -> None:
    status, _, _ = talk(customer, f"GET {BALANCE} HTTP/{version}")
    assert status == 200


def test_two_requests_on_one_connection_are_two_orders(customer: Customer) -> None:
    content = json.dumps(order()).encode()
    one, last = (
        (
            f"POST {SEND} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n"
            f"api-login: {customer.login}\r\napi-key: {customer.key}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode()
        + content
        for connection in ("keep-alive", "close")
    )
    answers = customer.server.raw(one + last)
    tickets = re.findall(rb'"sms_ticket":"(\w+)"', answers)
    assert len(tickets) == len(set(tickets)) == 2


def test_every_answer_is_json_in_utf_8(customer: Customer) -> None:
    response = customer.post("/sms-campaign/send", json={}, headers={"accept-language": "fr"})
    assert response.headers["content-type"] == "application/json"
    assert "\u00e9" in response.content.decode("utf-8") or response.json()["message"].isascii()


def test_the_request_log_tells_what_was_repaired_and_nothing_personal(customer: Customer) -> None:
    customer.send(sender="S\u00e9cret", text="A private matter", recipients=["+33600000001"])
    rows = customer.server.logged_requests(customer.account)
    assert rows == [("POST", SEND, 201, None, "recipients,sender")]


@pytest.mark.parametrize("request_line", ["BREW / HTTP/1.1", "hello", "GET / HTTP/7.7"])
def test_what_is_no_http_has_code_and_message(customer: Customer, request_line: str) -> None:
    status, headers, body = talk(customer, request_line)
    assert (status, told(body)) == (400, 400)
    assert headers["content-type"] == "application/json"


def test_headers_have_a_ceiling(customer: Customer) -> None:
    status, _, body = talk(customer, f"GET {BALANCE} HTTP/1.1", headers=("a: " + "x" * 65536,))
    assert (status, told(body)) == (431, 431)
