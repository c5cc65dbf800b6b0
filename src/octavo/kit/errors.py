"""The one family of errors. Wording lives with the wire (`octavo.api.errors`), never here."""

from collections.abc import Mapping
from typing import NamedTuple


class OctavoError(Exception):
    """Root of everything that Octavo raises on purpose."""


class FieldProblem(NamedTuple):
    """What is wrong with one field of a request (contract 2.3, `errors`).

    `code` picks the wording, `data` fills it.
    """

    code: int
    data: Mapping[str, str | int] = {}


class Refusal(OctavoError):
    """The request cannot be carried out and its sender can mend it (contract 2.3, 14).

    `code` is the contract's error code, `status` the HTTP status, `data` fills the wording,
    `fields` become the `errors` object of the answer.
    """

    def __init__(
        self,
        code: int,
        *,
        status: int = 400,
        fields: Mapping[str, FieldProblem] | None = None,
        **data: str | int,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.fields = dict(fields or {})
        self.data = data


class StoreUnavailable(OctavoError):
    """The store could not commit (disk full, database away): nothing was done; try again."""
