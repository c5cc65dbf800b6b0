"""From a request's bytes to its payload, whatever the Content-Type says (contract 2.1, 2.4)."""

from typing import NoReturn

from starlette.requests import Request

from octavo.api.errors.codes import FieldCode
from octavo.api.lenient.encodings import decode_text
from octavo.api.lenient.forms import TooManyPairsError, parse_form
from octavo.api.lenient.jsontext import JsonObject, NotJsonError, TooDeepError, parse_json
from octavo.api.lenient.multipart import NotMultipartError, looks_multipart, parse_multipart
from octavo.kit.errors import FieldProblem, Refusal

_BLANKS = "\ufeff \t\r\n\0"


async def read_payload(request: Request, limit: int) -> JsonObject:
    """The values of a request: its query string and its body, the body wins.

    Raises Refusal: 413 when the body is longer than `limit` bytes, 400 when it is unreadable.
    """
    body = parse_body(await read_bytes(request, limit), request.headers.get("content-type", ""))
    query = request.scope.get("query_string", b"")
    return {**parse_query(query), **body} if query else body


async def read_bytes(request: Request, limit: int) -> bytes:
    """The raw body. Raises Refusal (413) as soon as it is known to pass `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
        _refuse_length(limit)
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > limit:
            _refuse_length(limit)
        chunks.append(chunk)
    return b"".join(chunks)


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
