"""Campaign parameters (contract 5.13): two addresses, all spellings, nothing shared."""

import json
from typing import Any

import pytest

from tests.common.server import Customer, Server

READ = ("/user/campaign-parameters", "/campaign/parameters")
EDIT = (
    "/user/campaign-parameters/edit",
    "/campaign/parameters/edit",
    "/user/campaign-parameters",
    "/campaign/parameters",
)
NEWEST: dict[str, Any] = {
    "sms_campaign_alert_parameters": {
        "alert_type": "sms_low_cost",
        "alert_bound": "12000",
        "alert_emails_to": ["a@example.org", "b@example.org"],
        "alert_phone_number_to": "+33611121314",
    },
    "campaign_parameters": {
        "sender_for_sms_premium": "My Shop",
        "sender_for_voice_sms": "12345",
        "phone_number_for_test_sms": "+33611121314",
    },
    "callbacks": {
        "callback_url_for_inbounds": "https://example.org/1",
        "callback_url_for_deliveries": "https://example.org/2",
        "callback_url_for_blacklisted_numbers": "https://example.org/3",
        "callback_url_for_visits": "https://example.org/4",
        "email_for_inbounds": "inbox@example.org",
        "api_version": "2",
        "use_metadata_node_for_inbound": True,
    },
}
SMS = "callback_url_for_sms_deliveries"
VOICE = "callback_url_for_voice_sms_deliveries"
VOCAL = "callback_url_for_vocal_sms_deliveries"
ALL = "callback_url_for_deliveries"


