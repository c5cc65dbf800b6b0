"""The declarative reader: where values are looked for, which wins, and what is noted."""

from typing import Any

import pytest

from octavo.api.lenient import fields, settings_fields
from octavo.api.lenient.body import parse_body
from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.kinds import Bool, Integer, Text
from octavo.api.lenient.openapi import body_schema, query_parameters, request_body
from octavo.api.lenient.reader import Field, Reading, Spec
from octavo.api.lenient.recipients import RecipientInput
from octavo.api.lenient.spelling import bare
from octavo.kit.clock import Instant, from_datetime, to_datetime

NOW = Instant(1_700_000_000_000_000)

SPECS = [
    fields.SMS_SEND,
    fields.MULTI_CHANNEL_SEND,
    settings_fields.CHECK_BALANCE,
    settings_fields.CAMPAIGN_PARAMETERS,
]


def send(**payload: JsonValue) -> Reading:
    return fields.MULTI_CHANNEL_SEND.read(payload, NOW)


def test_an_empty_request_reads_as_the_defaults() -> None:
    reading = send()
    assert reading[fields.TEXT] is None
    assert reading[fields.RECIPIENTS] == ()
    assert reading[fields.CHANNEL] is None
    assert reading[fields.TYPE] == "sms_premium"
    assert reading[fields.PURPOSE] == "wholesale"
    assert reading[fields.AUTO_OPTIMIZE_TEXT] is True
    assert reading[fields.SIMULATION_MODE] is False
    assert reading[fields.SEND_AT] is None
    assert reading.repaired == ()


def test_the_documented_request_is_read_without_repairs_but_its_past_date() -> None:
    reading = send(
        channel="sms",
        text="Hello, this is a test message.",
        recipients=[{"phone_number": "+33111222333"}, {"phone_number": "+33111222334"}],
        sender="SenderName",
        send_at="2020-12-19T10:00:00-07:00",
        purpose="alert",
        list_name="sms_list",
        simulation_mode=False,
        recipient_tracking=True,
        auto_optimize_text=True,
        auto_remove_blacklisted_contacts=True,
        metadata={"type": "sms_premium", "with_replies": True},
    )
    assert reading.repaired == ("send_at",)
    assert reading[fields.RECIPIENTS] == (
        RecipientInput("+33111222333"),
        RecipientInput("+33111222334"),
    )
    assert reading[fields.REMOVE_BLACKLISTED] is True
    assert reading[fields.WITH_REPLIES] is True


@pytest.mark.parametrize("blank", [None, "", "  ", [], {}])
def test_blank_optional_values_are_absent_not_repaired(blank: JsonValue) -> None:
    reading = send(send_at=blank, request_id=blank, purpose=blank, with_replies=blank, type=blank)
    assert reading.repaired == ()
    assert reading[fields.PURPOSE] == "wholesale"
    assert reading.cleared(fields.REQUEST_ID)
    assert not reading.given(fields.REQUEST_ID)
    assert not reading.cleared(fields.TEXT)


def test_hopeless_values_read_as_the_default_and_are_noted_by_name() -> None:
    reading = send(
        purpose="urgent", with_replies="maybe", send_at="soon", sender="!!", text={"a": 1}
    )
    assert reading[fields.PURPOSE] == "wholesale"
    assert reading[fields.SENDER] is None
    assert set(reading.repaired) == {"purpose", "with_replies", "send_at", "sender", "text"}
    assert not reading.given(fields.PURPOSE)


def test_unknown_keys_are_ignored() -> None:
    assert send(nonsense=1, **{"x" * 300: 2, "": 3, "💥": 4}).repaired == ()


@pytest.mark.parametrize(
    ("key", "repaired"),
    [
        ("send_at", ()),
        # A documented synonym is no repair, another spelling is one.
        ("sendAt", ("send_at",)),
        ("SEND_AT", ("send_at",)),
        ("Send-At", ("send_at",)),
        ("send at", ("send_at",)),
    ],
)
def test_keys_are_found_in_other_spellings(key: str, repaired: tuple[str, ...]) -> None:
    later = Instant(NOW + 1_000_000)
    reading = send(**{key: to_datetime(later).isoformat()})
    assert reading[fields.SEND_AT] == later
    assert reading.repaired == repaired


