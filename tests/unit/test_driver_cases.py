"""Each SMS driver against the shared table of cases, on virtual time."""

import asyncio
from pathlib import Path

import pytest

from octavo.drivers.sandbox.settings import SandboxSettings
from tests.common.cases import CASES, Case, check, submission
from tests.common.sandbox import RecordingSink, link_up
from tests.common.smsc import Smsc, link_to
from tests.common.virtual_loop import run_virtually


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_the_sandbox(case: Case, tmp_path: Path) -> None:
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path), sink) as link:
            link.offer([submission(case)])
            await asyncio.sleep(40)

    run_virtually(main())
    check(case, sink)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_smpp(case: Case) -> None:
    sink = RecordingSink()

    async def main() -> None:
        async with link_to(Smsc(), sink) as link:
            link.offer([submission(case)])
            await asyncio.sleep(40)

    run_virtually(main())
    check(case, sink)
