"""Form fields and query strings, with the brackets that PHP, Rails and jQuery write.

`recipients[0][phone_number]=+33600000000`, `country_codes[]=FR`, `metadata[type]=sms_premium`
become the value that JSON would have carried.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from octavo.api.lenient.encodings import decode_text
from octavo.api.lenient.jsontext import JsonObject, JsonValue, marked, mend_text

MAX_PAIRS = 10_000
"""Pairs that are read from one body: 500 recipients with 20 values each."""

MAX_BRACKETS = 8
"""A key with more brackets is ignored."""

_KEY = re.compile(r"([^\[\]]*)((?:\[[^\[\]]*\])*)")

_Node = dict[str, "str | _Node"]


class TooManyPairsError(ValueError):
    """More pairs than a request is worth."""


def parse_form(raw: bytes) -> JsonObject:
    """Reads `application/x-www-form-urlencoded` bytes. Raises TooManyPairsError."""
    if raw.count(b"&") >= MAX_PAIRS:
        raise TooManyPairsError
    return nest(_pair(piece) for piece in raw.split(b"&") if piece)


def _pair(piece: bytes) -> tuple[str, str]:
    key, _, value = piece.partition(b"=")
    return _decode(key), _decode(value)


def _decode(raw: bytes) -> str:
    if raw.isalnum():
        return raw.decode("ascii")
    return mend_text(decode_text(unquote_to_bytes(raw.replace(b"+", b" "))))


def nest(pairs: Iterable[tuple[str, str]]) -> JsonObject:
    """Builds the nested payload of bracketed keys. A plain key written twice becomes a list."""
    root: _Node = {}
    for key, value in pairs:
        path = _path(key)
        if path:
            _put(root, path, value)
    return {key: _settle(child) for key, child in root.items()}


def _path(key: str) -> list[str]:
    """The steps of a key: `a[0][b]` is a, 0, b; `a[]` is a and a blank step."""
    key = key.strip()
    match = _KEY.fullmatch(key)
    if not match or not match[1] or not match[2]:
        return [key] if key else []
    if match[2].count("[") > MAX_BRACKETS:
        return []
    inner = match[2][1:-1].split("][")
    return [match[1], *(step.strip(" '\"") for step in inner)]


def _put(node: _Node, path: list[str], value: str) -> None:
    for position, step in enumerate(path[:-1]):
        name = step or _open_element(node, path[position + 1])
        child = node.get(name)
        if not isinstance(child, dict):
            child = {} if child is None else {"0": child}
            node[name] = child
        node = child
    _leave(node, path[-1], value)


def _leave(node: _Node, name: str, value: str) -> None:
    if not name:
        node[str(len(node))] = value
        return
    earlier = node.get(name)
    if earlier is None:
        node[name] = value
    elif isinstance(earlier, str):
        node[name] = {"0": earlier, "1": value}
    else:
        earlier[str(len(earlier))] = value


def _open_element(node: _Node, inner: str) -> str:
    """The element that `a[][inner]` means: the last one, or a new one if that has `inner`."""
    last = str(len(node) - 1)
    child = node.get(last)
    if isinstance(child, dict) and inner and inner not in child:
        return last
    return str(len(node))


def _settle(node: "str | _Node") -> JsonValue:
    """A node whose names are all numbers is a list, in the order of writing."""
    if isinstance(node, str):
        return node
    if all(name.isascii() and name.isdigit() for name in node):
        return marked([_settle(child) for child in node.values()])
    return marked({name: _settle(child) for name, child in node.items()})
