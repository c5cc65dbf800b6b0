"""Bodies in every dress: JSON, form fields, multipart, and what is none of them."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from starlette.requests import Request
from starlette.types import Message

from octavo.api.errors import FieldCode
from octavo.api.lenient.body import Patience, parse_body, parse_query, read_bytes, read_payload
from octavo.api.lenient.forms import MAX_PAIRS
from octavo.kit.errors import Refusal

FORM = "application/x-www-form-urlencoded"
ORDER = {"text": "Olé", "recipients": [{"phone_number": "+33600000000"}]}
MULTIPART = (
    b'--B0\r\nContent-Disposition: form-data; name="text"\r\n\r\nOl\xc3\xa9\r\n'
    b'--B0\r\nContent-Disposition: form-data; name="recipients[0][phone_number]"\r\n\r\n+336\r\n'
    b'--B0\r\nContent-Disposition: form-data; name="metadata"; filename="m.json"\r\n'
    b'Content-Type: application/json\r\n\r\n{"type":"x"}\r\n--B0--\r\n'
)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "", "text/plain", FORM, "multipart/form-data", "nonsense;;=", "\xff"],
)
def test_json_is_read_whatever_the_content_type_says(content_type: str) -> None:
    assert parse_body(json.dumps(ORDER).encode(), content_type) == ORDER


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_json_is_read_in_the_encodings_people_use(encoding: str) -> None:
    assert parse_body(json.dumps(ORDER, ensure_ascii=False).encode(encoding)) == ORDER


def test_big_endian_utf_16_is_known_by_its_mark() -> None:
    body = b"\xfe\xff" + json.dumps(ORDER, ensure_ascii=False).encode("utf-16-be")
    assert parse_body(body) == ORDER


def test_bytes_that_windows_1252_does_not_know_still_decode() -> None:
    assert parse_body(b'{"text":"\x81"}') == {"text": "\x81"}


@pytest.mark.parametrize("raw", [b"", b"  \r\n", b"\0", b"null", b"{}", b"\xef\xbb\xbf"])
def test_an_empty_body_is_an_empty_payload(raw: bytes) -> None:
    assert parse_body(raw, "application/json") == {}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (rb'{"text":"a\ud800b"}', "a\ufffdb"),
        (rb'{"text":"a\u0000b"}', "ab"),
        (b'{"text":"a\0b"}', "ab"),
        (rb'{"text":"\ud83d\ude00"}', "\U0001f600"),
        # Hand-made JSON has raw line breaks in its strings.
        (b'{"text":"a\nb\tc"}', "a\nb\tc"),
        (b'{"text":NaN}', None),
        (b'{"text":-Infinity}', None),
        (b'{"text":' + b"9" * 5000 + b"}", "9" * 5000),
        (b'{"text":"a"}\0\0', "a"),
        (b'{"text":"b","text":"a"}', "a"),
    ],
)
def test_odd_json_values_are_mended(raw: bytes, value: str | None) -> None:
    assert parse_body(raw) == {"text": value}


def test_keys_are_mended_too() -> None:
    assert parse_body(rb'{"te\u0000xt":{"\udfff":1}}') == {"text": {"\ufffd": 1}}


def test_a_body_encoded_twice_is_unwrapped() -> None:
    assert parse_body(json.dumps(json.dumps(ORDER)).encode()) == ORDER


@pytest.mark.parametrize(
    ("raw", "content_type", "code"),
    [
        (b"[]", "", FieldCode.BODY_NOT_OBJECT),
        (b'[{"text":"a"}]', "", FieldCode.BODY_NOT_OBJECT),
        (b"12", "application/json", FieldCode.BODY_NOT_OBJECT),
        (b"true", "", FieldCode.BODY_NOT_OBJECT),
        (b'"hello"', "", FieldCode.BODY_UNREADABLE),
        (b'{"text":"a"', "application/json", FieldCode.BODY_UNREADABLE),
        # curl says form by default: broken JSON must not turn into a strange key.
        (b'{"text":"a=b",}', FORM, FieldCode.BODY_UNREADABLE),
        (b"hello", "application/json", FieldCode.BODY_UNREADABLE),
        (b"<order><text>a=b</text></order>", "application/xml", FieldCode.BODY_UNREADABLE),
        (b"\x89PNG\r\n", "image/png", FieldCode.BODY_UNREADABLE),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", FieldCode.BODY_UNREADABLE),
        (MULTIPART[:-10], "multipart/form-data; boundary=B0", FieldCode.BODY_UNREADABLE),
        (b"[" * 100_000, "", FieldCode.BODY_TOO_DEEP),
        (b'{"a":' * 100_000, "", FieldCode.BODY_TOO_DEEP),
        (rb'{"\ud800":' + b"[" * 200 + b"]" * 200 + b"}", "", FieldCode.BODY_TOO_DEEP),
        (b"a=1&" * (MAX_PAIRS + 1), FORM, FieldCode.BODY_TOO_MANY_FIELDS),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(
    raw: bytes, content_type: str, code: FieldCode
) -> None:
    with pytest.raises(Refusal) as refused:
        parse_body(raw, content_type)
    assert (refused.value.code, refused.value.status) == (400, 400)
    assert refused.value.fields["body"].code == code


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (b"text=Hello+you&sender=Me", {"text": "Hello you", "sender": "Me"}),
        (
            b"recipients[0][phone_number]=%2B33600000000&recipients%5B1%5D%5Bphone_number%5D=+336",
            {"recipients": [{"phone_number": "+33600000000"}, {"phone_number": " 336"}]},
        ),
        (b"recipients[]=a&recipients[]=b", {"recipients": ["a", "b"]}),
        (b"recipients=a&recipients=b", {"recipients": ["a", "b"]}),
        (
            b"r[][phone_number]=a&r[][first_name]=A&r[][phone_number]=b",
            {"r": [{"phone_number": "a", "first_name": "A"}, {"phone_number": "b"}]},
        ),
        (
            b"metadata[type]=sms_premium&metadata[x][y]=1",
            {"metadata": {"type": "sms_premium", "x": {"y": "1"}}},
        ),
        (b"text=%E9t%E9", {"text": "été"}),
        (b"text=%C3%A9%00", {"text": "é"}),
        (b"text=%zz%", {"text": "%zz%"}),
        (b"=1&&[]=2&text", {"[]": "2", "text": ""}),
        (b"a=1&a[b]=2", {"a": {"0": "1", "b": "2"}}),
        (b"a[b]=2&a=1", {"a": {"b": "2", "1": "1"}}),
        (b"a[b=1", {"a[b": "1"}),
        (b"a" + b"[x]" * 100 + b"=1", {}),
        (b"x['quoted']=1", {"x": {"quoted": "1"}}),
    ],
)
def test_form_fields_with_brackets_nest(raw: bytes, payload: object) -> None:
    assert parse_body(raw, FORM) == payload


def test_form_fields_are_known_without_a_content_type() -> None:
    assert parse_body(b"text=a&type=sms_premium") == {"text": "a", "type": "sms_premium"}


def test_a_json_form_field_is_left_for_the_reader() -> None:
    assert parse_body(b'recipients=[{"phone_number":"1"}]', FORM) == {
        "recipients": '[{"phone_number":"1"}]'
    }


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=B0",
        'multipart/form-data; boundary="B0"',
        # A client that sets the header by hand forgets the boundary, or writes another.
        "multipart/form-data",
        "multipart/form-data; boundary=other",
        "application/json",
        "",
    ],
)
def test_multipart_is_read(content_type: str) -> None:
    assert parse_body(MULTIPART, content_type) == {
        "text": "Olé",
        "recipients": [{"phone_number": "+336"}],
        "metadata": '{"type":"x"}',
    }


def test_query_strings_nest_alike() -> None:
    assert parse_query(b"country_codes[]=FR&country_codes[]=ES&with_details=1") == {
        "country_codes": ["FR", "ES"],
        "with_details": "1",
    }


def request_of(chunks: Sequence[bytes], headers: dict[str, str], query: bytes = b"") -> Request:
    waiting = list(chunks)

    async def receive() -> Message:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "headers": raw, "query_string": query}
    return Request(scope, receive)


def test_a_request_is_read_from_body_and_query_and_the_body_wins() -> None:
    request = request_of([b'{"text":', b'"a"}'], {}, b"text=b&simulation_mode=true")
    assert asyncio.run(read_payload(request, 100)) == {"text": "a", "simulation_mode": "true"}


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ([b""], {"content-length": "101"}),
        ([b"x" * 60, b"x" * 60], {}),
        ([b"x" * 60, b"x" * 60], {"content-length": "5"}),
        ([b"x" * 101], {"content-length": "many"}),
        ([b""], {"content-length": "9" * 5000}),
    ],
)
def test_a_body_over_the_limit_is_refused_with_413(
    chunks: list[bytes], headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_payload(request_of(chunks, headers), 100))
    assert (refused.value.code, refused.value.status) == (400, 413)
    assert refused.value.fields["body"] == (FieldCode.BODY_TOO_LONG, {"limit": 100})


IMPATIENT = Patience(seconds=0.01, dropped_bytes=1000, dropped_seconds=0.01)


def endless(chunk: bytes, headers: dict[str, str] | None = None) -> tuple[Request, list[int]]:
    """A request whose body never ends, and how many chunks of it were taken.

    With an empty chunk nothing ever comes.
    """
    taken: list[int] = []

    async def receive() -> Message:
        if not chunk:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        taken.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": True}

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "headers": raw, "query_string": b""}
    return Request(scope, receive), taken


@pytest.mark.parametrize("limit", [0, 100])
def test_a_body_that_does_not_come_is_refused_with_408(limit: int) -> None:
    request, _ = endless(b"")
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_bytes(request, limit, IMPATIENT))
    assert (refused.value.code, refused.value.status) == (408, 408)


def test_a_body_that_trickles_is_refused_as_a_whole() -> None:
    request, taken = endless(b"x")
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_bytes(request, 1 << 40, IMPATIENT))
    assert refused.value.status == 408
    assert len(taken) > 1


@pytest.mark.parametrize("headers", [{}, {"content-length": "1000000"}])
def test_what_comes_after_the_limit_is_dropped_up_to_a_bound(headers: dict[str, str]) -> None:
    request, taken = endless(b"x" * 60, headers)
    patient = IMPATIENT._replace(seconds=30, dropped_seconds=30)
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_bytes(request, 100, patient))
    assert refused.value.status == 413
    assert 1000 < sum(taken) < 1300


def test_a_body_over_the_limit_that_stops_coming_is_not_waited_for() -> None:
    request, _ = endless(b"", {"content-length": "1000000"})
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_bytes(request, 100, IMPATIENT))
    assert refused.value.status == 413


def test_who_waits_for_continue_is_refused_without_reading() -> None:
    request, taken = endless(b"x", {"content-length": "1000000", "expect": "100-continue"})
    with pytest.raises(Refusal):
        asyncio.run(read_bytes(request, 100, IMPATIENT))
    assert taken == []