@pytest.mark.parametrize(
    "name",
    [
        "auto_remove_blacklisted_numbers",
        "auto_remove_blacklisted_contacts",
        "auto_delete_optout_contacts",
    ],
)
def test_the_blacklist_option_has_three_names(name: str) -> None:
    reading = send(**{name: True})
    assert reading[fields.REMOVE_BLACKLISTED] is True
    assert reading.repaired == ()


def test_sms_type_is_type() -> None:
    assert send(sms_type="sms_low_cost")[fields.TYPE] == "sms_low_cost"


@pytest.mark.parametrize(
    "payload",
    [
        {"metadata": {"request_id": "r1", "type": "sms_low_cost"}},
        {"request_id": "r1", "type": "sms_low_cost"},
        {"metadata": '{"request_id": "r1", "type": "sms_low_cost"}'},
        {"metadata": [{"request_id": "r1", "type": "sms_low_cost"}]},
        {"Metadata": {"request_id": "r1", "type": "sms_low_cost"}},
        # The top level wins while it is usable.
        {"request_id": "r1", "type": "sms_low_cost", "metadata": {"request_id": "r2", "type": "x"}},
        {"request_id": "", "type": None, "metadata": {"request_id": "r1", "type": "sms_low_cost"}},
    ],
)
@pytest.mark.parametrize("spec", [fields.SMS_SEND, fields.MULTI_CHANNEL_SEND])
def test_metadata_and_top_level_are_read_alike(spec: Spec, payload: JsonObject) -> None:
    reading = spec.read(payload, NOW)
    assert (reading[fields.REQUEST_ID], reading[fields.TYPE]) == ("r1", "sms_low_cost")
    assert reading.repaired == ()


def test_metadata_replaces_a_hopeless_value_above_it() -> None:
    reading = send(type="gold", metadata={"type": "sms_low_cost"})
    assert reading[fields.TYPE] == "sms_low_cost"
    assert reading.repaired == ("type",)


@pytest.mark.parametrize("metadata", [5, "text", True, [1]])
def test_hopeless_metadata_is_noted(metadata: JsonValue) -> None:
    assert send(metadata=metadata).repaired == ("metadata",)


@pytest.mark.parametrize("metadata", [None, "", {}, [], "{}"])
def test_empty_metadata_is_nothing(metadata: JsonValue) -> None:
    assert send(metadata=metadata).repaired == ()


def test_settings_are_read_in_their_objects_and_beside_them() -> None:
    payload: JsonObject = {
        "callbacks": {"callback_url_for_vocal_sms_deliveries": "https://a.example/v"},
        "campaign_parameters": '{"sender_for_vocal_sms": "12345"}',
        "alert_email_to": "me@example.org",
        "callback_url_for_inbounds": None,
    }
    reading = settings_fields.CAMPAIGN_PARAMETERS.read(payload, NOW)
    assert reading[settings_fields.URL_VOICE_DELIVERIES] == "https://a.example/v"
    assert reading[settings_fields.SENDER_VOICE] == "12345"
    assert reading[settings_fields.ALERT_EMAILS_TO] == ("me@example.org",)
    assert reading.cleared(settings_fields.URL_INBOUNDS)
    assert not reading.cleared(settings_fields.URL_DELIVERIES)
    assert not reading.given(settings_fields.URL_DELIVERIES)


def test_an_unusable_address_does_not_clear_the_old_one() -> None:
    payload: JsonObject = {
        "callback_url_for_visits": "ftp://x",
        "callbacks": {"callback_url_for_visits": ""},
    }
    reading = settings_fields.CAMPAIGN_PARAMETERS.read(payload, NOW)
    assert not reading.cleared(settings_fields.URL_VISITS)
    assert reading.repaired == ("callback_url_for_visits",)


