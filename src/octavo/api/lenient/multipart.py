"""`multipart/form-data` bodies, as curl -F and browsers send them."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from octavo.api.lenient.encodings import decode_text
from octavo.api.lenient.forms import MAX_PAIRS, TooManyPairsError, nest
from octavo.api.lenient.jsontext import JsonObject, mend_text


class NotMultipartError(ValueError):
    """The bytes are not a multipart body."""


class _Parts:
    """Collects name and content of every part; a file part counts as a field with its content."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.complete = False
        self._begin()

    def _begin(self) -> None:
        self._header = b""
        self._value = b""
        self._name = ""
        self._content: list[bytes] = []

    def on_part_begin(self) -> None:
        if len(self.pairs) >= MAX_PAIRS:
            raise TooManyPairsError
        self._begin()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = mend_text(decode_text(options.get(b"name", b"")))
        self._header = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def on_part_end(self) -> None:
        self.pairs.append((self._name, mend_text(decode_text(b"".join(self._content)))))

    def on_end(self) -> None:
        self.complete = True


def looks_multipart(raw: bytes) -> bool:
    """Whether the bytes begin like a multipart body, whatever the headers say."""
    return raw.lstrip().startswith(b"--") and b"content-disposition" in raw[:1024].lower()


def parse_multipart(raw: bytes, content_type: str) -> JsonObject:
    """Reads a multipart body. Raises NotMultipartError, or TooManyPairsError.

    A boundary that the Content-Type does not name is taken from the body's first line.
    """
    parts = _Parts()
    try:
        parser = MultipartParser(
            _boundary(raw, content_type),
            {
                "on_part_begin": parts.on_part_begin,
                "on_header_field": parts.on_header_field,
                "on_header_value": parts.on_header_value,
                "on_header_end": parts.on_header_end,
                "on_part_data": parts.on_part_data,
                "on_part_end": parts.on_part_end,
                "on_end": parts.on_end,
            },
        )
        parser.write(raw.lstrip())
    except FormParserError as error:
        raise NotMultipartError(str(error)) from None
    if not parts.complete:
        # A body that was cut off must not turn into half an order.
        raise NotMultipartError
    return nest(parts.pairs)


def _boundary(raw: bytes, content_type: str) -> bytes:
    _, options = parse_options_header(content_type.encode("latin-1", "replace"))
    named = options.get(b"boundary", b"")
    first = raw.lstrip().split(b"\n", 1)[0].strip()
    if named and first.startswith(b"--" + named):
        return named
    return first[2:] if first.startswith(b"--") else named
