"""What the contacts domain takes."""

from typing import NamedTuple


class NewContact(NamedTuple):
    """A person to be kept: a number in E.164, and what is known besides ("" or None: nothing)."""

    phone_number: str
    first_name: str | None = None
    last_name: str | None = None
    param1: str | None = None
    param2: str | None = None
    param3: str | None = None
    param4: str | None = None
    param5: str | None = None
