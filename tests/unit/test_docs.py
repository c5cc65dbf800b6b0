"""What docs/ tells of settings, addresses and codes is what the code has."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.api.app import OPERATIONS
from octavo.api.errors import Language, say
from octavo.api.errors.wording import en
from octavo.settings import SECRETS, Settings, load

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text("utf-8")
API = (DOCS / "api.md").read_text("utf-8")

NOTHING = ("none", "made up", "in `data_dir`")
"""How the table writes the default of a setting that is empty."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables and no file of the developer's."""
    for name in [name for name in os.environ if name.startswith("OCTAVO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def rows(text: str, *heads: str) -> Iterator[list[str]]:
    """The cells of the tables with these heads."""
    head = "".join(rf"\| {re.escape(cell)} " for cell in heads) + r"\|\n\|[-|]+\n"
    for table in re.findall(head + r"((?:\|.*\n)+)", text):
        for line in table.splitlines():
            yield [cell.strip() for cell in line.strip("|").split("|")]


def documented_settings() -> dict[str, str]:
    """Defaults by name."""
    heads = ("setting", "type", "default", "meaning")
    return {name.strip("`"): default for name, _, default, _ in rows(SETTINGS, *heads)}


def documented_words() -> dict[int, str]:
    """English words by code."""
    found = {int(code): words for code, _, words, _ in rows(API, "code", "HTTP", "message", "when")}
    inner = {int(code): words for code, _, words in rows(API, "code", "field", "message")}
    assert not found.keys() & inner.keys()
    return found | inner


def unused_codes() -> set[int]:
    """The codes that api.md says nothing is refused with."""
    listed = re.search(r"nothing is refused with today: ([\d,\s]+)\.", API)
    assert listed
    return {int(code) for code in listed[1].split(",")}


def test_every_setting_is_in_the_table_in_the_order_of_the_code() -> None:
    assert list(documented_settings()) == list(Settings.model_fields)


@pytest.mark.parametrize(("name", "default"), documented_settings().items())
def test_the_default_in_the_table_is_that_of_the_code(name: str, default: str) -> None:
    real = getattr(Settings(), name)
    if default in NOTHING:
        assert not real
    else:
        assert default == f"`{default.strip('`')}`"
        assert getattr(Settings.model_validate({name: default.strip("`")}), name) == real


def test_the_secrets_that_may_be_in_files_are_named() -> None:
    listed = ", ".join(f"`{name}`" for name in SECRETS)
    assert f"Secrets, which may be in files: {listed}." in SETTINGS


def test_the_example_file_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)
    assert example
    (tmp_path / "octavo.toml").write_text(example[1])
    settings = load()
    assert settings.sandbox_refused == 0.01
    assert settings.log_format == "json"


def test_the_addresses_are_those_that_are_served() -> None:
    listed = rows(API, "method", "path under `/v1/public`", "success")
    told = {(method.strip("`"), path.strip("`")) for method, path, _ in listed}
    assert told == {(method, path) for method, path, _ in OPERATIONS}


@pytest.mark.parametrize(("code", "words"), documented_words().items())
def test_the_words_of_a_code_are_those_that_are_said(code: int, words: str) -> None:
    assert words == say(code, Language.EN, {})


def test_no_code_is_left_out() -> None:
    assert not unused_codes() & documented_words().keys()
    assert unused_codes() | documented_words().keys() == en.WORDING.keys()
