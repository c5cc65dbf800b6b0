"""Who may ask (contract 2.2): two headers or HTTP Basic, and the answers to everybody else."""

import base64
import json
from typing import Any

import pytest

from tests.common.server import PREFIX, Customer, Server

BALANCE = f"{PREFIX}/wallet/check-balance"
EVERY_PATH = [
    ("POST", "/sms-campaign/send"),
    ("POST", "/multi-channel/send"),
    ("GET", "/wallet/check-balance"),
    ("GET", "/user/campaign-parameters"),
    ("GET", "/campaign/parameters"),
    ("PATCH", "/user/campaign-parameters/edit"),
    ("PATCH", "/campaign/parameters/edit"),
]


def basic(user: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"{scheme} {token}"}


def ask(server: Server, *lines: str, encoding: str = "utf-8") -> tuple[int, dict[str, Any]]:
    """Status and body of the balance question with these header lines, which no client mends."""
    head = "\r\n".join([f"GET {BALANCE} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""])
    answer = server.raw(head.encode(encoding))
    body: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return int(answer.split()[1]), body


@pytest.mark.parametrize(
    ("login_name", "key_name"),
    [
        ("api-login", "api-key"),
        ("API-LOGIN", "API-KEY"),
        ("Api-Login", "aPI-kEY"),
    ],
)
def test_the_names_of_the_headers_have_no_case(
    server: Server, customer: Customer, login_name: str, key_name: str
) -> None:
    status, _ = ask(server, f"{login_name}: {customer.login}", f"{key_name}: {customer.key}")
    assert status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC "])
def test_http_basic_does_as_well(server: Server, customer: Customer, scheme: str) -> None:
    headers = basic(customer.login, customer.key, scheme)
    assert server.client.get(BALANCE, headers=headers).status_code == 200


def test_blanks_around_credentials_and_the_case_of_a_login_do_not_matter(
    server: Server, customer: Customer
) -> None:
    status, _ = ask(server, f"api-login:   {customer.login.upper()} ", f"api-key:{customer.key} \t")
    assert status == 200


def test_a_login_beyond_ascii_may_be_sent_as_utf_8_or_latin_1(server: Server) -> None:
    customer = server.customer()
    login = "andr\u00e9@example.org"
    server.rows("UPDATE api_key SET login = ? WHERE login = ?", login, customer.login)
    for encoding in ("utf-8", "latin-1"):
        lines = f"api-login: {login}", f"api-key: {customer.key}"
        assert ask(server, *lines, encoding=encoding)[0] == 200, encoding


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 108),
        ({"api-key": "whatever-this-is"}, 108),
        ({"api-login": "", "api-key": "whatever-this-is"}, 108),
        ({"api-login": "   ", "api-key": "whatever-this-is"}, 108),
        ({"api-login": "someone@example.org"}, 109),
        ({"api-login": "someone@example.org", "api-key": ""}, 109),
        ({"api-login": "someone@example.org", "api-key": " "}, 109),
        ({"api-login": "nobody@example.org", "api-key": "whatever-this-is"}, 101),
        ({"api-login": "n" * 4000, "api-key": "k" * 4000}, 101),
        (basic("", "whatever-this-is"), 108),
        (basic("nobody@example.org", ""), 109),
        (basic("nobody@example.org", "whatever-this-is"), 101),
        ({"Authorization": "Basic"}, 108),
        ({"Authorization": "Basic %%%"}, 108),
        ({"Authorization": "Bearer abc"}, 108),
    ],
    ids=str,
)
def test_absent_and_wrong_credentials_have_codes_of_their_own(
    server: Server, headers: dict[str, str], code: int
) -> None:
    status, body = ask(server, *(f"{name}: {value}" for name, value in headers.items()))
    assert (status, body["code"]) == (401, code)
    assert body["message"]


def test_a_refused_login_names_the_scheme_that_would_do(server: Server) -> None:
    response = server.client.get(BALANCE)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Basic realm="Octavo", charset="UTF-8"'


@pytest.mark.parametrize(("method", "path"), EVERY_PATH)
def test_no_path_answers_without_credentials(server: Server, method: str, path: str) -> None:
    response = server.client.request(method, PREFIX + path, content=b"{broken")
    assert (response.status_code, response.json()["code"]) == (401, 108)


def test_the_key_of_one_account_does_not_open_another(server: Server) -> None:
    one, other = server.customer(), server.customer()
    response = server.client.get(BALANCE, headers={"api-login": one.login, "api-key": other.key})
    assert (response.status_code, response.json()["code"]) == (401, 101)
    assert one.get("/wallet/check-balance").status_code == 200


def test_a_revoked_key_opens_nothing(server: Server, customer: Customer) -> None:
    # Nothing was asked with this key yet, so nothing is kept of it.
    server.rows("UPDATE api_key SET revoked_at = 1 WHERE login = ?", customer.login)
    assert customer.get("/wallet/check-balance").json()["code"] == 101


def test_many_wrong_keys_are_slowed_down(server: Server) -> None:
    one, other = server.customer(), server.customer()
    wrong = {"api-login": one.login, "api-key": "this-is-not-the-key"}
    answers: list[Any] = [server.client.get(BALANCE, headers=wrong) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    slowed = answers[-1]
    assert slowed.json()["code"] == 429
    assert slowed.json()["message"]
    assert 1 <= int(slowed.headers["retry-after"]) <= 60
    assert other.get("/wallet/check-balance").status_code == 200
    assert one.get("/wallet/check-balance").status_code == 200
