"""The SMPP driver against carriers that we did not write, over TCP."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from octavo.drivers.protocol import LinkDown, Submission
from octavo.drivers.sandbox.behaviour import NUMBERS, Behaviour
from octavo.drivers.smpp.driver import SmppDriver
from octavo.drivers.smpp.identifiers import IdHabit
from octavo.drivers.smpp.memory import LinkMemory
from octavo.drivers.smpp.settings import SmppSettings
from octavo.drivers.smpp.texts import Long, TextStyle
from octavo.drivers.smpp.wire.status import Status
from octavo.kit.clock import system_clock
from octavo.text.parts import split
from tests.common.cases import CASES, Case, check, submission
from tests.common.peers import need
from tests.common.sandbox import RecordingSink, message

HERE = Path(__file__).parent
NODE_PACKAGES = HERE / "node_modules" / "smpp"
USUAL = Behaviour("delivered")

NPM, TWISTED = "npm smpp", "smpp.twisted3"

_WORDS = {2: "DELIVRD", 3: "EXPIRED", 5: "UNDELIV", 8: "REJECTD"}
_STATES = {"delivered": 2, "expired": 3, "rejected": 8}


def scenario() -> str:
    """What the sandbox does with its numbers, in seconds that a test can wait for."""
    numbers = {last: behaviour(does) for last, does in NUMBERS.items()}
    return json.dumps({"numbers": numbers, "usual": behaviour(USUAL)})


def behaviour(does: Behaviour) -> dict[str, object]:
    """One behaviour, on its first pass; all receipts within 1.5 s."""
    answer = does.answers[0]
    status: int | None = Status[answer.code].value if answer.code else 0
    silent = answer.verdict == "unknown" or (answer.delay or 0) > 1e6
    receipts = [
        {
            "state": (state := _STATES.get(receipt.state, 5)),
            "stat": _WORDS[state],
            "delay": min(0.3 if receipt.delay is None else receipt.delay, 1.0 + 0.5 * no),
            "err": receipt.code,
        }
        for no, receipt in enumerate(does.receipts if answer.taken else ())
    ]
    replies = [{"text": reply.text, "delay": 0.5} for reply in does.replies]
    delay = 0.5 if answer.delay else 0.0
    return {
        "status": None if silent else status,
        "delay": delay,
        "receipts": receipts,
        "replies": replies,
    }


@dataclass
class Peer:
    """A carrier in a process of its own."""

    name: str
    port: int
    process: subprocess.Popen[str]

    def settings(self, **changed: object) -> SmppSettings:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "system_id": "octavo",
            "password": "secret",
            "response_timeout": 2.0,
            "id_habit": IdHabit.EXACT if self.name == NPM else IdHabit.ANSWER_HEX,
            **changed,
        }
        return SmppSettings(**known)  # type: ignore[arg-type]

    def submits(self, count: int) -> list[dict[str, Any]]:
        """What the carrier read of the next submits."""
        assert self.process.stdout is not None
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]


def started(name: str) -> Peer:
    """Starts a carrier, or skips the test."""
    if name == NPM:
        node = shutil.which("node")
        need("npm smpp", found=node is not None and NODE_PACKAGES.exists())
        command = [str(node), str(HERE / "smsc.js")]
    else:
        command = [sys.executable, str(HERE / "twisted_smsc.py")]
    process = subprocess.Popen(
        [*command, scenario()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    assert process.stdout is not None
    return Peer(name, json.loads(process.stdout.readline())["port"], process)


@pytest.fixture(params=[NPM, TWISTED])
def peer(request: pytest.FixtureRequest) -> Any:
    """Each of the carriers."""
    peer = started(request.param)
    yield peer
    stop(peer)


@pytest.fixture
def npm() -> Any:
    """The one that reads texts."""
    peer = started(NPM)
    yield peer
    stop(peer)


def stop(peer: Peer) -> None:
    assert peer.process.stdin is not None
    assert peer.process.stdout is not None
    peer.process.stdin.close()
    peer.process.stdout.close()
    peer.process.wait(10)


@asynccontextmanager
async def link(peer: Peer, sink: RecordingSink, **changed: object) -> AsyncIterator[SmppDriver]:
    driver = SmppDriver(peer.settings(**changed), LinkMemory(Random(1)), system_clock)
    await driver.start(sink)
    try:
        yield driver
        await driver.stop(drain=True)
    finally:
        await driver.stop(drain=False)


# smpp.twisted3 sends what this table cannot say: no error codes of a network, ASCII only
NOT_TWISTED = {"no such number", "barred", "replies unicode"}
# over before the link would be, were it not for these
NOT_IN_TIME = {"parts reported backwards"}


@pytest.mark.slow
def test_the_shared_cases(peer: Peer) -> None:
    left_out = NOT_IN_TIME | (NOT_TWISTED if peer.name == TWISTED else set())
    cases = [case for case in CASES if case.label not in left_out]

    async def one(case: Case) -> tuple[Case, RecordingSink]:
        sink = RecordingSink()
        referenced = case.label != "no answer, no reference"
        async with link(peer, sink, user_message_reference=referenced) as driver:
            driver.offer([submission(case)])
            await asyncio.sleep(4)
        return case, sink

    async def main() -> list[tuple[Case, RecordingSink]]:
        return await asyncio.gather(*map(one, cases))

    wrong = {}
    for case, sink in asyncio.run(main()):
        try:
            check(case, sink)
        except AssertionError as error:
            wrong[case.label] = f"{error}: {sink.heard}"
    assert wrong == {}


@pytest.mark.slow
def test_a_wrong_password(peer: Peer) -> None:
    async def main() -> str:
        with pytest.raises(LinkDown) as caught:
            async with link(peer, RecordingSink(), password="wrong"):
                pass
        return str(caught.value)

    assert "ESME_RINVPASWD" in asyncio.run(main())


@pytest.mark.slow
def test_nobody_listens(npm: Peer) -> None:
    stop_at, npm.port = npm.port, 1

    async def main() -> None:
        with pytest.raises(LinkDown):
            async with link(npm, RecordingSink()):
                pass

    asyncio.run(main())
    npm.port = stop_at


TEXTS = {
    "plain": "Bonjour",
    "the alphabet": "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€",
    "another script": "Привет, 👍",
    "two parts": "x[y]€" * 50,
    "two parts in another script": "Привет 👍" * 10,
}


@pytest.mark.slow
@pytest.mark.parametrize("long", [Long.UDH8, Long.UDH16, Long.SAR, Long.PAYLOAD])
def test_texts_are_read_as_meant(npm: Peer, long: Long) -> None:
    sink = RecordingSink()
    texts = list(TEXTS.values())
    batch: list[Submission] = [
        message("+33600000001", seq, text=text, parts=len(split(text)))
        for seq, text in enumerate(texts)
    ]

    async def main() -> None:
        async with link(npm, sink, text=TextStyle(long=long)) as driver:
            driver.offer(batch)
            await asyncio.sleep(0.5)

    asyncio.run(main())
    for one in batch:
        count = 1 if long is Long.PAYLOAD else one.parts
        read = npm.submits(count)
        assert "".join(each["text"] for each in read) == one.text
        if count > 1:
            assert [place(each, long) for each in read] == [(count, n + 1) for n in range(count)]


def place(read: dict[str, Any], long: Long) -> tuple[int, int]:
    """The number of parts and which one it is, as the carrier read them."""
    if long is Long.SAR:
        total, no = read["sar"]
        return total, no
    (header,) = read["header"]
    octets = bytes.fromhex(header)
    return octets[-2], octets[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sender", "ton", "npi"),
    [("Octavo", 5, 0), ("30101", 3, 0), ("+33612345678", 1, 1)],
)
def test_senders_are_of_their_kind(npm: Peer, sender: str, ton: int, npi: int) -> None:
    async def main() -> None:
        async with link(npm, RecordingSink(), validity=3600) as driver:
            driver.offer([message("+33600000001")._replace(sender=sender)])
            await asyncio.sleep(0.2)

    asyncio.run(main())
    (read,) = npm.submits(1)
    assert (read["from"], read["from_ton"], read["from_npi"]) == (sender.lstrip("+"), ton, npi)
    assert read["to"] == "33600000001"
    assert read["registered"] == 1


@pytest.mark.slow
def test_thousands_of_messages_and_their_receipts(npm: Peer) -> None:
    sink, count = RecordingSink(), 5_000
    left = list(range(count))

    async def main() -> None:
        async with link(npm, sink, window=100, response_timeout=15.0) as driver:
            while left or len(sink.reported) < count:
                room = min(driver.room(), len(left))
                driver.offer([message("+33600000001", left.pop()) for _ in range(room)])
                await asyncio.sleep(0.001)
                assert driver.is_up()

    reader = drained(npm, count)
    asyncio.run(asyncio.wait_for(main(), 60))
    reader()
    ids = [outcome.ids[0] for outcome in sink.answered]
    assert len(set(ids)) == count
    assert {report.id for report in sink.reported} == set(ids)


def drained(peer: Peer, count: int) -> Callable[[], object]:
    """Reads what a carrier prints, which otherwise stops it; the result waits for the end."""
    thread = Thread(target=peer.submits, args=(count,))
    thread.start()
    return thread.join
