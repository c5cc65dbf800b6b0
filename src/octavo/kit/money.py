"""Money: exact integers in units of 10^-8 of the currency; never a float."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import NewType

Money = NewType("Money", int)
"""An amount in units of 10^-8 of the currency."""

UNITS = 100_000_000
"""Units in one whole of the currency (one euro)."""

ZERO = Money(0)


def money(amount: str | int) -> Money:
    """Reads a decimal amount such as "12.5".

    Raises ValueError when it is not a finite number with at most 8 decimals.
    """
    try:
        scaled = Decimal(amount) * UNITS
        whole = scaled.to_integral_value(rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise ValueError(f"not an amount: {amount!r}") from None
    if not scaled.is_finite() or whole != scaled:
        raise ValueError(f"not an amount with at most 8 decimals: {amount!r}")
    return Money(int(whole))


def plain(amount: Money) -> str:
    """The shortest exact decimal of an amount: "12.5", "0", "-0.0333"."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), UNITS)
    return f"{sign}{whole}.{rest:08d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"
