"""Whether the process lives and whether it can take orders."""

import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response

from octavo.api.answers import Item, answer

DISK_FLOOR = 64 << 20
"""Bytes free below which `/readyz` warns."""

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else what is wrong."""


@dataclass
class Health:
    """What `/readyz` asks."""

    checks: dict[str, Check] = field(default_factory=dict)
    cautions: dict[str, Check] = field(default_factory=dict)
    """What an operator should know of, although orders can be taken."""
    draining: bool = False

    async def problems(self) -> dict[str, str]:
        """The checks that fail, by name."""
        found = {"drain": "the server is stopping"} if self.draining else {}
        return found | await _failing(self.checks)

    async def warnings(self) -> dict[str, str]:
        """The cautions that are due, by name."""
        return await _failing(self.cautions)


async def _failing(checks: Mapping[str, Check]) -> dict[str, str]:
    found = {}
    for name, check in checks.items():
        problem = await check()
        if problem:
            found[name] = problem
    return found


def add(app: FastAPI, state: Health) -> None:
    """Adds `/healthz` (the process answers) and `/readyz` (it can take orders)."""

    async def healthz() -> Response:
        return answer({"status": "ok"})

    async def readyz() -> Response:
        problems = await state.problems()
        body: dict[str, Item] = {"status": "unready" if problems else "ready"}
        if problems:
            body["problems"] = dict(problems)
        elif warnings := await state.warnings():
            body["warnings"] = dict(warnings)
        return answer(body, 503 if problems else 200)

    app.add_api_route("/healthz", healthz, summary="The process answers.", tags=["operating"])
    app.add_api_route("/readyz", readyz, summary="It can take orders.", tags=["operating"])


async def disk_has_room(folder: Path) -> str | None:
    """Whether there is more than the floor."""
    free = shutil.disk_usage(folder).free
    return f"{free >> 20} MiB are free" if free < DISK_FLOOR else None
