"""Bodies of answers: JSON in which money is exact."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from starlette.responses import Response

from octavo.api.errors.render import Answer
from octavo.kit.money import Money, plain


class Amount:
    """Money in an answer: printed as a JSON number from the integer, never through a float."""

    __slots__ = ("value",)

    def __init__(self, value: Money) -> None:
        self.value = value


# A TypedDict is no Mapping of its values' types to the checker, though it is at run time.
Item: TypeAlias = "str | int | float | bool | Amount | Mapping[str, Item] | Sequence[Item] | None"


def render(item: "Item | Answer") -> str:
    """The JSON text of an answer."""
    if isinstance(item, Amount):
        return plain(item.value)
    if isinstance(item, Mapping):
        pairs = cast("Mapping[str, Item]", item).items()
        inner = ",".join(f"{json.dumps(key)}:{render(value)}" for key, value in pairs)
        return f"{{{inner}}}"
    if isinstance(item, Sequence) and not isinstance(item, str):
        return f"[{','.join(map(render, item))}]"
    return json.dumps(item, ensure_ascii=False)


def nothing(status: int, *, repaired: Sequence[str] = ()) -> Response:
    """A response that says all by its status; repaired fields as in `answer`."""
    headers = {"octavo-repaired": ", ".join(repaired)} if repaired else {}
    return Response(status_code=status, headers=headers)


def answer(
    body: "Item | Answer", status: int = 200, *, repaired: Sequence[str] = (), **headers: str
) -> Response:
    """A JSON response; names of repaired fields go into `Octavo-Repaired` (design P9)."""
    if repaired:
        headers["octavo-repaired"] = ", ".join(repaired)
    text = render(body).encode()
    return Response(text, status, headers=headers, media_type="application/json")