def edit(customer: Customer, body: dict[str, Any], path: str = EDIT[0]) -> dict[str, Any]:
    response = customer.patch(path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def callbacks(customer: Customer) -> dict[str, Any]:
    found: dict[str, Any] = customer.get(READ[0]).json()["callbacks"]
    return found


@pytest.mark.parametrize("path", EDIT)
def test_the_newest_form_is_kept_and_given_back(customer: Customer, path: str) -> None:
    response = customer.patch(path, json=NEWEST)
    assert response.status_code == 200
    assert "octavo-repaired" not in response.headers
    assert customer.get(READ[1]).json() == NEWEST
    older = customer.get(READ[0]).json()
    assert older["sms_campaign_alert_parameters"] == {
        "alert_type": "sms_low_cost",
        "alert_bound": 12000,
        "alert_email_to": "a@example.org, b@example.org",
        "alert_phone_number_to": "+33611121314",
    }
    assert older["campaign_parameters"] == NEWEST["campaign_parameters"]
    assert older["callbacks"].keys() == NEWEST["callbacks"].keys() - {
        "api_version",
        "use_metadata_node_for_inbound",
    }
    # What an edit answers has the form of its address.
    assert response.json() == (older if path.startswith("/user") else NEWEST)


@pytest.mark.parametrize("path", READ)
def test_what_is_given_back_may_be_sent_again(customer: Customer, path: str) -> None:
    for body in (NEWEST, {SMS: "https://example.org/5"}, {VOICE: None}):
        edit(customer, body)
        before = [customer.get(one).json() for one in READ]
        edit(customer, customer.get(path).json())
        assert [customer.get(one).json() for one in READ] == before


def test_a_new_account_has_every_key_and_no_value(customer: Customer) -> None:
    for path in READ:
        fresh = customer.get(path).json()
        assert fresh.keys() == NEWEST.keys()
        values = [value for group in fresh.values() for value in group.values()]
        assert not any(values)
    assert customer.get(READ[1]).json()["sms_campaign_alert_parameters"]["alert_emails_to"] == []


def test_a_part_of_the_object_leaves_the_rest(customer: Customer) -> None:
    edit(customer, NEWEST)
    after = edit(
        customer, {"callbacks": {"callback_url_for_visits": "https://example.org/9"}}, EDIT[1]
    )
    expected = json.loads(json.dumps(NEWEST))
    expected["callbacks"]["callback_url_for_visits"] = "https://example.org/9"
    assert after == expected
    assert edit(customer, {}, EDIT[1]) == expected


@pytest.mark.parametrize("nothing", [None, "", "  ", []], ids=repr)
def test_nothing_clears_a_value_and_only_that(customer: Customer, nothing: object) -> None:
    for group, values in NEWEST.items():
        for name, value in values.items():
            edit(customer, NEWEST)
            after = edit(customer, {group: {name: nothing}}, EDIT[1])
            assert not after[group][name], name
            after[group][name] = value
            assert {k: v for k, v in after["callbacks"].items() if k in NEWEST["callbacks"]} == (
                NEWEST["callbacks"]
            )
            assert after["campaign_parameters"] == NEWEST["campaign_parameters"]


@pytest.mark.parametrize(
    ("body", "sms", "voice"),
    [
        ({ALL: "https://example.org/a"}, "https://example.org/a", "https://example.org/a"),
        ({SMS: "https://example.org/s"}, "https://example.org/s", None),
        ({VOICE: "https://example.org/v"}, None, "https://example.org/v"),
        ({VOCAL: "https://example.org/v"}, None, "https://example.org/v"),
        (
            {SMS: "https://example.org/s", VOCAL: "https://example.org/v"},
            "https://example.org/s",
            "https://example.org/v",
        ),
        (
            {ALL: "https://example.org/a", SMS: "https://example.org/s"},
            "https://example.org/s",
            "https://example.org/a",
        ),
        ({ALL: "https://example.org/a", VOICE: None}, "https://example.org/a", None),
    ],
    ids=str,
)
@pytest.mark.parametrize("grouped", [True, False])
def test_addresses_by_channel(
    customer: Customer, body: dict[str, Any], sms: str | None, voice: str | None, grouped: bool
) -> None:
    edit(customer, {"callbacks": body} if grouped else body)
    stored = dict(
        customer.server.rows(
            "SELECT name, value FROM parameter WHERE account_id = ?", customer.account
        )
    )
    assert (stored.get(SMS), stored.get(VOICE)) == (sms, voice)
    shown = callbacks(customer)
    if sms == voice:
        assert shown[ALL] == sms
        assert not {SMS, VOICE} & shown.keys()
    else:
        assert (shown[SMS], shown[VOICE]) == (sms, voice)


def test_the_address_of_all_channels_overrides_and_clears_both(customer: Customer) -> None:
    edit(customer, {SMS: "https://example.org/s", VOICE: "https://example.org/v"})
    edit(customer, {ALL: "https://example.org/a"})
    assert callbacks(customer)[ALL] == "https://example.org/a"
    assert not {SMS, VOICE} & callbacks(customer).keys()
    edit(customer, {ALL: None})
    assert callbacks(customer)[ALL] is None


@pytest.mark.parametrize(
    ("body", "group", "name", "value"),
    [
        ({"sender_for_vocal_sms": "777"}, "campaign_parameters", "sender_for_voice_sms", "777"),
        ({"sender_for_voice_sms": 777}, "campaign_parameters", "sender_for_voice_sms", "777"),
        ({"senderForSmsPremium": "Shop"}, "campaign_parameters", "sender_for_sms_premium", "Shop"),
        (
            {"campaign_parameters": '{"sender_for_sms_premium": "Shop"}'},
            "campaign_parameters",
            "sender_for_sms_premium",
            "Shop",
        ),
        ({"alert_bound": "150"}, "sms_campaign_alert_parameters", "alert_bound", 150),
        ({"alert_bound": 150.0}, "sms_campaign_alert_parameters", "alert_bound", 150),
        ({"alert_bound": 0}, "sms_campaign_alert_parameters", "alert_bound", 0),
        (
            {"alert_type": "SMS_PREMIUM"},
            "sms_campaign_alert_parameters",
            "alert_type",
            "sms_premium",
        ),
        ({"alert_type": "premium"}, "sms_campaign_alert_parameters", "alert_type", "sms_premium"),
        (
            {"alert_emails_to": "a@example.org"},
            "sms_campaign_alert_parameters",
            "alert_email_to",
            "a@example.org",
        ),
        (
            {"callback_url_for_visits": "example.org/4"},
            "callbacks",
            "callback_url_for_visits",
            "https://example.org/4",
        ),
    ],
    ids=str,
)
def test_other_spellings(
    customer: Customer, body: dict[str, Any], group: str, name: str, value: object
) -> None:
    assert edit(customer, body)[group][name] == value


@pytest.mark.parametrize(
    ("body", "noted"),
    [
        (
            {"callbacks": {"callback_url_for_visits": "ftp://example.org"}},
            "callback_url_for_visits",
        ),
        ({"callbacks": {"email_for_inbounds": "nobody"}}, "email_for_inbounds"),
        ({"campaign_parameters": {"sender_for_voice_sms": "abc"}}, "sender_for_voice_sms"),
        ({"alert_type": "gold"}, "alert_type"),
        ({"alert_bound": "many"}, "alert_bound"),
        ({"callbacks": "nothing of the kind"}, "callbacks"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_noted_and_changes_nothing(
    customer: Customer, body: dict[str, Any], noted: str
) -> None:
    edit(customer, NEWEST)
    response = customer.patch(EDIT[1], json=body)
    assert response.status_code == 200
    assert response.headers["octavo-repaired"] == noted
    assert response.json() == NEWEST


def test_form_fields_do_as_well(customer: Customer) -> None:
    form = {"callbacks[callback_url_for_deliveries]": "https://example.org/2", "alert_bound": "7"}
    answer = customer.patch(EDIT[0], data=form).json()
    assert answer["callbacks"][ALL] == "https://example.org/2"
    assert answer["sms_campaign_alert_parameters"]["alert_bound"] == 7


def test_another_account_sees_and_changes_nothing_of_it(server: Server) -> None:
    one, other = server.customer(), server.customer()
    edit(one, NEWEST)
    assert not callbacks(other)[ALL]
    edit(other, {ALL: "https://example.com/other"})
    edit(other, {ALL: None})
    assert one.get(READ[1]).json() == NEWEST
