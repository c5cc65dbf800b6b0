"""Addresses with their type of number and numbering plan (SMPP 3.4, 5.2.5, 5.2.6)."""

from typing import NamedTuple

from octavo.drivers.smpp.wire.submit import Address

MOST_SHORT = 8
"""Digits of a short code; a number with more is international."""


class Type(NamedTuple):
    """Type of number and numbering plan."""

    ton: int
    npi: int


INTERNATIONAL = Type(1, 1)
NETWORK_SPECIFIC = Type(3, 0)
ALPHANUMERIC = Type(5, 0)


class AddressTypes(NamedTuple):
    """What a carrier wants each kind of address to be called."""

    international: Type = INTERNATIONAL
    short: Type = NETWORK_SPECIFIC
    alphanumeric: Type = ALPHANUMERIC
    recipient: Type = INTERNATIONAL


def sender_address(sender: str, types: AddressTypes) -> Address:
    """A sender as source_addr: a number, a short code, a name, or none for the carrier to choose.

    Raises ValueError for a name that is not of printable ASCII: a C-string has no alphabet.
    """
    digits = sender.removeprefix("+")
    if not sender:
        return Address(0, 0, b"")
    if not (sender.isascii() and sender.isprintable()):
        raise ValueError("a sender is of printable ASCII characters")
    if not digits.isdigit():
        return Address(*types.alphanumeric, sender.encode("ascii"))
    is_short = digits == sender and len(digits) <= MOST_SHORT
    return Address(*(types.short if is_short else types.international), digits.encode("ascii"))


def recipient_digits(to: str) -> bytes:
    """An E.164 number as destination_addr. Raises ValueError when it is not one."""
    digits = to.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise ValueError("a recipient is an E.164 number")
    return digits.encode("ascii")


def e164(digits: bytes, ton: int) -> str:
    """A phone's address from the carrier as `+` and digits; "" when it is not international."""
    text = digits.decode("latin-1").removeprefix("+").removeprefix("00")
    is_number = text.isascii() and text.isdigit() and 7 <= len(text) <= 15
    if not is_number or text.startswith("0") or ton not in {INTERNATIONAL.ton, 0}:
        return ""
    return f"+{text}"
