"""Prices by account, product and country."""

from pathlib import Path

import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from octavo.kit.fresh import LIFE
from octavo.kit.money import Money, money
from octavo.prices.defaults import default_prices
from octavo.prices.schemas import EVERYBODY, BadPrice, NoSuchPrice, Price, Product
from octavo.prices.service import Prices, list_prices, prices_of, set_price, unset_price
from tests.common.database import Clock, DirectStore, connection, migrated, seeded

EUROPE = set(
    """AD AL AT BA BE BG BY CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MD ME
    MK MT NL NO PL PT RO RS SE SI SK SM TR UA VA XK""".split()  # noqa: SIM905 - one a line is long
)


def price(country: str, amount: str, account: int = EVERYBODY) -> Price:
    return Price(account, Product.SMS_PREMIUM, country, money(amount))


def test_the_default_list_prices_real_countries_and_known_products() -> None:
    listed = list(default_prices())
    regions = {r for regions in COUNTRY_CODE_TO_REGION_CODE.values() for r in regions}
    assert {p.product for p in listed} == {"sms_premium", "sms_low_cost", "vocal_sms", "hlr"}
    assert {p.country for p in listed} <= regions
    assert all(0 < p.amount < money("1") for p in listed)
    assert len({(p.product, p.country) for p in listed}) == len(listed)


def test_premium_goes_nearly_everywhere_and_low_cost_to_few() -> None:
    listed = list(default_prices())
    premium = {p.country for p in listed if p.product == "sms_premium"}
    low_cost = {p.country for p in listed if p.product == "sms_low_cost"}
    assert premium > {*EUROPE, "US", "CA", "RE", "GP", "NC"}
    assert len(premium) > 200
    assert {"FR", "ES"} <= low_cost
    assert len(low_cost) < 20


def test_low_cost_is_cheaper() -> None:
    by_key = {(p.product, p.country): p.amount for p in default_prices()}
    for (product, country), amount in by_key.items():
        if product == "sms_low_cost":
            assert amount < by_key["sms_premium", country]


def test_a_seeded_database_has_the_default_list(tmp_path: Path) -> None:
    with connection(seeded(tmp_path)) as c:
        assert prices_of(c, 1, "sms_premium")["FR"] == money("0.045")
        assert len(list_prices(c)) == len(list(default_prices()))


def test_an_account_may_have_prices_of_its_own(tmp_path: Path) -> None:
    with connection(migrated(tmp_path)) as c:
        set_price(c, price("FR", "0.05"))
        set_price(c, price("ES", "0.06"))
        set_price(c, price("FR", "0.04", account=7))
        set_price(c, price("XX", "0.5", account=7))
        assert prices_of(c, 7, "sms_premium") == {
            "FR": money("0.04"),
            "ES": money("0.06"),
            "XX": money("0.5"),
        }
        assert prices_of(c, 8, "sms_premium") == {"FR": money("0.05"), "ES": money("0.06")}
        assert prices_of(c, 7, "hlr") == {}
        unset_price(c, 7, "sms_premium", "FR")
        assert prices_of(c, 7, "sms_premium")["FR"] == money("0.05")
        with pytest.raises(NoSuchPrice):
            unset_price(c, 7, "sms_premium", "FR")


def test_a_price_of_its_own_may_be_lower_in_any_order_of_setting(tmp_path: Path) -> None:
    with connection(migrated(tmp_path)) as c:
        set_price(c, price("FR", "0", account=7))
        set_price(c, price("FR", "0.05"))
        assert prices_of(c, 7, "sms_premium") == {"FR": 0}


def test_lists_are_narrowed(tmp_path: Path) -> None:
    with connection(seeded(tmp_path)) as c:
        set_price(c, price("FR", "0.01", account=7))
        assert list_prices(c, account=7) == [price("FR", "0.01", account=7)]
        assert {p.product for p in list_prices(c, country="FR")} > {"hlr", "sms_premium"}
        assert {p.country for p in list_prices(c, product="sms_low_cost")} > {"FR", "ES"}
        assert len(list_prices(c, product="hlr", country="FR")) == 1


@pytest.mark.parametrize(
    "bad", [price("FR", "-1"), price("fr", "1"), price("FRA", "1"), price("", "1")]
)
def test_bad_prices_are_refused(tmp_path: Path, bad: Price) -> None:
    with connection(migrated(tmp_path)) as c, pytest.raises(BadPrice):
        set_price(c, bad)


@pytest.mark.asyncio
async def test_a_change_made_elsewhere_is_felt_in_two_seconds(tmp_path: Path) -> None:
    path, clock = seeded(tmp_path), Clock()
    store = DirectStore(path)
    prices = Prices(store, clock)
    assert (await prices.of(1, "sms_premium"))["FR"] == money("0.045")
    with connection(path) as c:
        set_price(c, price("FR", "1"))
    clock.go(LIFE - 1)
    assert (await prices.of(1, "sms_premium"))["FR"] == money("0.045")
    clock.go(1)
    assert (await prices.of(1, "sms_premium"))["FR"] == money("1")
    assert store.reads == 2


@pytest.mark.asyncio
async def test_a_change_made_here_is_felt_at_once(tmp_path: Path) -> None:
    path = seeded(tmp_path)
    prices = Prices(DirectStore(path), Clock())
    await prices.of(1, "sms_premium")
    with connection(path) as c:
        set_price(c, Price(1, "sms_premium", "FR", Money(5)))
    prices.forget()
    assert (await prices.of(1, "sms_premium"))["FR"] == 5
