"""Contact objects (contract 3.1), and everything else that people put where they belong."""

import re
from typing import Final, NamedTuple

from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.kinds import Read, as_text, decoded_json, sole
from octavo.api.lenient.spelling import bare
from octavo.kit.clock import Instant
from octavo.numbers import split_numbers

MAX_ENTRIES = 10_000
"""Entries that are read; a caller who takes 500 only needs to know that there are more."""

MAX_VALUE = 50
"""Characters of a personalisation value (contract 10)."""


class RecipientInput(NamedTuple):
    """One recipient as written: nothing is checked yet, what is absent is an empty string."""

    phone_number: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    param1: str = ""
    param2: str = ""
    param3: str = ""
    param4: str = ""
    param5: str = ""
    conversation_id: str = ""


_SLOTS: Final = {name: slot for slot, name in enumerate(RecipientInput._fields)}
_LONGEST: Final = (64, 320, *[MAX_VALUE] * 7, 255)
_ALIASES: Final = {
    **{bare(name): slot for name, slot in _SLOTS.items()},
    **dict.fromkeys(("phone", "number", "msisdn", "mobile", "tel", "telephone", "gsm"), 0),
    **dict.fromkeys(("mobilenumber", "mobilephone", "to", "recipient"), 0),
    **dict.fromkeys(("mail", "emailaddress"), 1),
    **dict.fromkeys(("firstname", "prenom"), 2),
    **dict.fromkeys(("lastname", "surname"), 3),
}
_NAMES: Final = RecipientInput._fields
_BLANKS: Final = ("",) * len(_NAMES)
_KNOWN: Final = frozenset(_NAMES)
_LONGEST_E164 = 16
_BETWEEN = re.compile(r"[,;|\r\n\t]+")


class Recipients:
    """A list of contact objects; also plain strings and numbers, one contact, or a form's index.

    An entry that says nothing stays as an empty one, so that a caller can tell "none usable"
    from "none given". Reading stops after MAX_ENTRIES.
    """

    def read(self, value: JsonValue, _now: Instant, /) -> Read[tuple[RecipientInput, ...]] | None:
        found = _Found()
        found.add(decoded_json(value), depth=3)
        if not found.rows:
            return None
        return Read(tuple(found.rows[:MAX_ENTRIES]), found.repaired or not isinstance(value, list))

    def schema(self) -> JsonObject:
        properties: JsonObject = {
            name: {"type": ["string", "null"], "maxLength": longest}
            for name, longest in zip(_SLOTS, _LONGEST, strict=True)
        }
        properties["phone_number"] = {"type": "string", "examples": ["+33600000000"]}
        properties["email"] = {"type": "string", "format": "email"}
        contact: JsonObject = {"type": "object", "properties": properties}
        return {"type": "array", "items": contact, "minItems": 1, "maxItems": 500}


class Addresses:
    """Numbers, or e-mail addresses, as a list of strings; else as `Recipients` reads them."""

    _LONGEST = _LONGEST[0]

    def read(self, value: JsonValue, now: Instant, /) -> Read[tuple[str, ...]] | None:
        if isinstance(value, list) and len(value) <= MAX_ENTRIES:
            plain = [one for one in value if type(one) is str and self._is_one(one)]
            if plain and len(plain) == len(value):
                return Read(tuple(plain))
        people = Recipients().read(value, now)
        named = [one.phone_number or one.email for one in people.value] if people else []
        return Read(tuple(filter(None, named)), repaired=True) if any(named) else None

    def schema(self) -> JsonObject:
        number: JsonObject = {"type": "string", "examples": ["+33600000000"]}
        return {"type": "array", "items": number, "minItems": 1, "maxItems": 200}

    def _is_one(self, text: str) -> bool:
        return bool(text.strip()) and len(text) <= self._LONGEST and not _BETWEEN.search(text)


