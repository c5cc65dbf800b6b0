"""Who asks: `api-login` and `api-key`, or HTTP Basic (contract 2.2)."""

import base64
import binascii
from collections.abc import Mapping


def credentials(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Login and key as the headers give them; None for what is absent or blank."""
    login, key = (_utf8(headers.get(name, "")) for name in ("api-login", "api-key"))
    if not (login or key):
        login, key = _basic(headers.get("authorization", ""))
    return login.strip() or None, key.strip() or None


def _utf8(value: str) -> str:
    """A header's value, which servers hand over as latin-1, as the UTF-8 that most clients send."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _basic(header: str) -> tuple[str, str]:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(token.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return "", ""
    login, _, key = text.partition(":")
    return login, key
