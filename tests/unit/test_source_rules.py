"""Rules of the source that no linter knows."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "octavo"

NEAR_MONEY = ("kit/money.py", "ledger/wallet*", "ledger/wallet/*", "prices/*")
"""Where every amount is an exact integer."""

_BEGIN = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK)\b(?!-)", re.IGNORECASE)

Rule = Callable[[ast.AST], Iterator[ast.AST]]


def floats(tree: ast.AST) -> Iterator[ast.AST]:
    """Every mention of the type float and every float literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "float":
            yield node
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node


def transactions(tree: ast.AST) -> Iterator[ast.AST]:
    """Every call of a commit and every SQL text that begins or ends a transaction."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "commit":
                yield node
            for argument in node.args:
                if isinstance(argument, ast.Constant) and is_transaction_sql(argument.value):
                    yield argument


def is_transaction_sql(value: object) -> bool:
    return isinstance(value, str) and _BEGIN.match(value) is not None


def prints(tree: ast.AST) -> Iterator[ast.AST]:
    """Every call of print."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ):
            yield node


def sources(*patterns: str, outside: str | None = None) -> Iterator[Path]:
    for pattern in patterns:
        for path in sorted(PACKAGE.glob(pattern)):
            inside = outside is not None and path.is_relative_to(PACKAGE / outside)
            if path.suffix == ".py" and not inside:
                yield path


def breaches(rule: Rule, paths: Iterator[Path]) -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in paths
        for node in rule(ast.parse(path.read_text()))
        if isinstance(node, ast.expr)
    ]


def test_no_float_comes_near_money() -> None:
    paths = list(sources(*NEAR_MONEY))
    assert PACKAGE / "kit/money.py" in paths
    assert breaches(floats, iter(paths)) == []


def test_only_db_begins_and_ends_transactions() -> None:
    assert breaches(transactions, sources("**/*", outside="db")) == []


def test_only_the_command_line_prints() -> None:
    assert breaches(prints, sources("**/*", outside="cli")) == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (floats, "amount = float(text)"),
        (floats, "def price() -> float: ..."),
        (floats, "def price(rates: dict[str, float | None]) -> None: ..."),
        (floats, "amount = units * 0.01"),
        (transactions, "connection.commit()"),
        (transactions, "connection.execute('begin immediate')"),
        (transactions, "connection.exec_driver_sql(' COMMIT')"),
        (prints, "print('hello')"),
    ],
)
def test_each_rule_sees_its_breach(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (floats, "amount = money('0.01')"),
        (transactions, "connection.execute('SELECT 1')"),
        (transactions, "say('Beginning')"),
        (prints, "pprint(1)"),
    ],
)
def test_each_rule_leaves_the_rest_alone(rule: Rule, source: str) -> None:
    assert not list(rule(ast.parse(source)))
