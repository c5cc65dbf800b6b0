"""One table per kind: what goes in, what comes out, and whether that is a repair."""

import pytest

from octavo.api.lenient.contactkinds import Country, Email, Phone, Sender, Url
from octavo.api.lenient.jsontext import JsonValue
from octavo.api.lenient.kinds import Bool, Choice, Integer, Json, Kind, Many, Moment, Text
from octavo.api.lenient.words import CHANNEL, PRODUCT, PURPOSE, SMS_TYPE
from octavo.kit.clock import Instant, from_datetime, to_datetime

NOW = Instant(1_700_000_000_000_000)
CLEAN, REPAIRED = False, True


def check(kind: Kind[object], value: JsonValue, expected: object, *, repaired: bool) -> None:
    read = kind.read(value, NOW)
    assert read is not None
    assert (read.value, type(read.value), read.repaired) == (expected, type(expected), repaired)


@pytest.mark.parametrize(
    ("value", "expected", "repaired"),
    [
        ("Hello", "Hello", CLEAN),
        (" Hello ", " Hello ", CLEAN),
        (12, "12", REPAIRED),
        (12.0, "12", REPAIRED),
        (12.5, "12.5", REPAIRED),
        (True, "true", REPAIRED),
        (["Hello"], "Hello", REPAIRED),
        ([["Hello"]], "Hello", REPAIRED),
        # Of several the last counts, as when a form repeats a key.
        (["a", "b"], "b", REPAIRED),
    ],
)
def test_text(value: JsonValue, expected: str, repaired: bool) -> None:
    check(Text(), value, expected, repaired=repaired)


def test_text_is_cut_and_trimmed_where_the_field_says_so() -> None:
    check(Text(5, trim=True), "  Hello World", "Hello", repaired=REPAIRED)
    check(Text(5, trim=True), "Hello", "Hello", repaired=CLEAN)


@pytest.mark.parametrize(
    "value", [{}, {"a": 1}, [], [[]], float("nan"), 10**200, ["", " "], [None]]
)
def test_hopeless_texts(value: JsonValue) -> None:
    assert Text().read(value, NOW) is None


@pytest.mark.parametrize(
    ("value", "expected", "repaired"),
    [
        (True, True, CLEAN),
        (False, False, CLEAN),
        # The contract accepts these as they are (2.4).
        *((1, True, CLEAN), (0, False, CLEAN), ("true", True, CLEAN), ("True", True, CLEAN)),
        *(
            ("FALSE", False, CLEAN),
            ("1", True, CLEAN),
            ("0", False, CLEAN),
            (" true ", True, CLEAN),
        ),
        *((1.0, True, REPAIRED), (0.0, False, REPAIRED), ("1.0", True, REPAIRED)),
        *(("yes", True, REPAIRED), ("on", True, REPAIRED), ("y", True, REPAIRED)),
        *(("t", True, REPAIRED), ("oui", True, REPAIRED), ("Sí", True, REPAIRED)),
        *(("no", False, REPAIRED), ("OFF", False, REPAIRED), ("non", False, REPAIRED)),
        *(([True], True, REPAIRED), (["false"], False, REPAIRED), (["0", "1"], True, REPAIRED)),
    ],
)
def test_booleans(value: JsonValue, expected: bool, repaired: bool) -> None:
    check(Bool(), value, expected, repaired=repaired)


@pytest.mark.parametrize("value", ["maybe", 2, -1, {}, [[]], "null", float("nan"), "tru", 0.5])
def test_hopeless_booleans(value: JsonValue) -> None:
    assert Bool().read(value, NOW) is None


@pytest.mark.parametrize(
    ("value", "expected", "repaired"),
    [
        (5, 5, CLEAN),
        ("5", 5, CLEAN),
        (" 5 ", 5, REPAIRED),
        (5.0, 5, REPAIRED),
        (5.7, 5, REPAIRED),
        ("5.0", 5, REPAIRED),
        ("1 000", 1000, REPAIRED),
        ("5,9", 5, REPAIRED),
        (["5"], 5, REPAIRED),
        (-3, 0, REPAIRED),
        (10**30, 5000, REPAIRED),
        ("1e99", 5000, REPAIRED),
    ],
)
def test_integers(value: JsonValue, expected: int, repaired: bool) -> None:
    check(Integer(0, 5000), value, expected, repaired=repaired)


