"""`./octavo` with programs that stand in for Python: nothing is installed, no network is needed."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "readlink", "cmp")
"""All that the launcher needs of a machine besides Python."""


class Checkout(NamedTuple):
    """A copy of the launcher in a path with a blank, and what is on PATH."""

    root: Path
    path: Path

    def run(self, *arguments: str, script: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script or self.root / "octavo", *arguments],
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            check=False,
        )


def stand_in(path: Path, says: str) -> None:
    """A program that tells its arguments, one a line, and can answer the launcher's questions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$2" = -c ] && exit 0\nprintf "%s\\n" {says} "$$" "$@"\n')
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose .venv is complete, on a machine with one Python."""
    made = Checkout(root=tmp_path / "a checkout", path=tmp_path / "bin")
    stand_in(made.root / ".venv/bin/python", says="octavo")
    stand_in(made.path / "python3", says="installer")
    for tool in TOOLS:
        (made.path / tool).symlink_to(shutil.which(tool) or tool)
    shutil.copy(ROOT / "octavo", made.root / "octavo")
    for name in ("requirements.lock", ".venv/octavo-requirements.lock"):
        (made.root / name).write_text("click==8.5.1\n")
    return made


def told(done: subprocess.CompletedProcess[str]) -> Sequence[str]:
    """Who was started, and with which arguments."""
    assert done.stderr == ""
    who, _, *arguments = done.stdout.splitlines()
    return [who, *arguments]


def test_a_complete_environment_is_used_as_it_is(checkout: Checkout) -> None:
    done = checkout.run("price", "--name", "a b", "")
    assert told(done) == ["octavo", "-P", "-m", "octavo", "price", "--name", "a b", ""]


def test_a_chain_of_links_leads_home(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(checkout.root / "octavo")
    (tmp_path / "two").symlink_to("one")
    done = checkout.run("up", script=tmp_path / "two")
    assert told(done) == ["octavo", "-P", "-m", "octavo", "up"]


def test_the_process_stays_the_same(checkout: Checkout) -> None:
    with subprocess.Popen(
        [checkout.root / "octavo", "up"],
        env={"PATH": str(checkout.path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        output, _ = started.communicate()
    assert output.splitlines()[1] == str(started.pid)


def break_off(root: Path) -> None:
    (root / ".venv/octavo-unfinished").touch()


def change_lock(root: Path) -> None:
    (root / "requirements.lock").write_text("click==8.5.2\n")


def lose_note(root: Path) -> None:
    (root / ".venv/octavo-requirements.lock").unlink()


def lose_python(root: Path) -> None:
    python = root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.11")


@pytest.mark.parametrize("damage", [break_off, change_lock, lose_note, lose_python])
def test_anything_else_goes_to_the_installer(
    checkout: Checkout, damage: Callable[[Path], None]
) -> None:
    damage(checkout.root)
    launch = str(checkout.root / "tools/launch.py")
    assert told(checkout.run("up")) == ["installer", "-I", launch, "up"]


def test_the_checks_go_to_the_installer(checkout: Checkout) -> None:
    launch = str(checkout.root / "tools/launch.py")
    assert told(checkout.run("test", "--all")) == ["installer", "-I", launch, "test", "--all"]


def test_a_machine_without_python_is_told_so_in_one_line(checkout: Checkout) -> None:
    (checkout.path / "python3").unlink()
    break_off(checkout.root)
    done = checkout.run("up")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "octavo: needs Python 3.11 or later; none was found on PATH\n"
