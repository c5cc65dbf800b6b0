"""Reads phone numbers: quickly what is clean, generously what is not."""

import re

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
)

from octavo.numbers.clean import clean
from octavo.numbers.number import Number, Unreadable
from octavo.numbers.plan import Plan, plan_of

_CLEAN = re.compile(r"\+[1-9][0-9]{6,16}")
_ROUNDS = 4

_PARSE_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: Unreadable.UNKNOWN_PREFIX,
    NumberParseException.TOO_SHORT_AFTER_IDD: Unreadable.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: Unreadable.TOO_SHORT,
    NumberParseException.TOO_LONG: Unreadable.TOO_LONG,
}
_LENGTH_FAULTS = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Unreadable.TOO_SHORT,
    ValidationResult.TOO_SHORT: Unreadable.TOO_SHORT,
    ValidationResult.TOO_LONG: Unreadable.TOO_LONG,
    ValidationResult.INVALID_COUNTRY_CODE: Unreadable.UNKNOWN_PREFIX,
}


class NumberReader:
    """Reads numbers to E.164; keeps the numbering plans it has met.

    What phonenumbers calls possible in a known country is a number; kinds and ranges are never
    a reason to refuse (the documented +33111222333 is a fixed line, +33639980001 fictitious).
    """

    def __init__(self) -> None:
        # By the first three digits: at most a thousand.
        self._plans: dict[str, Plan | None] = {}

    def read(self, raw: str) -> Number | Unreadable:
        """The number that `raw` means, or why it means none.

        Digits without `+` or `00` are taken for a calling code and a number only when a mobile
        number of that country could be as long: a national number that has lost its 0 must not
        reach a stranger abroad.
        """
        if _CLEAN.fullmatch(raw):
            return self._settle(raw, raw)
        cleaned = clean(raw)
        if isinstance(cleaned, Unreadable):
            return cleaned
        number = self._settle(f"+{cleaned.digits}", raw)
        if cleaned.international or isinstance(number, Unreadable):
            return number
        plan = self._plan(number.e164)
        likely = plan is not None and len(number.e164) in plan.mobile_lengths
        return number if likely else Unreadable.NOT_A_NUMBER

    def _settle(self, e164: str, raw: str) -> Number | Unreadable:
        """Asks phonenumbers until it takes no more national prefix off (it takes one at a time).

        Only so is a number that was read once read the same for ever.
        """
        for _ in range(_ROUNDS):
            plan = self._plan(e164)
            if plan is not None and plan.is_settled(e164):
                return Number(e164, plan.country_of(e164), e164 != raw)
            try:
                parsed = phonenumbers.parse(e164)
            except NumberParseException as fault:
                return _PARSE_FAULTS.get(fault.error_type, Unreadable.NOT_A_NUMBER)
            before, e164 = e164, phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
            if e164 == before:
                return self._judge(parsed, e164, raw)
        return Unreadable.NOT_A_NUMBER

    def _judge(self, parsed: PhoneNumber, e164: str, raw: str) -> Number | Unreadable:
        verdict = phonenumbers.is_possible_number_with_reason(parsed)
        plan = self._plan(e164)
        if plan is not None and verdict == ValidationResult.IS_POSSIBLE:
            return Number(e164, plan.country_of(e164), e164 != raw)
        return _LENGTH_FAULTS.get(verdict, Unreadable.NOT_A_NUMBER)

    def _plan(self, e164: str) -> Plan | None:
        prefix = e164[1:4]
        try:
            return self._plans[prefix]
        except KeyError:
            plan = self._plans[prefix] = plan_of(prefix)
            return plan
