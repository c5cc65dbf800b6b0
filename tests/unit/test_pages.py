"""`/docs`: all of the OpenAPI document, and nothing from anywhere else."""

import json
import re
from html import unescape
from typing import cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from octavo.api import pages
from octavo.api.app import OPERATIONS, PREFIX, make_app
from octavo.api.context import Services
from octavo.api.health import Health
from octavo.api.lenient import fields, settings_fields
from octavo.api.lenient.reader import Spec
from octavo.metrics.metrics import Metrics


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return make_app(cast("Services", None), Health(), Metrics().requests)


@pytest.fixture(scope="module")
def page(app: FastAPI) -> str:
    return pages.render(app.openapi())


def test_it_lists_every_operation(page: str) -> None:
    for method, path, _ in OPERATIONS:
        assert f"<h2><code>{method} {PREFIX}{path}</code></h2>" in page
        anchor = f"{method.lower()}{PREFIX}{path}"
        assert page.count(f'id="{anchor}"') == page.count(f'href="#{anchor}"') == 1


@pytest.mark.parametrize(
    "spec",
    [
        fields.SMS_SEND,
        fields.MULTI_CHANNEL_SEND,
        settings_fields.CHECK_BALANCE,
        settings_fields.CAMPAIGN_PARAMETERS,
    ],
)
def test_it_tells_every_field_with_its_default(page: str, spec: Spec) -> None:
    text = unescape(re.sub(r"<[^>]+>", "", page))
    for field in spec.fields:
        assert field.name in text
        assert field.doc in text
        if isinstance(field.default, bool | str | int) and not field.required:
            assert f"default: {json.dumps(field.default)}" in text


def test_it_tells_the_answers_and_what_a_failure_looks_like(page: str) -> None:
    for word in ("201", "413", "429", "residual_credit", "wallet_packs[].credit", "errors"):
        assert f"<code>{word}</code>" in page


def test_it_loads_and_runs_nothing(app: FastAPI) -> None:
    answer = TestClient(app).get("/docs")
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    assert "width=device-width" in answer.text
    assert not re.search(r"<script|<link|<img|https?:|@import|url\(| on\w+=", answer.text)


def test_what_the_document_says_is_no_markup() -> None:
    evil = '<b onclick="x">&\''
    page = pages.render(
        {
            "info": {"title": evil, "version": evil, "description": evil},
            "paths": {
                evil: {
                    "get": {
                        "summary": evil,
                        "description": evil,
                        "parameters": [{"name": evil, "in": "query", "schema": {"enum": [evil]}}],
                        "responses": {evil: {"description": evil}},
                    }
                }
            },
        }
    )
    assert "<b onclick" not in page
    assert evil in unescape(page)
