"""The one family of errors. Wording lives with the wire (`octavo.api.errors`), never here."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple


class OctavoError(Exception):
    """Root of everything that Octavo raises on purpose.

    `says` is the sentence that a person is told; what it was raised with follows in brackets.
    """

    says: ClassVar[str] = ""

    def __str__(self) -> str:
        """For people and logs, on one line unless it was raised with several."""
        about = super().__str__()
        return f"{self.says} ({about})" if self.says and about else self.says or about


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

    says = "Nothing was done: the store is not available; try again"


class StoreInDoubt(StoreUnavailable):
    """The store went away during the commit: it may have been done or not."""

    says = "The store went away: this may have been done or not; look before you try again"
