"""Requests that schemathesis makes of `/openapi.json`, and answers held against it."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as dials
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from octavo.api.app import OPERATIONS
from tests.common.server import PREFIX, Server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def _cases() -> Iterator[tuple[str, str, GenerationMode]]:
    for method, path, _ in OPERATIONS:
        yield method, path, GenerationMode.POSITIVE
        if not (method == "GET" and ("parameters" in path or "draft" in path)):
            # Of a question without fields there is nothing to get wrong.
            yield method, path, GenerationMode.NEGATIVE


@pytest.fixture(scope="module")
def description(server: Server) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "mode"), list(_cases()))
def test_answers_are_as_described(
    server: Server, description: BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    customer = server.customer(credit="1000000")
    requests = description[PREFIX + path][method].as_strategy(generation_mode=mode)

    @given(requests)
    @dials(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def check(case: Case[Any]) -> None:
        case.call_and_validate(headers=customer.credentials, checks=CHECKS)

    check()
