"""Whatever is sent to any path, the answer is a documented one and nothing is half done."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as dials
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from octavo.api.app import OPERATIONS
from octavo.api.lenient import fields, settings_fields
from octavo.app import processes
from tests.common import database
from tests.common.server import PREFIX, Customer, Server, order, settings

SPECS = (
    fields.SMS_SEND,
    fields.MULTI_CHANNEL_SEND,
    settings_fields.CHECK_BALANCE,
    settings_fields.CAMPAIGN_PARAMETERS,
)
NAMES = sorted({name for spec in SPECS for field in spec.fields for name in field.names})
WORDS = [
    *("true", "1", "sms", "alert", "wholesale", "sms_low_cost", "FR", "hlr", "2031-01-01", "a@b.c"),
    *(
        "+33600000001",
        "+33600000002,+34600000003",
        "{param1}",
        "STOP au XXXXX",
        "https://a.example",
    ),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "\U0001f600",
        "[",
        "{}",
        '{"phone_number": "+33600000001"}',
        "x" * 1225,
    ),
]

words = st.sampled_from(WORDS) | st.text(st.characters(codec=None), max_size=30)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), words, st.sampled_from([10**400, 1e300])
)
names = st.sampled_from([*NAMES, "metadata", "callbacks", "sendAt", "0", "__proto__"]) | words
values: SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=15,
)
objects = st.dictionaries(names, values, max_size=10)
nearly_fine = st.dictionaries(st.sampled_from(NAMES), values, max_size=3).map(
    lambda change: order(channel="sms", country_code="FR", product_name="hlr") | change
)
pieces = st.sampled_from(
    [
        *(b"text", b"recipients", b"=", b"&", b"[", b"]", b"[]", b"[0]", b"{", b"}", b'"', b":"),
        *(
            b",",
            b"%",
            b"%00",
            b"%ED%A0%80",
            b"+33600000001",
            b"\\u0000",
            b"\\ud800",
            b"\xff",
            b"\0",
        ),
        *(b"--x\r\n", b"\r\n", b'Content-Disposition: form-data; name="text"', b"NaN", b"9" * 5000),
    ]
)
bodies = st.one_of(
    nearly_fine.map(json.dumps).map(str.encode),
    objects.map(json.dumps).map(str.encode),
    values.map(json.dumps).map(str.encode),
    st.lists(pieces, max_size=20).map(b"".join),
    st.binary(max_size=100),
)
kinds = st.sampled_from(
    [
        *("application/json", "application/x-www-form-urlencoded", "text/plain", ""),
        *("multipart/form-data; boundary=x", "multipart/form-data", "application/json; charset=x"),
    ]
)
queries = st.dictionaries(names, words, max_size=3)


class Inside:
    """The application without a socket, so that an error inside it fails the test by itself."""

    def __init__(self, data_dir: Path) -> None:
        self.runner = asyncio.Runner()
        self.running = processes.running(settings(data_dir))
        self.application = self.runner.run(self.running.__aenter__()).app
        self.description = self.application.openapi()
        transport = httpx2.ASGITransport(self.application)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://octavo.example")

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | list[tuple[bytes, bytes]],
        *,
        content: bytes = b"",
        params: dict[str, str] | None = None,
    ) -> httpx2.Response:
        asked = self.client.request(method, path, headers=headers, content=content, params=params)
        return self.runner.run(asked)

    def documented(self, method: str, path: str) -> set[int]:
        """The statuses that the description names for an operation."""
        return set(map(int, self.description["paths"][PREFIX + path][method.lower()]["responses"]))

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.run(self.running.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def customer(memory: Path, plain_environment: None) -> Iterator[tuple[Inside, Customer]]:
    """The application and a rich account; everything adds up at the end."""
    file = database.seeded(memory / "anything")
    server = Server("http://octavo.example", file)
    inside = Inside(memory / "anything")
    try:
        yield inside, server.customer(credit="1000000")
        breaches = server.breaches()
    finally:
        inside.close()
        server.close()
    assert not breaches


def check(
    inside: Inside,
    someone: Customer,
    operation: tuple[str, str, object],
    content: bytes,
    kind: str,
    *,
    params: dict[str, str] | None = None,
) -> None:
    """Makes a request and holds the answer against the documentation."""
    before = someone.holdings()
    method, path, _ = operation
    headers = someone.credentials | {"content-type": kind}
    response = inside.request(method, PREFIX + path, headers, content=content, params=params)
    assert response.status_code in inside.documented(method, path)
    if response.is_success and not response.content:
        return
    assert response.headers["content-type"] == "application/json"
    answer = json.loads(response.content)
    if response.is_success:
        assert "code" not in answer
    else:
        assert type(answer["code"]) is int
        assert answer["message"]
        assert someone.holdings() == before
    for name in filter(None, response.headers.get("octavo-repaired", "").split(", ")):
        assert name in {*NAMES, "metadata", *_groups()}


def _groups() -> set[str]:
    return {field.group for spec in SPECS for field in spec.fields}


@given(st.sampled_from(OPERATIONS), bodies, kinds, queries)
@dials(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_any_request_has_a_documented_answer(
    customer: tuple[Inside, Customer],
    operation: tuple[str, str, object],
    body: bytes,
    kind: str,
    query: dict[str, str],
) -> None:
    params = {
        name.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace").decode()
        for name, value in query.items()
    }
    check(*customer, operation, body, kind, params=params)


@pytest.mark.slow
@given(st.sampled_from(OPERATIONS), bodies, kinds)
@dials(
    max_examples=5_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_any_request_has_a_documented_answer_at_length(
    customer: tuple[Inside, Customer], operation: tuple[str, str, object], body: bytes, kind: str
) -> None:
    check(*customer, operation, body, kind)


@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40),
    st.sampled_from(["api-login", "authorization"]),
)
@dials(max_examples=50, deadline=None)
def test_any_credentials_have_a_documented_answer(
    customer: tuple[Inside, Customer], login: str, key: str, name: str
) -> None:
    inside, _ = customer
    headers = [(name.encode(), login.encode("latin-1")), (b"api-key", key.encode("latin-1"))]
    response = inside.request("GET", f"{PREFIX}/wallet/check-balance", headers=headers)
    assert response.status_code in {401, 429}
    assert response.json()["code"] in {101, 108, 109, 429}


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@dials(max_examples=50, deadline=None)
def test_any_path_has_a_documented_answer(customer: tuple[Inside, Customer], path: str) -> None:
    inside, someone = customer
    response = inside.request("POST", f"/{quote(path)}", headers=someone.credentials)
    assert response.status_code in {404, 405}
    assert response.json()["code"] == response.status_code
