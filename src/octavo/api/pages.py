"""`/docs`: the OpenAPI document as one page that needs nothing from anywhere else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import cast

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.openapi import JSON

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem;
  color-scheme: light dark; }
section { border-top: 1px solid; margin-top: 2rem; }
code { font-size: .95em; overflow-wrap: anywhere; }
dt { margin-top: .5rem; } dd { margin-left: 1.5rem; }
"""


def add(app: FastAPI) -> None:
    """Adds `/docs`."""

    async def docs() -> HTMLResponse:
        return HTMLResponse(render(cast("JsonObject", app.openapi())), headers=_HEADERS)

    app.add_api_route("/docs", docs, include_in_schema=False)


def render(document: JsonObject) -> str:
    """The page of an OpenAPI document."""
    info = _object(document.get("info"))
    title = _text(info.get("title"))
    operations = [
        (method, path, _object(operation))
        for path, methods in _object(document.get("paths")).items()
        for method, operation in _object(methods).items()
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title} {_text(info.get('version'))}</h1><p>{_text(info.get('description'))} "
        'The same for programs: <a href="/openapi.json">/openapi.json</a>.</p><ul>'
        + "".join(_entry(method, path) for method, path, _ in operations)
        + "</ul>"
        + "".join(_operation(method, path, one) for method, path, one in operations)
        + "</body></html>"
    )


def _entry(method: str, path: str) -> str:
    name = escape(f"{method.upper()} {path}")
    return f'<li><a href="#{escape(method + path)}"><code>{name}</code></a></li>'


def _operation(method: str, path: str, operation: JsonObject) -> str:
    body = _object(operation.get("requestBody"))
    parts = {
        "Headers and query": "".join(map(_parameter, _list(operation.get("parameters")))),
        "Body, JSON or form fields": "".join(_fields(_schema(body))),
        "Answers": "".join(_answers(_object(operation.get("responses")))),
    }
    return (
        f'<section id="{escape(method + path)}"><h2><code>{method.upper()} {escape(path)}</code>'
        f"</h2><p><b>{_text(operation.get('summary'))}.</b> {_text(operation.get('description'))}"
        "</p>"
        + "".join(f"<h3>{name}</h3><dl>{items}</dl>" for name, items in parts.items() if items)
        + "</section>"
    )


def _parameter(value: JsonValue) -> str:
    one = _object(value)
    schema = {**_object(one.get("schema")), "description": one.get("description")}
    name = f"{one.get('name')} ({one.get('in')})"
    return _item(name, schema, required=one.get("required") is True)


def _answers(responses: JsonObject) -> Iterator[str]:
    """The status codes; what a body of failure looks like is told with the first of them."""
    shown: list[JsonObject] = []
    for status, value in responses.items():
        response = _object(value)
        schema = _schema(response)
        inner = "" if schema in shown else "".join(_fields(schema))
        shown.append(schema)
        told = f"{_text(response.get('description'))}<dl>{inner}</dl>"
        yield f"<dt><code>{escape(status)}</code></dt><dd>{told}</dd>"


def _fields(schema: JsonObject, prefix: str = "") -> Iterator[str]:
    """The members of an object, those of objects inside it under their path."""
    required = _list(schema.get("required"))
    for name, value in _object(schema.get("properties")).items():
        member = _object(value)
        yield _item(prefix + name, member, required=name in required)
        yield from _fields(member, f"{prefix}{name}.")
        yield from _fields(_object(member.get("items")), f"{prefix}{name}[].")


def _item(name: str, schema: JsonObject, *, required: bool) -> str:
    kind = schema.get("type", "any")
    told = [" or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)]
    told += ["required"] if required else []
    told += [
        f"{word}: {json.dumps(schema[key], ensure_ascii=False)}"
        for key, word in (("enum", "one of"), ("default", "default"), ("maxLength", "at most"))
        if key in schema
    ]
    return (
        f"<dt><code>{escape(name)}</code> <small>{escape(', '.join(told))}</small></dt>"
        f"<dd>{_text(schema.get('description'))}</dd>"
    )


def _schema(holder: JsonObject) -> JsonObject:
    return _object(_object(_object(holder.get("content")).get(JSON)).get("schema"))


def _object(value: JsonValue) -> JsonObject:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _text(value: JsonValue) -> str:
    return escape(value) if isinstance(value, str) else ""
