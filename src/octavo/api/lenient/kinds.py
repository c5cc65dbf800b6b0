"""How one value is cast, mended or given up, by kind (contract 2.4).

`read` of a kind answers with the value and whether it had to be repaired, or None when nothing
can be made of it. What the contract itself accepts (a boolean as "True", a number as a numeric
string, any case of an enumeration) is no repair; whatever goes further is one.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from hashlib import blake2b
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from octavo.api.lenient import dates
from octavo.api.lenient.jsontext import JsonObject, JsonValue, is_shallow, mend, parse_json
from octavo.api.lenient.spelling import underscored
from octavo.kit.clock import Instant

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Word = TypeVar("Word", bound=str)


class Read(NamedTuple, Generic[T_co]):
    """A usable value, and whether it is not quite what was sent."""

    value: T_co
    repaired: bool = False


class Kind(Protocol[T_co]):
    """A way to read one value."""

    def read(self, value: JsonValue, now: Instant, /) -> Read[T_co] | None:
        """The value, or None when nothing can be made of it. Never raises."""

    def schema(self) -> JsonObject:
        """The JSON schema of the documented form."""


def is_blank(value: JsonValue) -> bool:
    """Whether a value says nothing: null, an empty or blank string, an empty list or object."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or value in ([], {})


def sole(value: JsonValue) -> JsonValue:
    """The scalar in a list; of several the last one counts, as when a form repeats a key."""
    for _ in range(4):
        if not isinstance(value, list) or not value:
            break
        value = value[-1]
    return value


def as_text(value: JsonValue) -> str | None:
    """A scalar as the string its sender meant: 12 and 12.0 are "12", true is "true"."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    return str(value) if isinstance(value, int) and abs(value) < 10**64 else None


class Text:
    """A string as it is. Longer than `longest` it is cut; with `trim` its ends lose blanks."""

    def __init__(self, longest: int | None = None, *, trim: bool = False) -> None:
        self._longest = longest
        self._trim = trim

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        text = as_text(sole(value))
        if text is None or is_blank(text):
            return None
        text = (text.strip() if self._trim else text)[: self._longest]
        return Read(text, text != value)

    def schema(self) -> JsonObject:
        return {"type": "string"} | ({"maxLength": self._longest} if self._longest else {})


class Name:
    """A string that tells one thing from another; too long to be kept, it ends in a digest."""

    _SIZE = 16

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def read(self, value: JsonValue, now: Instant, /) -> Read[str] | None:
        whole = Text(trim=True).read(value, now)
        if whole is None or len(whole.value) <= self._longest:
            return whole
        digest = blake2b(whole.value.encode("utf-8", "surrogatepass"), digest_size=self._SIZE)
        return Read(
            whole.value[: self._longest - 2 * self._SIZE] + digest.hexdigest(), repaired=True
        )

    def schema(self) -> JsonObject:
        return {"type": "string", "maxLength": self._longest}


_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_BOOLEAN_WORDS: Final = {
    **dict.fromkeys(("t", "y", "yes", "on", "oui", "vrai", "si", "sí", "verdadero", "1.0"), True),
    **dict.fromkeys(("f", "n", "no", "off", "non", "faux", "falso", "0.0"), False),
}


class Bool:
    """A boolean; words and numbers are understood."""

    def read(self, value: JsonValue, _now: Instant, /) -> Read[bool] | None:
        if isinstance(value, bool):
            return Read(value)
        single = sole(value)
        word = (as_text(single) or "").strip().casefold()
        plain = _BOOLEANS.get(word)
        if plain is not None:
            return Read(plain, isinstance(value, list | float))
        other = _BOOLEAN_WORDS.get(word)
        return None if other is None else Read(other, repaired=True)

    def schema(self) -> JsonObject:
        return {"type": "boolean"}


class Integer:
    """A whole number; outside its bounds it is moved to the nearer one."""

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def read(self, value: JsonValue, _now: Instant, /) -> Read[int] | None:
        single = sole(value)
        number = _whole(single)
        if number is None:
            return None
        bounded = min(max(number, self._least), self._most)
        return Read(bounded, str(bounded) != str(value))

    def schema(self) -> JsonObject:
        return {"type": "integer", "minimum": self._least, "maximum": self._most}


def _whole(value: JsonValue) -> int | None:
    """The whole number in a number or a numeric string ("5", " 5 ", "5.0", "1 000")."""
    if isinstance(value, str):
        value = _numeric(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _numeric(text: str) -> float | int | None:
    plain = "".join(text.split()).replace(",", ".")
    if len(plain) > 32 or "_" in plain:
        return None
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        return None


class Choice(Generic[Word]):
    """One of several words, compared without regard to case, with synonyms for each."""

    def __init__(self, words: Mapping[Word, Iterable[str]]) -> None:
        self._exact = {word.lower(): word for word in words}
        self._loose = {underscored(other): word for word in words for other in words[word]}
        self._loose.update({underscored(word): word for word in words})

    def read(self, value: JsonValue, _now: Instant, /) -> Read[Word] | None:
        word = (as_text(sole(value)) or "").strip()[:64]
        exact = self._exact.get(word.lower())
        if exact is not None:
            return Read(exact, isinstance(value, list))
        loose = self._loose.get(underscored(word))
        return None if loose is None else Read(loose, repaired=True)

    def schema(self) -> JsonObject:
        return {"type": "string", "enum": [str(word) for word in self._exact.values()]}


class Moment:
    """When something should happen (contract 11); None, "now", when it is past or unreadable."""

    def __init__(self, zone: tzinfo = dates.PARIS) -> None:
        self._zone = zone

    def read(self, value: JsonValue, now: Instant, /) -> Read[Instant] | None:
        moment = dates.read_moment(sole(value), now, self._zone)
        return None if moment is None else Read(moment, isinstance(value, list))

    def schema(self) -> JsonObject:
        return {"type": "string", "format": "date-time"}


class Json:
    """Any JSON value of at most `depth` levels; a string that holds JSON is read."""

    def __init__(self, depth: int = 16) -> None:
        self._depth = depth

    def read(self, value: JsonValue, _now: Instant, /) -> Read[JsonValue] | None:
        decoded = decoded_json(value)
        return Read(decoded, decoded is not value) if is_shallow(decoded, self._depth) else None

    def schema(self) -> JsonObject:
        return {}


class Many(Generic[T]):
    """Several values of one kind: a list, a comma separated string, or a single value."""

    def __init__(self, kind: Kind[T], most: int = 100) -> None:
        self._kind = kind
        self._most = most

    def read(self, value: JsonValue, now: Instant, /) -> Read[tuple[T, ...]] | None:
        items = self._items(value)[: self._most]
        read = [self._kind.read(item, now) for item in items]
        usable = [one for one in read if one is not None]
        if not usable:
            return None
        lost = len(usable) < len(items) or any(one.repaired for one in usable)
        # One string that is one value is how the older pages write it.
        plain = isinstance(value, list) or [value] == items
        return Read(tuple(one.value for one in usable), lost or not plain)

    def _items(self, value: JsonValue) -> list[JsonValue]:
        value = decoded_json(value)
        if isinstance(value, dict):
            return list(value.values())
        if isinstance(value, str):
            return [piece for piece in value.replace(";", ",").split(",") if piece.strip()]
        return value if isinstance(value, list) else [value]

    def schema(self) -> JsonObject:
        return {"type": "array", "items": self._kind.schema()}


def decoded_json(value: JsonValue) -> JsonValue:
    """The list or object in a JSON string, as a form field carries it; else the value itself."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return mend(parse_json(value))
    except ValueError:
        return value