@pytest.mark.parametrize(
    "value", ["five", True, {}, float("inf"), "inf", "nan", "9" * 5000, "1_000", "0x10", "²"]
)
def test_hopeless_integers(value: JsonValue) -> None:
    assert Integer(0, 5000).read(value, NOW) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected", "repaired"),
    [
        (PURPOSE, "alert", "alert", CLEAN),
        (PURPOSE, "WholeSale", "wholesale", CLEAN),
        (PURPOSE, " Alert ", "alert", CLEAN),
        (PURPOSE, "transactional", "alert", REPAIRED),
        (PURPOSE, "transactionnel", "alert", REPAIRED),
        (PURPOSE, "Transaccional", "alert", REPAIRED),
        (PURPOSE, "ALERTA", "alert", REPAIRED),
        (PURPOSE, "transactional/alert", "alert", REPAIRED),
        (PURPOSE, "marketing", "wholesale", REPAIRED),
        (SMS_TYPE, "sms_premium", "sms_premium", CLEAN),
        (SMS_TYPE, "SMS_LOW_COST", "sms_low_cost", CLEAN),
        (SMS_TYPE, "sms-low-cost", "sms_low_cost", REPAIRED),
        (SMS_TYPE, "Premium SMS", "sms_premium", REPAIRED),
        (SMS_TYPE, "lowcost", "sms_low_cost", REPAIRED),
        (SMS_TYPE, "vocal_sms", "sms_premium", REPAIRED),
        (SMS_TYPE, "voice_sms", "sms_premium", REPAIRED),
        (SMS_TYPE, ["sms_vocal"], "sms_premium", REPAIRED),
        (SMS_TYPE, "FR", "sms_premium", REPAIRED),
        (SMS_TYPE, "XXX", "sms_low_cost", REPAIRED),
        (CHANNEL, "SMS", "sms", CLEAN),
        (CHANNEL, "vocal_sms", "voice_sms", REPAIRED),
        (CHANNEL, "voice", "voice_sms", REPAIRED),
        (CHANNEL, "mail", "email", REPAIRED),
        (CHANNEL, "live-chat", "live_chat", REPAIRED),
        (PRODUCT, "vocal_sms", "vocal_sms", CLEAN),
        (PRODUCT, "voice_sms", "vocal_sms", REPAIRED),
        (PRODUCT, "premium_sms", "sms_premium", REPAIRED),
        (PRODUCT, "HLR", "hlr", CLEAN),
        (Choice({"fr-FR": ("french",)}), "FR-fr", "fr-FR", CLEAN),
        (Choice({"fr-FR": ("french",)}), "fr_fr", "fr-FR", REPAIRED),
    ],
)
def test_choices(kind: Choice[str], value: JsonValue, expected: str, repaired: bool) -> None:
    check(kind, value, expected, repaired=repaired)


@pytest.mark.parametrize("value", ["", "urgent", 7, True, {}, "x" * 10_000, float("nan")])
@pytest.mark.parametrize("kind", [PURPOSE, SMS_TYPE, CHANNEL, PRODUCT])
def test_unknown_words_choose_nothing(kind: Choice[str], value: JsonValue) -> None:
    assert kind.read(value, NOW) is None


@pytest.mark.parametrize(
    ("value", "expected", "repaired"),
    [
        ("SenderName", "SenderName", CLEAN),
        # A space may stay (contract 17 #19).
        ("Company X", "Company X", CLEAN),
        ("Café Zoë", "Cafe Zoe", REPAIRED),
        ("Ærøskøbing", "AEroskobing", REPAIRED),
        ("Straße", "Strasse", REPAIRED),
        ("Œuvre", "OEuvre", REPAIRED),
        ("L'Oréal!", "LOreal", REPAIRED),
        ("A very long sender", "A very long", REPAIRED),
        # What the cut leaves behind is trimmed again.
        ("Ten chars. and", "Ten chars a", REPAIRED),
        ("0123456789 x", "0123456789", REPAIRED),
        ("+33600000000", "33600000000", REPAIRED),
        (12345, "12345", REPAIRED),
        ("A\u00a0B C", "A B C", REPAIRED),
        ("  Shop  ", "Shop", REPAIRED),
        (["Shop"], "Shop", REPAIRED),
        ("\u2466\u2467\u2468", "789", REPAIRED),
    ],
)
def test_senders(value: JsonValue, expected: str, repaired: bool) -> None:
    check(Sender(), value, expected, repaired=repaired)


