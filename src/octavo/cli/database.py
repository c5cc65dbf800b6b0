"""How commands reach settings and database, beside a running server or without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from octavo.accounts.keys import Peppers
    from octavo.db.connection import Connection
    from octavo.db.database import Reader
    from octavo.settings import Settings

T = TypeVar("T")


class Operator:
    """Who gives commands: knows the settings and does short units of work."""

    @cached_property
    def settings(self) -> "Settings":
        """The settings of this process. Raises BadSettings."""
        from octavo.settings import load

        return load()

    @cached_property
    def peppers(self) -> "Peppers":
        """The peppers of the settings. Raises BadPepper, OSError."""
        from octavo.cli.setup import peppers

        return peppers(self.settings)

    def write(self, unit: "Callable[[Connection], T]") -> T:
        """Does a unit of work and commits it.

        Raises what it raises, NoDatabase, OlderSchema, NewerSchema, NotADatabase.
        """
        from octavo.db.migrate import require

        database = self.settings.database
        require(database)
        return database.write(unit)

    def read(self, unit: "Callable[[Connection], T]") -> T:
        """Does a unit of work that only reads, on one snapshot. Raises as `write`."""
        with self.reading() as reader:
            return reader.run(unit)

    @contextmanager
    def reading(self) -> "Iterator[Reader]":
        """Does units of work that only read, each on a snapshot of its own. Raises as `write`."""
        from octavo.db.migrate import require

        database = self.settings.database
        require(database)
        with database.reading() as reader:
            yield reader


operator = click.make_pass_decorator(Operator, ensure=True)
"""Gives a command its Operator."""