@pytest.mark.parametrize("spec", SPECS)
def test_no_two_fields_share_a_name_in_any_spelling(spec: Spec) -> None:
    names = [bare(name) for field in spec.fields for name in field.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("spec", SPECS)
def test_every_field_is_described_with_its_default(spec: Spec) -> None:
    shown: dict[Any, Any] = {one["name"]: one for one in query_parameters(spec)}
    for field in spec.fields:
        assert field.doc.endswith(".")
        assert shown[field.name]["description"] == field.doc
        if isinstance(field.default, bool | str) and not field.required:
            assert shown[field.name]["schema"]["default"] == field.default


def test_a_body_is_described_as_json_and_as_form() -> None:
    body: Any = request_body(fields.MULTI_CHANNEL_SEND, {"channel": "sms"})
    assert list(body["content"]) == ["application/json", "application/x-www-form-urlencoded"]
    schema: Any = body_schema(fields.MULTI_CHANNEL_SEND)
    assert schema["required"] == ["channel", "text", "recipients"]
    assert schema["properties"]["purpose"] == {
        "type": ["string", "null"],
        "enum": ["alert", "wholesale", None],
        "default": "wholesale",
        "description": fields.PURPOSE.doc,
    }
    inside = schema["properties"]["metadata"]["properties"]
    assert list(inside) == ["type", "with_replies", "request_id"]


def test_a_direct_send_has_everything_at_the_top_level() -> None:
    schema: Any = body_schema(fields.SMS_SEND)
    assert "metadata" not in schema["properties"]


def test_a_spec_of_ones_own() -> None:
    name = Field("name", Text(3), default="?", doc="A name.")
    age = Field("age", Integer(0, 150), default=None, doc="Years.")
    loud = Field("loud", Bool(), default=False, doc="Whether to shout.")
    reading = Spec(name, age, loud).read({"name": "Anna", "age": "41", "Loud": "yes"}, NOW)
    assert (reading[name], reading[age], reading[loud]) == ("Ann", 41, True)
    assert reading.repaired == ("name", "loud")


def test_an_unusable_date_is_now() -> None:
    reading = send(send_at="2030-01-01 00:00")
    send_at = reading[fields.SEND_AT]
    assert send_at is not None
    assert to_datetime(send_at).isoformat() == "2029-12-31T23:00:00+00:00"
    assert from_datetime(to_datetime(send_at)) == send_at


@pytest.mark.parametrize(
    ("raw", "kind", "repaired"),
    [
        (rb'{"text": "a\u0000b"}', "", "text"),
        (b'{"text": "a\0b"}', "", "text"),
        (rb'{"text": "a\ud800b"}', "", "text"),
        (rb'{"te\u0000xt": "ab"}', "", "text"),
        (rb'{"request_id": "\u0000a"}', "", "request_id"),
        (rb'{"request_id": "\u0000"}', "", "request_id"),
        (rb'{"metadata": {"request_id": "\u0000a"}}', "", "request_id"),
        (rb'{"request_id": ["a"]}', "", "request_id"),
        (rb'{"recipients": [{"phone_number": "+33600000001\u0000"}]}', "", "recipients"),
        (rb'{"recipients": [{"phone_number\u0000": "+33600000001"}]}', "", "recipients"),
        (b"text=a%00b", "application/x-www-form-urlencoded", "text"),
        (b"recipients[0][phone_number]=%00336", "application/x-www-form-urlencoded", "recipients"),
    ],
)
def test_deleted_and_replaced_characters_are_noted(raw: bytes, kind: str, repaired: str) -> None:
    assert fields.SMS_SEND.read(parse_body(raw, kind), NOW).repaired == (repaired,)


def test_what_needed_no_mending_is_not_noted() -> None:
    raw = rb'{"id": "\u0000", "text": "\ud83d\ude00", "recipients": [{"phone_number": "+336"}]}'
    assert fields.SMS_SEND.read(parse_body(raw), NOW).repaired == ()
