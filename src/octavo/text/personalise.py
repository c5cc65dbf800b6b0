"""Placeholders in a text, filled for each recipient (contract 10)."""

import re
from collections.abc import Mapping
from typing import Final

PLACEHOLDERS: Final = (
    "first_name",
    "last_name",
    "param1",
    "param2",
    "param3",
    "param4",
    "param5",
)

MAX_VALUE = 50
"""Characters of a value that are used (contract 3.1)."""

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")


class Template:
    """A text, cut at its placeholders once and then filled many times.

    What stands in other braces is text. A value is text too: it is never filled in its turn.
    """

    __slots__ = ("_pieces", "placeholders", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # Literals at even places, names at odd ones.
        self._pieces = _PLACEHOLDER.split(text)
        self.placeholders: tuple[str, ...] = tuple(dict.fromkeys(self._pieces[1::2]))

    def render(self, fields: Mapping[str, str | None]) -> str:
        """The text for one recipient; a missing value is empty, a long one cut."""
        if not self.placeholders:
            return self.text
        pieces = self._pieces.copy()
        pieces[1::2] = [(fields.get(name) or "")[:MAX_VALUE] for name in pieces[1::2]]
        return "".join(pieces)
