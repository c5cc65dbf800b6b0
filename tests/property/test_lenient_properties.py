"""Whatever arrives is read or refused with 400 or 413; a repaired value needs no second repair."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from octavo.api.errors import Language, recipient_note, render
from octavo.api.lenient import fields, settings_fields
from octavo.api.lenient.body import parse_body, parse_query
from octavo.api.lenient.contactkinds import Country, Email, Phone, Sender, Url
from octavo.api.lenient.dates import parse_moment, read_moment
from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.kinds import Bool, Integer, Json, Kind, Many, Text
from octavo.api.lenient.reader import Reading
from octavo.api.lenient.recipients import MAX_ENTRIES, Recipients
from octavo.api.lenient.words import CHANNEL, PRODUCT, PURPOSE, SMS_TYPE
from octavo.kit.clock import Instant, to_datetime
from octavo.kit.errors import Refusal

NOW = Instant(1_700_000_000_000_000)
SPECS = (
    fields.SMS_SEND,
    fields.MULTI_CHANNEL_SEND,
    settings_fields.CHECK_BALANCE,
    settings_fields.CAMPAIGN_PARAMETERS,
)
NAMES = sorted({name for spec in SPECS for field in spec.fields for name in field.names})
KINDS: list[Kind[object]] = [
    *(Text(), Text(30, trim=True), Bool(), Integer(0, 1000), Json(), Many(Email())),
    *(SMS_TYPE, PURPOSE, CHANNEL, PRODUCT, Sender(), Sender(digits_only=True)),
    *(Phone(), Email(), Url(), Country()),
]

any_text = st.text(st.characters(codec=None), max_size=40)
scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), any_text),
    st.integers(min_value=10**8, max_value=10**20),
    st.sampled_from(["true", "2030-01-01", "alert", "+33600000000", "[", "{}", "\ud800", "\0", ""]),
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | any_text, inner, max_size=4)
    ),
    max_leaves=12,
)
payloads = st.dictionaries(
    st.sampled_from([*NAMES, "metadata", "callbacks", "sendAt"]) | any_text, json_values, max_size=8
)
content_types = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
fragments = st.sampled_from(
    [
        *(b"recipients", b"text", b"[", b"]", b"[]", b"[0]", b"=", b"&", b"%", b"%ED%A0%80", b"+"),
        *(b"--x", b"\r\n", b'Content-Disposition: form-data; name="text"', b"\0", b"{", b"}", b'"'),
        *(b":", b",", b"\\ud800", b"1e999", b"NaN", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9"),
    ]
)


def attempt(raw: bytes, content_type: str) -> JsonObject | Refusal:
    try:
        return parse_body(raw, content_type)
    except Refusal as refusal:
        return refusal


def read_all(raw: bytes, content_type: str) -> list[Reading]:
    payload = attempt(raw, content_type)
    if isinstance(payload, Refusal):
        assert payload.status in (400, 413)
        assert render(payload, "fr")["errors"]
        return []
    readings = [spec.read(payload, NOW) for spec in SPECS]
    for spec, reading in zip(SPECS, readings, strict=True):
        known = {field.name for field in spec.fields} | {"metadata"}
        known |= {field.group for field in spec.fields}
        assert set(reading.repaired) <= known
        values = [reading[field] for field in spec.fields]
        # What was read can be stored and shown: no NULs, no lone surrogates, nothing endless.
        json.dumps(values, ensure_ascii=False).encode()
        assert "\\u0000" not in json.dumps(values)
    return readings


@given(st.binary(max_size=200) | st.lists(fragments, max_size=25).map(b"".join), content_types)
def test_any_bytes_are_read_or_refused(raw: bytes, content_type: str) -> None:
    read_all(raw, content_type)


@given(payloads | json_values, st.booleans(), content_types)
def test_any_json_is_read_or_refused(value: JsonValue, ascii_only: bool, content_type: str) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    read_all(text.encode("utf-8", errors="replace"), content_type)


@given(st.binary(max_size=200) | st.lists(fragments, max_size=25).map(b"".join))
def test_any_query_is_read(raw: bytes) -> None:
    for spec in SPECS:
        spec.read(parse_query(raw), NOW)


@given(payloads)
def test_a_json_object_is_never_refused_by_its_content(payload: dict[str, JsonValue]) -> None:
    assert read_all(json.dumps(payload).encode(), "application/json")


@given(st.sampled_from(KINDS), json_values)
def test_a_repaired_value_needs_no_second_repair(kind: Kind[object], value: JsonValue) -> None:
    once = kind.read(value, NOW)
    if once is None:
        return
    plain: JsonValue = json.loads(json.dumps(once.value))
    twice = kind.read(plain, NOW)
    if isinstance(plain, float) and not math.isfinite(plain):
        return
    assert twice is not None
    assert (json.dumps(twice.value), twice.repaired) == (json.dumps(once.value), False)


@given(json_values)
def test_recipients_read_twice_are_the_same(value: JsonValue) -> None:
    once = Recipients().read(value, NOW)
    if once is None:
        return
    assert len(once.value) <= MAX_ENTRIES
    again: JsonValue = [dict(row._asdict()) for row in once.value]
    twice = Recipients().read(again, NOW)
    assert twice is not None
    assert twice.value == once.value
    assert not twice.repaired or not all(any(row) for row in once.value)


moments = st.timedeltas(timedelta(days=-25_000), timedelta(days=2_930_000)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments, offsets, st.sampled_from("T t"), st.booleans())
def test_iso_8601_with_an_offset_goes_round(
    moment: datetime, offset: timezone, between: str, colon: bool
) -> None:
    text = moment.astimezone(offset).isoformat(between)
    if not colon:
        text = text[:-3] + text[-2:]
    read = parse_moment(text)
    assert read is not None
    assert to_datetime(read) == moment


@given(moments, offsets)
def test_a_plus_that_became_a_blank_is_still_a_plus(moment: datetime, offset: timezone) -> None:
    text = moment.astimezone(offset).isoformat()
    assert parse_moment(text.replace("+", " ")) == parse_moment(text)


@given(st.integers(0, 99_999_999_999))
def test_unix_seconds_and_milliseconds_agree(seconds: int) -> None:
    digits = str(seconds)
    if len(digits) in (9, 10):
        in_seconds = parse_moment(seconds)
        assert in_seconds == seconds * 1_000_000 == parse_moment(digits)
        if len(digits) == 10:
            assert parse_moment(seconds * 1000) == in_seconds == parse_moment(digits + "000")


@given(json_values | st.text("0123456789-:T+Z /.,apmAPMGMT()[]", max_size=40))
def test_any_value_is_a_moment_to_come_or_none(value: JsonValue) -> None:
    moment = read_moment(value, NOW)
    if moment is not None:
        assert moment > NOW
        assert to_datetime(moment).year <= 9999


@given(st.lists(any_text, max_size=30), st.lists(any_text, max_size=30), st.sampled_from(Language))
def test_notes_are_one_printable_line(a: list[str], b: list[str], language: Language) -> None:
    note = recipient_note(a, b, language)
    assert note.isprintable()
    assert bool(note) == bool(a or b)
    assert len(note) < 1000
