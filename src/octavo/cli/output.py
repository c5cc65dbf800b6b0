"""What commands print: aligned tables, or JSON with `--json`."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import click

from octavo.kit.clock import Instant, to_datetime

Cell: TypeAlias = str | int | None
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def example(*lines: str) -> str:
    """The examples at the end of a command's help."""
    return "\n".join(
        ["\b", "Example:" if len(lines) == 1 else "Examples:", *("  " + x for x in lines)]
    )


def say(text: str) -> None:
    """Prints a line; what is no character becomes `?`."""
    click.echo(text.encode("utf-8", "replace").decode())


def warn(text: str) -> None:
    """Prints a line for the person, not for the program that reads the output."""
    click.echo(f"octavo: {one_line(text)}", err=True)


def one_line(text: str) -> str:
    """Text without control characters, which could forge a line or steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def dump(value: Json) -> None:
    """Prints JSON."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Prints rows under their heads; numbers to the right."""
    cells = [["" if cell is None else one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    right = [all(isinstance(row[n], int) for row in rows) and bool(rows) for n in range(len(heads))]
    for line in [list(heads), *cells]:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        say("  ".join(padded).rstrip())


def pairs(values: Mapping[str, Cell]) -> None:
    """Prints names and values, one a line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        say(f"{name.ljust(width)}  {'' if value is None else one_line(str(value))}".rstrip())


def moment(at: int | None) -> str | None:
    """An instant in ISO 8601, UTC, to the second."""
    if at is None:
        return None
    return to_datetime(Instant(at)).isoformat(timespec="seconds").replace("+00:00", "Z")
