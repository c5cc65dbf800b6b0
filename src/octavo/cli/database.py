"""How commands reach settings and database, beside a running server or without one."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from octavo.accounts.keys import Peppers
    from octavo.db.connection import Connection
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
        from octavo.db.unit_of_work import run_once

        require(self.settings.database)
        return run_once(self.settings.database, unit)

    def read(self, unit: "Callable[[Connection], T]") -> T:
        """Does a unit of work that only reads, on one snapshot. Raises as `write`."""
        from octavo.db.migrate import require
        from octavo.db.unit_of_work import SqliteReaders

        require(self.settings.database)
        readers = SqliteReaders(self.settings.database, 1)
        try:
            return asyncio.run(readers.run(unit))
        finally:
            readers.close()


operator = click.make_pass_decorator(Operator, ensure=True)
"""Gives a command its Operator."""
