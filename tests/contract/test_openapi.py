"""What the server says of itself: `/openapi.json`, `/docs`, and whether it is true."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from octavo.api.app import OPERATIONS, OWN_OPERATIONS, OWN_PREFIX
from octavo.api.lenient import contact_fields, fields, list_fields, settings_fields
from octavo.api.lenient.reader import Spec
from tests.common.server import PREFIX, Server

BODIES: list[tuple[str, str, Spec]] = [
    ("post", "/sms-campaign/send", fields.SMS_SEND),
    ("post", "/multi-channel/send", fields.MULTI_CHANNEL_SEND),
    ("post", "/sms-campaign-on-list/create", list_fields.CREATE),
    ("post", "/sms-campaign-on-tag/create", list_fields.CREATE),
    ("post", "/contact/create", contact_fields.CONTACT_CREATE),
    ("post", "/contact-list/empty", contact_fields.LIST_EMPTY),
    ("patch", "/user/campaign-parameters/edit", settings_fields.CAMPAIGN_PARAMETERS),
    ("patch", "/campaign/parameters/edit", settings_fields.CAMPAIGN_PARAMETERS),
]

DONE = {
    ("DELETE", "/sms-campaign/cancel"): "204",
    ("DELETE", "/multi-channel/cancel"): "204",
    ("DELETE", "/sms-campaign-on-list/cancel"): "204",
    ("DELETE", "/sms-campaign-on-tag/cancel"): "204",
    ("POST", "/sms-campaign-on-list/send"): "200",
    ("POST", "/sms-campaign-on-tag/send"): "200",
    ("DELETE", "/contact/delete"): "204",
    ("POST", "/contact-list/empty"): "200",
    ("DELETE", "/contact-list/delete"): "204",
}
"""Where it is not 201 for POST and 200 for the rest."""


@pytest.fixture(scope="module")
def description(server: Server) -> dict[str, Any]:
    response = server.client.get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_it_is_openapi_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    assert description["info"]["title"] == "Octavo"


def test_it_has_every_operation_with_its_answers(description: dict[str, Any]) -> None:
    for method, path, _ in OPERATIONS:
        operation = description["paths"][PREFIX + path][method.lower()]
        assert operation["summary"]
        assert operation["description"]
        done = DONE.get((method, path), "201" if method == "POST" else "200")
        known = {"400", "401", "408", "413", "429", "503", "504"}
        assert operation["responses"].keys() == {done} | known
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if status == "204" or (status == done and "contact" in path):
                assert "content" not in answer
            else:
                assert answer["content"]["application/json"]["schema"]["properties"]


def test_it_has_our_own_operations_too(description: dict[str, Any]) -> None:
    for method, path, _ in OWN_OPERATIONS:
        operation = description["paths"][OWN_PREFIX + path][method.lower()]
        assert operation["tags"] == ["octavo"]
        assert {"200", "400", "401", "404", "409"} <= operation["responses"].keys()
        (asked,) = [one for one in operation["parameters"] if one["in"] == "path"]
        assert asked["name"] == "ticket"


@pytest.mark.parametrize(("method", "path", "spec"), BODIES, ids=lambda value: str(value)[:20])
def test_it_describes_every_field_with_its_default(
    description: dict[str, Any], method: str, path: str, spec: Spec
) -> None:
    operation = description["paths"][PREFIX + path][method]
    for media in ("application/json", "application/x-www-form-urlencoded"):
        schema = operation["requestBody"]["content"][media]["schema"]
        for field in spec.fields:
            place = schema["properties"]
            if field.group:
                place = place[field.group]["properties"]
            said = place[field.name]
            assert said["description"] == field.doc
            if field.required:
                assert field.name in schema["required"]
            elif field.default not in (None, ()):
                assert said["default"] == field.default
            elif method == "post":
                # No JSON value says it.
                assert re.search(r"Default: |Absent, ", field.doc)
            else:
                assert "what is absent stays as it is" in operation["description"]


def test_it_describes_the_questions_in_the_query(description: dict[str, Any]) -> None:
    operation = description["paths"][f"{PREFIX}/wallet/check-balance"]["get"]
    asked = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    for field in settings_fields.CHECK_BALANCE.fields:
        assert asked[field.name]["description"] == field.doc
        assert "Default: " in field.doc or "default" in asked[field.name]["schema"]
        assert not asked[field.name]["required"]


def test_every_operation_names_its_credentials(description: dict[str, Any]) -> None:
    for method, path, _ in OPERATIONS:
        operation = description["paths"][PREFIX + path][method.lower()]
        headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
        assert headers == {"api-login", "api-key"}


def test_operations_have_names_of_their_own(description: dict[str, Any]) -> None:
    named = [operation["operationId"] for operation in _operations(description)]
    assert len(named) == len(set(named))


def test_the_pages_answer(server: Server) -> None:
    page = server.client.get("/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    assert server.client.get("/redoc").status_code == 404
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert server.client.get("/readyz").json() == {"status": "ready"}


def _operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in description["paths"].values():
        yield from methods.values()