class _Found:
    """The rows read so far, and whether any of them was repaired."""

    def __init__(self) -> None:
        self.rows: list[RecipientInput] = []
        self.repaired = False

    def add(self, value: JsonValue, depth: int) -> None:
        """Adds everybody in `value`; lists inside lists are followed `depth` levels down."""
        if isinstance(value, list) and depth:
            for item in value[:MAX_ENTRIES]:
                if type(item) is dict:
                    self.rows.append(row) if (row := _clean(item)) else self._object(item, depth)
                else:
                    self.repaired = True
                    self.add(decoded_json(item) or None, depth - 1)
                if len(self.rows) >= MAX_ENTRIES:
                    break
        elif isinstance(value, dict):
            self._object(value, depth)
        else:
            self._scalar(value)

    def _object(self, item: dict[str, JsonValue], depth: int) -> None:
        """One contact, or contacts by index as a form writes them."""
        row = list(_BLANKS)
        known = not item
        for key, value in item.items():
            slot = _SLOTS.get(key)
            if slot is None or type(value) is not str or len(value) > _LONGEST[slot]:
                known = self._odd(row, key, value) or known
            else:
                known = True
                row[slot] = value
        if known or not _by_index(item):
            self._row(row)
        else:
            self.repaired = True
            self.add(list(item.values())[:MAX_ENTRIES], depth - 1)

    def _row(self, row: list[str]) -> None:
        """One contact; several when its number is several: the other fields are of each."""
        number, *others = row
        numbers = split_numbers(number)[:MAX_ENTRIES] if len(number) > _LONGEST_E164 else [number]
        self.rows.extend(RecipientInput(one[: _LONGEST[0]], *others) for one in numbers)
        self.repaired = self.repaired or len(numbers) > 1 or not any(row)

    def _odd(self, row: list[str], key: str, value: JsonValue) -> bool:
        """Puts a value in its place that is not as documented; whether the key means anything."""
        slot = _SLOTS.get(key)
        if slot is None:
            slot = _ALIASES.get(bare(key))
            if slot is None:
                return False
            self.repaired = True
            if row[slot]:
                return True
        if value is None:
            return True
        text = _numbers(value) if slot == 0 else as_text(sole(value))
        self.repaired = self.repaired or text != value or len(text) > _LONGEST[slot]
        # A number is cut when it is known to be one: a long value may hold several.
        row[slot] = (text or "")[: _LONGEST[slot] if slot else None]
        return True

    def _scalar(self, value: JsonValue) -> None:
        """Numbers or addresses in a string; a number alone; anything else is an empty row."""
        self.repaired = True
        text = None if isinstance(value, bool) else as_text(value)
        pieces = [piece.strip() for piece in _BETWEEN.split(text, MAX_ENTRIES)] if text else []
        for piece in filter(None, pieces[:MAX_ENTRIES]):
            cut = piece[:320]
            self.rows.append(RecipientInput(email=cut) if "@" in cut else RecipientInput(cut[:64]))
        if not any(pieces):
            self.rows.append(RecipientInput())


def _numbers(value: JsonValue) -> str | None:
    """A number, or those of a list with commas between them."""
    if not isinstance(value, list) or len(value) < 2:
        return as_text(sole(value))
    return ",".join(filter(None, (as_text(sole(one)) for one in value[:MAX_ENTRIES])))


def _clean(item: dict[str, JsonValue]) -> RecipientInput | None:
    """A contact that is just as documented, or None.

    500 of them are read for every full request, so the work is left to map and join, in C.
    """
    number = item.get("phone_number")
    if type(number) is str and len(number) > _LONGEST_E164 and _BETWEEN.search(number):
        return None
    if len(item) == 1 and type(number) is str and len(number) <= MAX_VALUE:
        return RecipientInput(number)
    if None in item.values():
        item = {name: value for name, value in item.items() if value is not None}
    if not item or not item.keys() <= _KNOWN:
        return None
    row = RecipientInput._make(map(item.get, _NAMES, _BLANKS))
    try:
        # join refuses what is not a string; together short means that each is short enough.
        if len("".join(row)) <= MAX_VALUE or max(map(len, row)) <= MAX_VALUE:
            return row
    except TypeError:
        pass
    return None


def _by_index(item: dict[str, JsonValue]) -> bool:
    """Whether an object is a list in disguise: numbered, or with objects for values."""
    return all(key.isdigit() or isinstance(value, dict | list) for key, value in item.items())
