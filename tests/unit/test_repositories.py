"""The statements of the domains can be written for both engines."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from octavo.contacts.repository import Collection
from octavo.db.dialect import POSTGRESQL, SQLITE, Dialect
from octavo.db.statement import Command, Statement

REPOSITORIES = ("accounts", "callbacks", "cli", "contacts", "prices", "routes")


def statements() -> Iterator[tuple[str, Statement]]:
    for domain in REPOSITORIES:
        for name, value in vars(import_module(f"octavo.{domain}.repository")).items():
            found = vars(value) if isinstance(value, Collection) else {"": value}
            for part, statement in found.items():
                if isinstance(statement, Statement):
                    yield f"{domain}.{name}.{part}".rstrip("."), statement


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda d: d.name)
@pytest.mark.parametrize("statement", [pytest.param(s, id=name) for name, s in statements()])
def test_a_statement_compiles(statement: Statement, dialect: Dialect) -> None:
    compiled = statement.compiled(dialect)
    assert compiled.sql
    if isinstance(statement, Command) and statement._takes:
        assert len(list(compiled.arrange_rows([("x",) * len(statement._takes)]))) == 1
