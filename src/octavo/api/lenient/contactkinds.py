"""Kinds for what names or reaches somebody: senders, numbers, e-mail and web addresses."""

import re
import unicodedata
from urllib.parse import urlsplit

from octavo.api.lenient.jsontext import JsonObject, JsonValue
from octavo.api.lenient.kinds import Read, as_text, sole
from octavo.kit.clock import Instant

# Letters that carry no separable accent, so that NFKD leaves them whole.
_WHOLE_LETTERS = str.maketrans(
    dict(zip("ØøŁłĐđÐðĦħ\u0131", "OoLlDdDdHhi", strict=True))
    | dict(zip("ßẞÆæŒœÞþ", ("ss", "SS", "AE", "ae", "OE", "oe", "TH", "th"), strict=True))
)
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9 ]")
_NOT_DIGIT = re.compile(r"[^0-9]")


class Sender:
    """The name a message shows (contract 3.3, 17 #19): 3 to 11 letters, digits and spaces.

    Accents are folded, other characters deleted, the rest is cut to 11; fewer than 3 left is
    no sender at all.
    """

    LEAST = 3
    MOST = 11

    def __init__(self, *, digits_only: bool = False) -> None:
        self._forbidden = _NOT_DIGIT if digits_only else _NOT_ALPHANUMERIC

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        text = (as_text(sole(value)) or "")[:256]
        name = self._forbidden.sub("", folded(text)).strip()
        name = name[: self.MOST].rstrip()
        return Read(name, name != value) if len(name) >= self.LEAST else None

    def schema(self) -> JsonObject:
        letters = "0-9" if self._forbidden is _NOT_DIGIT else "A-Za-z0-9 "
        return {"type": "string", "pattern": f"^[{letters}]{{{self.LEAST},{self.MOST}}}$"}


def folded(text: str) -> str:
    """The text with its accents taken off and every kind of blank as a space."""
    apart = unicodedata.normalize("NFKD", text.translate(_WHOLE_LETTERS))
    return "".join(" " if char.isspace() else char for char in apart)


class Phone:
    """A phone number as it was written; reading it is the numbers module's work."""

    LONGEST = 64

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        text = (as_text(sole(value)) or "").strip()
        if not any(char.isdigit() for char in text[: self.LONGEST]):
            return None
        return Read(text[: self.LONGEST], text[: self.LONGEST] != value)

    def schema(self) -> JsonObject:
        return {"type": "string", "examples": ["+33600000000"]}


_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\/]{1,255}")


class Email:
    """An e-mail address; "Name <a@example.org>" and "mailto:" are taken off."""

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        address = self.plain(as_text(sole(value)) or "")
        return Read(address, address != value) if address else None

    @staticmethod
    def plain(written: str) -> str | None:
        """The address in what was written, None when there is none."""
        text = written.strip()[:512]
        if text.endswith(">"):
            text = text[text.rfind("<") + 1 : -1].strip()
        address = text.removeprefix("mailto:")
        return address if _EMAIL.fullmatch(address) else None

    def schema(self) -> JsonObject:
        return {"type": "string", "format": "email"}


class Url:
    """A web address; without a scheme it gets https. Where it may lead is the caller's rule."""

    LONGEST = 2048

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        text = (as_text(sole(value)) or "").strip()
        if re.match(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?(/|$)", text):
            text = f"https://{text}"
        return Read(text, text != value) if _is_web_address(text) else None

    def schema(self) -> JsonObject:
        return {"type": "string", "format": "uri", "maxLength": self.LONGEST}


def _is_web_address(text: str) -> bool:
    if len(text) > Url.LONGEST or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Country:
    """A country by its two letters (ISO 3166-1); "fr" and "fr-FR" are FR, "UK" is GB."""

    _SHAPE = re.compile(r"(?:[A-Za-z]{2,3}[-_])?([A-Za-z]{2})", re.ASCII)

    def read(self, value: JsonValue, _now: Instant, /) -> Read[str] | None:
        text = (as_text(sole(value)) or "").strip()
        match = self._SHAPE.fullmatch(text)
        if not match:
            return None
        code = {"UK": "GB"}.get(match[1].upper(), match[1].upper())
        return Read(code, code != text.upper() or isinstance(value, list))

    def schema(self) -> JsonObject:
        return {"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["FR"]}
