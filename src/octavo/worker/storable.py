"""Text from carriers, made fit for the store."""


def storable(text: str) -> str:
    """What a carrier said, without what no database takes: NULs and lone surrogates.

    Refusing it would only make the carrier say it again, for ever.
    """
    if text.isascii() and "\0" not in text:
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")
