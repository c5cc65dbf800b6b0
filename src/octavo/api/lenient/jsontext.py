"""JSON as people send it: raw line breaks, NaN, huge integers, lone surrogates, NULs."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""What a JSON text can hold."""

JsonObject: TypeAlias = dict[str, JsonValue]

Payload: TypeAlias = Mapping[str, JsonValue]
"""The named values of one request."""

MAX_DEPTH = 32
"""Levels of nesting that are worth reading; no documented request has more than four."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Mended(str):
    """A string that is not quite what was sent: without its NULs, surrogates replaced."""

    __slots__ = ()


class MendedList(list[JsonValue]):
    """A list that holds something mended."""


class MendedObject(dict[str, JsonValue]):
    """An object that holds something mended, a key or a value."""


class NotJsonError(ValueError):
    """The text is not JSON."""


class TooDeepError(ValueError):
    """The value is nested deeper than any honest request."""


def _nothing(_constant: str) -> None:
    """NaN and the infinities are no numbers that anything here could use."""


# strict=False lets a raw line break or tab stand inside a string, as hand-made JSON has them.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_nothing)
_DIGITS_AS_TEXT = json.JSONDecoder(strict=False, parse_constant=_nothing, parse_int=str)


def parse_json(text: str) -> JsonValue:
    """Reads a JSON text; its strings come back without NULs and lone surrogates.

    Raises NotJsonError or TooDeepError.
    """
    value = _decode(text.strip(" \t\r\n\0"))
    if "\0" in text or "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        return mend(value)
    return value


def _decode(text: str, decoder: json.JSONDecoder = _DECODER) -> JsonValue:
    try:
        value: JsonValue = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(str(error)) from None
    except RecursionError:
        raise TooDeepError from None
    except ValueError:
        # Python refuses to turn thousands of digits into an int: they stay text.
        return _decode(text, _DIGITS_AS_TEXT)
    return value


def mend_text(text: str) -> str:
    """The text without NULs (no database takes them), lone surrogates as U+FFFD.

    It is Mended when that changed it.
    """
    if text.isascii() and "\0" not in text:
        return text
    whole = _LONE_SURROGATE.sub("\ufffd", text.replace("\0", ""))
    return text if whole == text else Mended(whole)


def was_mended(value: JsonValue) -> bool:
    """Whether the value is, or anywhere holds, a string that was mended.

    It asks for the type alone: nothing has to be searched in the requests that need no mending.
    """
    return isinstance(value, Mended | MendedList | MendedObject)


def marked(value: JsonValue) -> JsonValue:
    """A list or object that says of itself that it holds something mended, if it does."""
    if isinstance(value, list) and any(map(was_mended, value)):
        return MendedList(value)
    if isinstance(value, dict) and any(map(was_mended, (*value, *value.values()))):
        return MendedObject(value)
    return value


def mend(value: JsonValue, depth: int = MAX_DEPTH) -> JsonValue:
    """The value with every string and key mended. Raises TooDeepError beyond `depth` levels."""
    if isinstance(value, str):
        return mend_text(value)
    if isinstance(value, list | dict) and not depth:
        raise TooDeepError
    if isinstance(value, list):
        return marked([mend(item, depth - 1) for item in value])
    if isinstance(value, dict):
        return marked({mend_text(key): mend(item, depth - 1) for key, item in value.items()})
    return value


def is_shallow(value: JsonValue, depth: int) -> bool:
    """Whether the value has at most `depth` levels of lists and objects."""
    inner: Sequence[JsonValue]
    if isinstance(value, list):
        inner = value
    elif isinstance(value, dict):
        inner = tuple(value.values())
    else:
        return True
    return depth > 0 and all(is_shallow(item, depth - 1) for item in inner)
