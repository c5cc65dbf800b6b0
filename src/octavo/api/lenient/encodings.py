"""Bytes to text: UTF-8 as documented (contract 2.1), else what the bytes most likely are."""

import codecs


def decode_text(raw: bytes) -> str:
    """Decodes by byte order mark, else as UTF-8, else as windows-1252. Never fails."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _western(raw)


def _western(raw: bytes) -> str:
    """What is called latin-1 is windows-1252 in practice, but for that one's five holes."""
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
