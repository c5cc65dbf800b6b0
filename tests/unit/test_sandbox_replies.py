"""Replies dropped by hand."""

import asyncio
from pathlib import Path

import pytest

from octavo.drivers.protocol import Inbound
from octavo.drivers.sandbox.replies import NothingSent, append_reply, replies_path, reply
from octavo.drivers.sandbox.settings import SandboxSettings
from tests.common.sandbox import EPOCH, RecordingSink, link_up, message
from tests.common.virtual_loop import run_virtually

NUMBER = "+33600000001"


def drop(data_dir: Path, text: str, *, sender: str = NUMBER, to: str | None = None) -> None:
    append_reply(data_dir, sender, to, text, clock=lambda: EPOCH)


def listen(data_dir: Path, link: int = 0, *, texts: list[str] | None = None) -> list[Inbound]:
    """Brings a link up, drops replies beside it, listens, and returns what came."""
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=data_dir, link=link), sink):
            await asyncio.sleep(1)
            for text in texts or []:
                drop(data_dir, text, to="36184")
                await asyncio.sleep(0.5)

    run_virtually(main())
    return sink.replied


def test_link_0_takes_each_reply_once(tmp_path: Path) -> None:
    drop(tmp_path, "before", to="36184")
    assert listen(tmp_path, link=1) == []
    found = listen(tmp_path, texts=["STOP", "START"])
    assert [inbound.text for inbound in found] == ["before", "STOP", "START"]
    assert {inbound[1:3] for inbound in found} == {(NUMBER, "36184")}
    assert len({inbound.id for inbound in found}) == 3
    assert listen(tmp_path) == []


def test_a_reply_goes_to_the_last_sender_the_number_saw(tmp_path: Path) -> None:
    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path, link=1), RecordingSink()) as link:
            link.offer([message(NUMBER, 3), message("+33600000002", 4)])
            link.offer([message("+33600009920", 5)])

    run_virtually(main())
    drop(tmp_path, "yes")
    drop(tmp_path, "yes", to="Octavo")
    drop(tmp_path, "who?", to="36184")
    with pytest.raises(NothingSent):
        drop(tmp_path, "nobody wrote", sender="+33600000008")
    with pytest.raises(NothingSent):
        drop(tmp_path, "refused", sender="+33600009920")
    assert [(inbound.to, inbound.reference) for inbound in listen(tmp_path)] == [
        ("Octavo", "7-3"),
        ("Octavo", "7-3"),
        ("36184", ""),
    ]


def test_a_reply_may_hold_anything(tmp_path: Path) -> None:
    drop(tmp_path, 'NUL \0 lone \ud800 pair \ud83d\udc4d "quoted"\n', to="36184")
    [found] = listen(tmp_path)
    assert found.text == 'NUL  lone \ufffd pair 👍 "quoted"\n'


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b"\xff\n",
        b"[" * 100_000,
        b'{"at":1,"sender":"+336","to":"36184"}\n',
        b'{"at":1,"sender":"+336","to":"36184","text":5}\n',
        b'{"at":null,"sender":"+336","to":"36184","text":"a"}\n',
        b'{"at":true,"sender":"+336","to":"36184","text":"a"}\n',
    ],
)
def test_torn_and_foreign_lines_are_skipped(tmp_path: Path, line: bytes) -> None:
    assert reply(line, 0) is None
    path = replies_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(line)
    drop(tmp_path, "whole", to="36184")
    assert [inbound.text for inbound in listen(tmp_path)] == ["whole"]
