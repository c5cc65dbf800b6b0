"""What the prices domain gives to others."""

from enum import StrEnum
from typing import NamedTuple

from octavo.kit.errors import OctavoError
from octavo.kit.money import Money


class Product(StrEnum):
    """What a price is for."""

    SMS_PREMIUM = "sms_premium"
    SMS_LOW_COST = "sms_low_cost"
    VOCAL_SMS = "vocal_sms"
    RCS = "rcs"
    EMAIL = "email"
    HLR = "hlr"


EVERYBODY = 0
"""The account number of prices that hold for who has none of their own."""


class Price(NamedTuple):
    """The price of one part; `account` is EVERYBODY for a default price."""

    account: int
    product: str
    country: str
    amount: Money


class NoSuchPrice(OctavoError):
    """There is no price of its own to take away here."""

    says = "There is no price of its own to take away here"


class BadPrice(OctavoError):
    """A price is not below zero, and its country has two capital letters."""

    says = "A price is zero or more, for a country of two capital letters"
