"""The statements of the domains can be written for both engines."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from octavo.contacts.collections import Collection
from octavo.db.dialect import POSTGRESQL, SQLITE, Dialect
from octavo.db.statement import Command, Statement

REPOSITORIES = (
    *("accounts.repository", "callbacks.repository", "cli.repository", "contacts.collections"),
    *("contacts.repository", "prices.repository", "routes.repository"),
)


def statements() -> Iterator[tuple[str, Statement]]:
    for module in REPOSITORIES:
        for name, value in vars(import_module(f"octavo.{module}")).items():
            found = vars(value) if isinstance(value, Collection) else {"": value}
            for part, statement in found.items():
                if isinstance(statement, Statement):
                    yield f"{module}.{name}.{part}".rstrip("."), statement


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda d: d.name)
@pytest.mark.parametrize("statement", [pytest.param(s, id=name) for name, s in statements()])
def test_a_statement_compiles(statement: Statement, dialect: Dialect) -> None:
    compiled = statement.compiled(dialect)
    assert compiled.sql
    if isinstance(statement, Command) and statement._takes:
        assert len(list(compiled.arrange_rows([("x",) * len(statement._takes)]))) == 1
