"""Makes `.venv` from a lock when it has to, then becomes Octavo (or its checks).

Run by `./octavo` with any Python 3.11 or later: the standard library only.

Two kinds of file in `.venv` tell how far it is. `octavo-<lock>` is a copy of a lock that is
installed in full. `octavo-unfinished` is there while an installation runs: one that was killed
halfway is seen at the next start and made again from nothing. A `.venv` that somebody else made
is added to, so that their own tools stay in it.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "octavo-unfinished"
LOG = VENV / "octavo-install.log"

RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
"""Holds everything that the runtime lock holds, at the same versions."""

_UNREACHED = {
    "certificate": "the certificate of the package index is not trusted",
    "dns error": "the package index was not reached",
    "error sending request": "the package index was not reached",
    "from versions: none": "the package index was not reached",
    "max retries exceeded": "the package index was not reached",
    "name resolution": "the package index was not reached",
    "new connection": "the package index was not reached",
    "unreachable": "the package index was not reached",
}
"""What pip and uv say (in lower case) when they could download nothing, and what it means."""

_BROKEN_OFF = {
    "do not match the hashes": "a downloaded package is not the one that the lock names",
    "hash mismatch": "a downloaded package is not the one that the lock names",
    "no space left": "the disk is full",
}
"""What they say when they stopped for another reason, perhaps halfway."""


class CannotInstallError(Exception):
    """Its text is the one line that tells a person what is wrong."""


class UnreachedError(CannotInstallError):
    """The package index was not reached; pip and uv have changed nothing yet by then."""


def main(arguments: list[str]) -> NoReturn:
    """Installs what the command needs and hands this process over to it."""
    testing = arguments[:1] == ["test"]
    try:
        prepare(DEVELOPMENT if testing else RUNTIME)
    except CannotInstallError as error:
        sys.exit(f"octavo: {error}")
    except OSError as error:
        sys.exit(f"octavo: cannot make {VENV}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(130)
    checks = [str(ROOT / "tools" / "check.py"), *arguments[1:]]
    command = checks if testing else ["-m", "octavo", *arguments]
    os.execv(PYTHON, [str(PYTHON), "-P", *command])  # noqa: S606 - signals must reach the server


def prepare(lock: str) -> None:
    """Leaves a `.venv` that holds what `lock` names. Raises CannotInstallError or OSError."""
    if installed(lock):
        return
    with alone():
        if installed(lock):  # by the launcher that this one waited for
            return
        say(f"installing what {lock} names into .venv (once, and when it changes) ...")
        if not usable():
            make_venv()
        UNFINISHED.touch()
        try:
            install(lock)
        except UnreachedError:
            UNFINISHED.unlink()
            raise
        put_sources_on_path()
        note_installed(lock)
        UNFINISHED.unlink()


def installed(lock: str) -> bool:
    """Whether `.venv` was completed from the present text of `lock`."""
    try:
        same = copy_of(lock).read_bytes() == (ROOT / lock).read_bytes()
    except FileNotFoundError:
        return False
    return same and not UNFINISHED.exists() and os.access(PYTHON, os.X_OK)


def copy_of(lock: str) -> Path:
    """Where `.venv` keeps the text of the lock it was completed from."""
    return VENV / f"octavo-{lock}"


def note_installed(lock: str) -> None:
    """Notes that `.venv` holds `lock`, and with the development lock the runtime one too."""
    copy_of(DEVELOPMENT).unlink(missing_ok=True)
    for name in {RUNTIME, lock}:
        shutil.copyfile(ROOT / name, copy_of(name))


@contextmanager
def alone() -> Iterator[None]:
    """Keeps other launchers of this checkout out.

    Installers inherit the lock: one that outlives its killed launcher still holds it.
    """
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ./octavo that is installing ...")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def usable() -> bool:
    """Whether `.venv` can be added to: its Python runs and no installation broke off in it."""
    if UNFINISHED.exists() or not os.access(PYTHON, os.X_OK):
        return False
    return succeeds(PYTHON, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))")


def make_venv() -> None:
    """Makes an empty `.venv` in place of what may be there."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    if uv := shutil.which("uv"):
        made = succeeds(uv, "venv", "--quiet", "--allow-existing", "-p", sys.executable, VENV)
    else:
        made = succeeds(sys.executable, "-I", "-m", "venv", VENV)
    if not made:
        raise CannotInstallError(f"cannot make a virtual environment: {venv_remedy()}")


def venv_remedy() -> str:
    """What to do on this system so that Python can make virtual environments."""
    release: dict[str, str] = {}
    with suppress(OSError):
        release = platform.freedesktop_os_release()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    families = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if families & {"debian", "ubuntu"}:
        return f"run `apt install python{version}-venv`, or install uv"
    return f"install the modules venv and ensurepip of Python {version}, or uv (see {LOG})"


def install(lock: str) -> None:
    """Installs every package of `lock`, each checked against its hashes."""
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        command = [str(PYTHON), "-I", "-m", "pip", "install", "--quiet", "--no-input"]
        if not succeeds(PYTHON, "-I", "-c", "import pip"):
            succeeds(PYTHON, "-I", "-m", "ensurepip")
    if not succeeds(*command, "--require-hashes", "--requirement", str(ROOT / lock)):
        raise explained(LOG.read_text(errors="replace"))


def explained(log: str) -> CannotInstallError:
    """The one line for what an installer that failed has said."""
    text = log.lower()
    if shutil.disk_usage(VENV).free < 1 << 20:  # then the log is empty, too
        text = "no space left"
    for said, meaning in _BROKEN_OFF.items():
        if said in text:
            return CannotInstallError(f"cannot install: {meaning} (see {LOG})")
    for said, meaning in _UNREACHED.items():
        if said in text:
            return UnreachedError(f"cannot install: {meaning} (see {LOG})")
    return CannotInstallError(f"cannot install the packages that Octavo needs: see {LOG}")


def put_sources_on_path() -> None:
    """Makes `.venv` import this checkout's sources; relative, so that both may move together."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.check_output([PYTHON, "-I", "-c", where], text=True).strip()
    (Path(site) / "octavo.pth").write_text(os.path.relpath(ROOT / "src", site) + "\n")


def succeeds(*command: str | Path) -> bool:
    """Runs a command in the checkout, its output going to the log."""
    with LOG.open("w") as log:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=False,
            check=False,
        )
    return done.returncode == 0


def say(line: str) -> None:
    """Tells the person at the terminal; standard output belongs to the command."""
    sys.stderr.write(f"octavo: {line}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