@pytest.mark.parametrize("value", ["AB", "é!", "***", "А Б В", {}, 12, "  A  ", "\ufdfa" * 10_000])
def test_a_sender_with_fewer_than_three_left_is_none(value: JsonValue) -> None:
    assert Sender().read(value, NOW) is None


def test_a_voice_sender_keeps_digits_only() -> None:
    check(Sender(digits_only=True), "+33 1 11 22 33 44", "33111223344", repaired=REPAIRED)
    assert Sender(digits_only=True).read("Company", NOW) is None


def test_moments_come_from_the_date_reader() -> None:
    later = to_datetime(Instant(NOW + 86_400_000_000))
    check(Moment(), later.isoformat(), from_datetime(later), repaired=CLEAN)
    assert Moment().read("2018-10-03T07:42:39-07:00", NOW) is None
    assert Moment().read("whenever", NOW) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected", "repaired"),
    [
        (Country(), "FR", "FR", CLEAN),
        (Country(), "fr", "FR", CLEAN),
        (Country(), "fr-FR", "FR", REPAIRED),
        (Country(), "uk", "GB", REPAIRED),
        (Country(), ["ES"], "ES", REPAIRED),
        (Email(), "a@example.org", "a@example.org", CLEAN),
        (Email(), " a@example.org", "a@example.org", REPAIRED),
        (Email(), "Anna <a@example.org>", "a@example.org", REPAIRED),
        (Email(), "mailto:a@example.org", "a@example.org", REPAIRED),
        (Url(), "https://example.org/hook?a=1", "https://example.org/hook?a=1", CLEAN),
        (Url(), "http://127.0.0.1:8000", "http://127.0.0.1:8000", CLEAN),
        (Url(), "mywebhook.dns/webhook-1", "https://mywebhook.dns/webhook-1", REPAIRED),
        (Phone(), "+33611121314", "+33611121314", CLEAN),
        (Phone(), 33611121314, "33611121314", REPAIRED),
        (Many(Email()), ["a@example.org"], ("a@example.org",), CLEAN),
        (
            Many(Email()),
            "a@example.org; b@example.org",
            ("a@example.org", "b@example.org"),
            REPAIRED,
        ),
        (Many(Email()), ["a@example.org", "x"], ("a@example.org",), REPAIRED),
        (Many(Country()), {"0": "FR", "1": "ES"}, ("FR", "ES"), REPAIRED),
        (Many(Country()), '["FR"]', ("FR",), REPAIRED),
        (Json(), {"a": [1]}, {"a": [1]}, CLEAN),
        (Json(), '{"a": [1]}', {"a": [1]}, REPAIRED),
    ],
)
def test_what_reaches_people(
    kind: Kind[object], value: JsonValue, expected: object, repaired: bool
) -> None:
    check(kind, value, expected, repaired=repaired)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Country(), "France"),
        (Country(), 33),
        (Country(), "F1"),
        (Email(), "a at example.org"),
        (Email(), "a@b@c"),
        (Email(), "[email protected]"),
        (Url(), "javascript:alert(1)"),
        (Url(), "ftp://example.org"),
        (Url(), "http://"),
        (Url(), "http://[::1"),
        (Url(), "http://example.org:99999"),
        (Url(), "http://exa mple.org"),
        (Url(), "http://example.org/\r\nX: y"),
        (Url(), "http://example.org/" + "x" * 3000),
        (Phone(), "none"),
        (Many(Email()), ["x", 5]),
    ],
)
def test_what_reaches_nobody(kind: Kind[object], value: JsonValue) -> None:
    assert kind.read(value, NOW) is None


def test_json_deeper_than_the_field_allows_is_ignored() -> None:
    deep: JsonValue = []
    for _ in range(900):
        deep = [deep]
    assert Json(16).read(deep, NOW) is None
