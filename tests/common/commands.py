"""Running commands of the command line in this process."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from octavo.cli.main import cli

SOURCES = Path(__file__).parents[2] / "src"


def environment(**more: str) -> dict[str, str]:
    """For a process of its own: our sources, and nothing of the developer's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
    return {**kept, "PYTHONPATH": str(SOURCES), **more}


class Commands:
    """Runs `octavo` on a data directory of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = data_dir / "octavo.db"

    def run(self, *words: str, typed: str = "") -> Result:
        """Runs a command, whatever its exit code."""
        environment = {"OCTAVO_DATA_DIR": str(self.data_dir), "OCTAVO_CONFIG": None}
        return CliRunner().invoke(cli, words, input=typed, env=environment, prog_name="octavo")

    def __call__(self, *words: str, typed: str = "") -> str:
        """What a command prints; it must succeed."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout

    def json(self, *words: str) -> list[dict[str, object]] | dict[str, object]:
        """What a command prints as JSON."""
        read: list[dict[str, object]] | dict[str, object] = json.loads(self(*words, "--json"))
        return read

    def fails(self, *words: str, code: int = 1) -> str:
        """The one line in which a command says why it cannot."""
        result = self.run(*words)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr.strip().splitlines()[-1]


def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands that see nothing of the developer's settings."""
    monkeypatch.chdir(tmp_path)
    return Commands(tmp_path / "data")
