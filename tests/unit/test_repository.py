"""The repository itself: its locks, papers and settings."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.common.peers import need

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# In two pieces each, so that this file does not hold what it looks for.
FORBIDDEN = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "deb.deb" + "ian",
    "index" + "-url =",
    "/wor" + "k/main",
    "/wor" + "k/shared",
]

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@cache
def files() -> list[Path]:
    """Everything that is, or is about to be, in the repository."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        output = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        need("the git checkout", found=False)
        raise
    paths = (ROOT / name for name in output.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def project() -> dict[str, list[str]]:
    """The direct dependencies of each kind: run time and development."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {
        "run time": settings["project"]["dependencies"],
        "development": settings["dependency-groups"]["dev"],
    }


def names(requirements: list[str]) -> set[str]:
    """The bare names of requirements such as `uvicorn[standard]>=0.54`."""
    return {re.split(r"[\[<>=!~; ]", each, maxsplit=1)[0] for each in requirements}


def locked(lock: str) -> dict[str, tuple[str, list[str]]]:
    """What a lock names: the package, its version, its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, version = re.match(r"([\w.-]+)==([\w.!+]+)", line).groups()  # type: ignore[union-attr]
            found[name] = (version, re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
    return found


@pytest.mark.parametrize("needle", FORBIDDEN)
def test_no_file_names_a_registry_or_this_machine(needle: str) -> None:
    holders = [str(path) for path in files() if needle.encode() in path.read_bytes()]
    assert holders == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    packages = locked(lock)
    assert packages
    assert [name for name, (_, hashes) in packages.items() if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_packages_only(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    strange = [each for each in lines if re.match(r"-|\S+ @|\S*://", each)]
    assert strange == []


def test_locks_hold_every_direct_dependency() -> None:
    runtime, development = (locked(lock).keys() for lock in LOCKS)
    assert names(project()["run time"]) <= runtime
    assert names(project()["development"]) <= development


def test_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, development = (locked(lock) for lock in LOCKS)
    assert {name: development.get(name) for name in runtime} == runtime


def test_every_direct_dependency_is_explained() -> None:
    rows = set(
        re.findall(r"^\| ([\w-]+)", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    )
    direct = names(project()["run time"]) | names(project()["development"])
    assert direct - rows == set()
    assert rows - direct == {"package"}


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_relative_links_in_papers_lead_somewhere() -> None:
    papers = [path for path in files() if path.suffix == ".md"]
    dead = [
        f"{paper.relative_to(ROOT)}: {target}"
        for paper in papers
        for target in _LINK.findall(paper.read_text())
        if not (paper.parent / target).exists()
    ]
    assert dead == []


def test_import_rules_are_configured() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each for each in contracts if each["type"] == "layers")
    assert layers["exhaustive"]
    assert [each.split()[0].strip("()") for each in layers["layers"][-3:]] == [
        "db",
        "drivers",
        "kit",
    ]
    assert ["octavo.drivers"] in [each.get("source_modules") for each in contracts]


@pytest.mark.parametrize("name", ["octavo", "tools/lock", ".ci/run"])
def test_scripts_can_be_run(name: str) -> None:
    assert (ROOT / name).stat().st_mode & 0o111
    subprocess.run(["sh" if name != ".ci/run" else "bash", "-n", ROOT / name], check=True)


def test_a_missing_peer_skips_its_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCTAVO_REQUIRE_PEERS", raising=False)
    need("a peer that is here", found=True)
    with pytest.raises(pytest.skip.Exception, match="a carrier"):
        need("a carrier", found=False)


def test_a_missing_peer_fails_its_test_where_peers_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCTAVO_REQUIRE_PEERS", "1")
    need("a peer that is here", found=True)
    with pytest.raises(pytest.fail.Exception, match="a carrier"):
        need("a carrier", found=False)
