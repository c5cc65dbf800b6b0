"""From a request's bytes to its payload, whatever the Content-Type says (contract 2.1, 2.4)."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple, NoReturn

from starlette.requests import Request

from octavo.api.errors.codes import FieldCode
from octavo.api.lenient.encodings import decode_text
from octavo.api.lenient.forms import TooManyPairsError, parse_form
from octavo.api.lenient.jsontext import JsonObject, NotJsonError, TooDeepError, parse_json
from octavo.api.lenient.multipart import NotMultipartError, looks_multipart, parse_multipart
from octavo.kit.errors import FieldProblem, Refusal


class Patience(NamedTuple):
    """How long a body may take.

    `seconds` for all of it. After a refusal for its length, `dropped_bytes` or `dropped_seconds`
    more are read: most clients read no answer before they have sent everything.
    """

    seconds: float = 30
    dropped_bytes: int = 16 << 20
    dropped_seconds: float = 2


PATIENCE = Patience()

_BLANKS = "\ufeff \t\r\n\0"


async def read_payload(request: Request, limit: int, patience: Patience = PATIENCE) -> JsonObject:
    """The values of a request: its query string and its body, the body wins.

    Raises Refusal: 413 when the body is longer than `limit` bytes, 408 when it does not come
    whole in time, 400 when it is unreadable.
    """
    raw = await read_bytes(request, limit, patience)
    body = parse_body(raw, request.headers.get("content-type", ""))
    query = request.scope.get("query_string", b"")
    return {**parse_query(query), **body} if query else body


async def read_bytes(request: Request, limit: int, patience: Patience = PATIENCE) -> bytes:
    """The raw body. Raises Refusal (408, or 413 as soon as it is known to pass `limit` bytes)."""
    stream = request.stream()
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        # Who waits for "100 Continue" sends nothing, and reading would say it.
        if "expect" not in request.headers:
            await _drop(stream, patience)
        _refuse_length(limit)
    try:
        async with asyncio.timeout(patience.seconds):
            body = await _read(stream, limit)
    except TimeoutError:
        raise Refusal(408, status=408, seconds=round(patience.seconds)) from None
    if body is None:
        await _drop(stream, patience)
        _refuse_length(limit)
    return body


async def _read(stream: AsyncIterator[bytes], limit: int) -> bytes | None:
    """All of a body, None once it passes `limit` bytes."""
    chunks: list[bytes] = []
    length = 0
    async for chunk in stream:
        length += len(chunk)
        if length > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def _drop(stream: AsyncIterator[bytes], patience: Patience) -> None:
    """Reads on in vain, for a while."""
    left = patience.dropped_bytes
    try:
        async with asyncio.timeout(patience.dropped_seconds):
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    return
    except TimeoutError:
        return


def _refuse_length(limit: int) -> NoReturn:
    problem = FieldProblem(FieldCode.BODY_TOO_LONG, {"limit": limit})
    raise Refusal(400, status=413, fields={"body": problem})


def parse_body(raw: bytes, content_type: str = "") -> JsonObject:
    """The payload in a body: JSON, form fields or multipart, by what the bytes look like.

    An empty body is an empty payload. Raises Refusal (400) when nothing can be made of it.
    """
    try:
        if looks_multipart(raw):
            return parse_multipart(raw, content_type)
        text = decode_text(raw).strip(_BLANKS)
        return _json_object(text) if text else {}
    except (NotMultipartError, NotJsonError):
        if _looks_like_form(raw, content_type):
            return _form(raw.strip())
        _refuse(FieldCode.BODY_UNREADABLE)
    except TooDeepError:
        _refuse(FieldCode.BODY_TOO_DEEP)
    except TooManyPairsError:
        _refuse(FieldCode.BODY_TOO_MANY_FIELDS)


def _json_object(text: str) -> JsonObject:
    value = parse_json(text)
    if isinstance(value, str):
        # A body encoded twice: a JSON string that holds the JSON object.
        value = parse_json(value)
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse(FieldCode.BODY_NOT_OBJECT)
    return value


def _looks_like_form(raw: bytes, content_type: str) -> bool:
    """Broken JSON stays broken JSON even under curl's default Content-Type, which is a form's."""
    if raw.lstrip().startswith((b"{", b"[", b'"', b"--", b"<")):
        return False
    return "urlencoded" in content_type.lower() or b"=" in raw


def _form(raw: bytes) -> JsonObject:
    try:
        return parse_form(raw)
    except TooManyPairsError:
        _refuse(FieldCode.BODY_TOO_MANY_FIELDS)


def _refuse(code: FieldCode) -> NoReturn:
    raise Refusal(400, fields={"body": FieldProblem(code)})


def parse_query(raw: bytes) -> JsonObject:
    """The payload in a query string. Raises Refusal (400) when it has far too many pairs."""
    return _form(raw)
