"""The balance, in euros and in units of a product (contract 5.7)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.common.server import Customer, exact

PATH = "/wallet/check-balance"


def ask(customer: Customer, query: str) -> dict[str, Any]:
    response = customer.get(f"{PATH}?{query}")
    assert response.status_code == 200, response.text
    return exact(response)


@pytest.mark.parametrize("query", ["", "with_details=false", "with_details=", "other=1", "&&=&"])
def test_money(customer: Customer, query: str) -> None:
    response = customer.get(f"{PATH}?{query}")
    assert response.status_code == 200
    assert response.text == '{"amount":100,"unit":"euros"}'


@pytest.mark.parametrize("yes", ["true", "True", "TRUE", "1", "yes", "on"])
def test_details_list_the_packs(customer: Customer, yes: str) -> None:
    answer = ask(customer, f"with_details={yes}")
    [pack] = answer["wallet_packs"]
    assert pack["id"] == pack["wallet_pack_id"]
    assert pack["credit"] == 100
    assert pack["expiration_date"] is None


def test_the_packs_add_up_to_the_balance(customer: Customer) -> None:
    customer.send()
    answer = ask(customer, "with_details=1")
    assert answer["amount"] == Decimal("99.955") == sum(p["credit"] for p in answer["wallet_packs"])


@pytest.mark.parametrize(
    ("query", "amount", "unit"),
    [
        ("country_code=FR&product_name=sms_premium", 2222, "sms_premium"),
        ("country_code=fr&product_name=SMS_PREMIUM", 2222, "sms_premium"),
        ("country_code=%20Fr%20&product_name=premium_sms", 2222, "sms_premium"),
        ("countryCode=FR&productName=sms_premium", 2222, "sms_premium"),
        ("country_code=FR&product_name=sms_low_cost", 3030, "sms_low_cost"),
        ("country_code=FR&product_name=low_cost_sms", 3030, "sms_low_cost"),
        ("country_code=FR&product_name=vocal_sms", 2000, "vocal_sms"),
        ("country_code=FR&product_name=voice_sms", 2000, "vocal_sms"),
        ("country_code=FR&product_name=sms_vocal", 2000, "vocal_sms"),
        ("country_code=FR&product_name=hlr", 14285, "hlr"),
        ("country_code=ES&product_name=sms_premium", 1724, "sms_premium"),
        # Nothing is sold there, or there is no such country.
        ("country_code=AD&product_name=sms_low_cost", 0, "sms_low_cost"),
        ("country_code=IR&product_name=sms_premium", 0, "sms_premium"),
        ("country_code=ZZ&product_name=sms_premium", 0, "sms_premium"),
    ],
)
def test_whole_units(customer: Customer, query: str, amount: int, unit: str) -> None:
    response = customer.get(f"{PATH}?{query}")
    assert response.status_code == 200
    assert response.text == f'{{"amount":{amount},"unit":"{unit}"}}'


def test_units_go_by_the_price_of_the_account(customer: Customer) -> None:
    customer.price("33.34")
    assert ask(customer, "country_code=FR&product_name=sms_premium")["amount"] == 2


@pytest.mark.parametrize(
    ("query", "field", "code", "word"),
    [
        ("country_code=FR", "country_code", 455, "product_name"),
        ("country_code=FR&product_name=", "country_code", 455, "product_name"),
        ("product_name=hlr", "product_name", 455, "country_code"),
        ("country_code=FR&product_name=gold", "product_name", 449, "not known"),
        ("country_code=France&product_name=hlr", "country_code", 449, "not known"),
    ],
)
def test_country_and_product_need_each_other(
    customer: Customer, query: str, field: str, code: int, word: str
) -> None:
    response = customer.get(f"{PATH}?{query}")
    assert response.status_code == 400
    answer = response.json()
    assert answer["code"] == 400
    assert answer["errors"].keys() == {field}
    assert answer["errors"][field]["code"] == code
    assert word in answer["errors"][field]["message"]


def test_two_words_that_nobody_knows_are_ignored(customer: Customer) -> None:
    response = customer.get(f"{PATH}?country_code=France&product_name=gold")
    assert response.json() == {"amount": 100, "unit": "euros"}
    assert response.headers["octavo-repaired"] == "country_code, product_name"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"with_details": true}', b"with_details=1"], ids=repr
)
def test_a_get_may_carry_a_body(customer: Customer, body: bytes) -> None:
    response = customer.get(PATH, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200
    assert ("wallet_packs" in response.json()) is (b"details" in body)
