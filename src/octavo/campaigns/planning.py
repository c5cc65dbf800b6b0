"""From an order to messages with parts and prices; pure, and the same for a simulation.

Codes of refusals: contract 14. Good recipients go out whatever is wrong with others.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from octavo.campaigns.schemas import Plan, Recipient, SmsOrder
from octavo.db.codes import Purpose
from octavo.kit.errors import FieldProblem, Refusal
from octavo.kit.money import ZERO, Money
from octavo.ledger.orders import PlannedMessage
from octavo.numbers import Number, NumberReader, Unreadable
from octavo.routes.schemas import RouteGroup, RouteTable
from octavo.text.compose import Composer
from octavo.text.parts import MAX_PARTS, MAX_TEXT, Rules, measure
from octavo.text.personalise import MAX_VALUE
from octavo.text.stop import has_low_cost_stop_mention, has_stop_mention, with_short_code

MAX_RECIPIENTS = 500
LOW_COST = "sms_low_cost"
MAX_ECHO = 64
MAX_NAMED = 3

INVALID_NUMBER = "invalid_number"
NO_PRICE = "no_price"
TEXT_TOO_LONG = "text_too_long"
TEXT_MISSING = "text_missing"


class Code:
    """The codes of the contract that planning refuses with (14)."""

    NOBODY_LEFT = 103
    TEXT_MISSING = 107
    RECIPIENTS_MISSING = 110
    NO_VALID_NUMBER = 117
    LOW_COST_TOO_LONG = 119
    STOP_MISSING = 121
    LOW_COST_STOP_MISSING = 122
    COUNTRY_NOT_SERVED = 151
    NO_LOW_COST_THERE = 152
    TOO_MANY_RECIPIENTS = 305
    PAYLOAD = 400
    FIELD_TEXT_TOO_LONG = 450


class _Addressed(NamedTuple):
    """A recipient whose number could be read."""

    number: Number
    recipient: Recipient
    group: RouteGroup | None
    price: Money | None


@dataclass(frozen=True)
class Planner:
    """Plans orders; `stop_countries` are those where marketing needs a STOP mention."""

    numbers: NumberReader
    rules: Rules
    stop_countries: Collection[str]

    def plan(self, order: SmsOrder, prices: Mapping[str, Money], routes: RouteTable) -> Plan:
        """Messages of an order, each to a number once. Raises Refusal when nobody would get one
        or the text may not be sent.
        """
        check_shape(order)
        addressed, repeated, bad = self._address(order, prices, routes)
        served = [a for a in addressed if a.price is not None and a.group is not None]
        if not served:
            _refuse_all(order, addressed, bad, self.numbers)
        self._check_stop(order, served)
        group = served[0].group
        text = with_short_code(order.text, group.short_code if group else None)
        composer = Composer(text, optimising=order.optimise)
        messages = self._messages(order, composer, addressed)
        if all(m.reason for m in messages):
            _refuse_texts(order, messages)
        unserved = [m.address for m in messages if m.reason == NO_PRICE]
        messages += [_invalid(number) for number in bad]
        sizes = {a.group.id: a.group.slice_size for a in served if a.group is not None}
        people = [(a.number, a.recipient.fields) for a in addressed]
        return Plan(text, messages, sizes, repeated, bad, unserved, people)

    def _address(
        self, order: SmsOrder, prices: Mapping[str, Money], routes: RouteTable
    ) -> tuple[list[_Addressed], list[str], list[str]]:
        found: dict[str, _Addressed] = {}
        bad: dict[str, None] = {}
        repeated: dict[str, None] = {}
        read, product = self.numbers.read, order.product
        for recipient in order.recipients:
            number = read(recipient.phone_number)
            if isinstance(number, Unreadable):
                bad[recipient.phone_number[:MAX_ECHO]] = None
            elif number.e164 in found:
                repeated[number.e164] = None
            else:
                found[number.e164] = _Addressed(
                    number,
                    recipient,
                    routes.group(product, number.country),
                    prices.get(number.country),
                )
        return list(found.values()), list(repeated), list(bad)

    def _check_stop(self, order: SmsOrder, served: Sequence[_Addressed]) -> None:
        """Contract 9: marketing to France and its overseas areas names the way out."""
        if order.purpose is not Purpose.WHOLESALE:
            return
        if not any(a.number.country in self.stop_countries for a in served):
            return
        if order.product == LOW_COST:
            if not has_low_cost_stop_mention(order.text):
                raise Refusal(Code.LOW_COST_STOP_MISSING)
        elif not has_stop_mention(order.text):
            raise Refusal(Code.STOP_MISSING)

    def _messages(
        self, order: SmsOrder, composer: Composer, addressed: Sequence[_Addressed]
    ) -> list[PlannedMessage]:
        most = 1 if order.product == LOW_COST else MAX_PARTS
        parts = 0 if composer.personal else measure(composer.compose({}), self.rules).parts
        messages: list[PlannedMessage] = []
        for a in addressed:
            fields = None
            if composer.personal:
                values = _values(composer, a.recipient.fields)
                fields = json.dumps(values, ensure_ascii=False) if values else None
                parts = measure(composer.compose(values), self.rules).parts
            country = a.number.country
            if a.price is None or a.group is None:
                message = PlannedMessage(a.number.e164, country, fields, 0, ZERO, 0, NO_PRICE)
            elif not 0 < parts <= most:
                reason = TEXT_TOO_LONG if parts else TEXT_MISSING
                message = PlannedMessage(a.number.e164, country, fields, parts, ZERO, 0, reason)
            else:
                price = Money(a.price * parts)
                message = PlannedMessage(a.number.e164, country, fields, parts, price, a.group.id)
            messages.append(message)
        return messages


def check_shape(order: SmsOrder) -> None:
    """What can be refused before a single number is read."""
    if not order.text.strip():
        raise Refusal(Code.TEXT_MISSING)
    if not order.recipients:
        raise Refusal(Code.RECIPIENTS_MISSING)
    if len(order.recipients) > MAX_RECIPIENTS:
        raise Refusal(Code.TOO_MANY_RECIPIENTS, limit=MAX_RECIPIENTS)
    if len(order.text) > MAX_TEXT:
        _refuse_text(length=len(order.text), limit=MAX_TEXT)


def _values(composer: Composer, fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name][:MAX_VALUE] for name in composer.placeholders if fields.get(name)}


def _invalid(number: str) -> PlannedMessage:
    return PlannedMessage(number, "", None, 0, ZERO, 0, INVALID_NUMBER)


def _refuse_text(**told: int) -> NoReturn:
    problem = FieldProblem(Code.FIELD_TEXT_TOO_LONG, told)
    raise Refusal(Code.PAYLOAD, fields={"text": problem})


def _refuse_texts(order: SmsOrder, messages: Sequence[PlannedMessage]) -> NoReturn:
    """Nothing is left of anybody's text, or it takes too many parts."""
    parts = max(m.parts for m in messages)
    if not parts:
        raise Refusal(Code.TEXT_MISSING)
    if order.product == LOW_COST:
        raise Refusal(Code.LOW_COST_TOO_LONG, length=len(order.text))
    _refuse_text(parts=parts, most=MAX_PARTS)


def _refuse_all(
    order: SmsOrder, addressed: Sequence[_Addressed], bad: Sequence[str], numbers: NumberReader
) -> NoReturn:
    """Nobody can be served: the code says why of most."""
    if addressed:
        low_cost = order.product == LOW_COST
        code = Code.NO_LOW_COST_THERE if low_cost else Code.COUNTRY_NOT_SERVED
        raise Refusal(code, country=addressed[0].number.country)
    why: defaultdict[int, list[str]] = defaultdict(list)
    for number in bad:
        read = numbers.read(number)
        why[read.code if isinstance(read, Unreadable) else Code.NO_VALID_NUMBER].append(number)
    code = max(why, key=lambda code: (len(why[code]), code == Code.NO_VALID_NUMBER))
    named = [number for number in why[code] if number][:MAX_NAMED]
    if not named:
        raise Refusal(code)
    raise Refusal(code, number=named[0], numbers=", ".join(named))
