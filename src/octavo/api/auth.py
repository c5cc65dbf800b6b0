"""Who asks: `api-login` and `api-key`, or HTTP Basic (contract 2.2)."""

import base64
import binascii
from collections.abc import Mapping


def credentials(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Login and key as the headers give them; None for what is absent or blank."""
    login, key = headers.get("api-login"), headers.get("api-key")
    if not (login or key):
        login, key = _basic(headers.get("authorization", ""))
    return (login or "").strip() or None, (key or "").strip() or None


def _basic(header: str) -> tuple[str | None, str | None]:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        text = base64.b64decode(token.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None, None
    login, _, key = text.partition(":")
    return login, key
