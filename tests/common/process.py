"""A real server process: started, killed, stopped and started again on one data directory."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOGIN = "someone@example.org"
KEY = "a-key-that-only-tests-use"
PATIENCE = 60.0
"""Seconds after which something that should have happened long ago counts as stuck."""


class ServerProcess:
    """`python -m octavo up` on a data directory. Its log is beside it, not in it.

    `command` may be `api` or `worker`, `module` may name another entry point that takes the same
    arguments; `env` adds variables.
    The address stays the same over restarts, as clients expect.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str] | None = None,
        *,
        module: str = "octavo",
        command: str = "up",
        log: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.env = dict(env or {})
        self.module = module
        self.command = command
        self.port = free_port()
        self.starts = 0
        self.judged_at = ""
        """Where tests read what it wrote, when its own URL names several servers."""
        self._log = log or data_dir.with_name(data_dir.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.data_dir / "octavo.db"

    @property
    def url(self) -> str:
        """That of its database on PostgreSQL, "" when it is the file."""
        return self.judged_at or self.env.get("OCTAVO_DATABASE_URL", "")

    def launch(self, **env: str) -> None:
        """Starts the process and returns at once; `env` is for this start only."""
        assert self._process is None or self._process.poll() is not None, "it runs already"
        with self._log.open("ab") as log:
            log.write(f"--- start {self.starts}, {env}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, self.command],
                env=environment(self.data_dir, self.port) | self.env | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        self.starts += 1

    def start(self, **env: str) -> None:
        """Starts the process and waits until it is ready."""
        self.launch(**env)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Waits for 200 from /readyz."""
        self.wait(lambda: self.get("/readyz")[0] == 200, "it is not ready")

    def wait_ready_or_dead(self) -> bool:
        """Waits for one of both; whether it is ready."""
        self.wait(lambda: self.get("/readyz")[0] == 200 or not self.running(), "it is not ready")
        return self.running()

    def wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Waits until a condition holds; fails when it does not, or when the process ends."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.running() or condition(), self.told(f"it ended with {self.exit_code()}")
            assert time.monotonic() < deadline, self.told(otherwise)
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET; 0 while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """That of the present or last start."""
        assert self._process is not None
        return self._process.pid

    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def kill9(self) -> None:
        """Kills it at once; it must have been running."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        code = self._process.wait()
        assert code == -signal.SIGKILL, self.told(f"it had ended by itself with {code}")

    def wait_killed(self) -> None:
        """Waits until it has killed itself with SIGKILL."""
        code = self.wait_exit()
        assert code == -signal.SIGKILL, self.told(f"it ended with {code}")

    def sigterm(self) -> int:
        """Asks it to stop; its exit code."""
        self.ask_to_stop()
        return self.wait_exit()

    def ask_to_stop(self) -> None:
        """Sends SIGTERM and returns at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait_exit(self) -> int:
        assert self._process is not None
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.told("it does not end")) from None

    def restart(self, **env: str) -> None:
        """After a kill: the same again."""
        self.start(**env)

    def close(self) -> None:
        """Leaves no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def told(self, problem: str) -> str:
        """A problem with the end of the log."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        return "\n".join([f"server on {self.data_dir}: {problem}", *lines[-60:]])


def environment(data_dir: Path, port: int, *, login: str = LOGIN, key: str = KEY) -> dict[str, str]:
    """Variables of a server that keep everything of this machine's own settings out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
        "OCTAVO_DATA_DIR": str(data_dir),
        "OCTAVO_LISTEN": f"127.0.0.1:{port}",
        "OCTAVO_FIRST_LOGIN": login,
        "OCTAVO_FIRST_KEY": key,
        "OCTAVO_LOG_FORMAT": "json",
    }


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def run_up(data_dir: Path, port: int, arguments: Sequence[str] = ("up",)) -> tuple[int, str]:
    """Runs the program to its end; its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "octavo", *arguments],
        env=environment(data_dir, port),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        text=True,
        cwd=ROOT,
    )
    return done.returncode, done.stdout + done.stderr
