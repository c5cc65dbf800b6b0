"""The requests and answers that the documents print, read out of their text."""

import json
import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent

_MASKED = re.compile(r"\[email\W+protected\]|\*+@email\.org")


class Curl(NamedTuple):
    """A curl command as a shell would understand it."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]


def mission(name: str) -> str:
    """A mission document, with addresses in place of the masked ones."""
    text = (HERE / "mission" / name).read_text("utf-8")
    return _MASKED.sub("someone@example.org", text)


class Example(NamedTuple):
    """A printed JSON object, letter for letter, and what it says."""

    text: str
    value: dict[str, Any]


def examples(text: str) -> list[Example]:
    """Every JSON object that begins a line, in order."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    found: list[Example] = []
    position = 0
    starts = (match.start(1) for match in re.finditer(r"^[ \t]*(\{)", text, re.MULTILINE))
    for start in starts:
        if start < position:
            continue
        try:
            value, position = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            continue
        found.append(Example(text[start:position], value))
    return found


def curls(text: str) -> list[Curl]:
    """Every curl command with its body; a backslash before a blank continues the line."""
    joined = re.sub(r"\\\s+", " ", text)
    return [_curl(match[0]) for match in re.finditer(r"curl -X POST.*?\}'", joined, re.DOTALL)]


def _curl(command: str) -> Curl:
    words = shlex.split(command)
    options: dict[str, list[str]] = {}
    rest = []
    pending = iter(words[1:])
    for word in pending:
        if word.startswith("-"):
            options.setdefault(word, []).append(next(pending))
        else:
            rest.append(word)
    headers = dict(line.split(": ", 1) for line in options["-H"])
    return Curl(options["-X"][0], rest[0], headers, json.loads(options["-d"][0]))


def shape(value: object) -> object:
    """What a value is, its contents aside: a document's and ours are to be the same.

    A number is a number, with decimals or without.
    """
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return type(value).__name__
    return "number"
