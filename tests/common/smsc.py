"""A carrier that speaks SMPP and does with a number what the sandbox does with it.

In memory for virtual time, or on a socket.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from octavo.drivers.protocol import ReportState, Verdict
from octavo.drivers.sandbox.behaviour import NUMBERS, Behaviour, Parts, Receipt
from octavo.drivers.smpp.driver import Dial, SmppDriver
from octavo.drivers.smpp.memory import LinkMemory
from octavo.drivers.smpp.session import Session
from octavo.drivers.smpp.settings import SmppSettings
from octavo.drivers.smpp.texts import TextStyle
from octavo.drivers.smpp.wire.commands import RESPONSE, Command
from octavo.drivers.smpp.wire.fields import Value
from octavo.drivers.smpp.wire.frames import Splitter, header_only
from octavo.drivers.smpp.wire.pdu import Pdu, decode, encode
from octavo.drivers.smpp.wire.status import Status
from octavo.drivers.smpp.wire.tlv import Tag, Tlvs, integer_of
from tests.common.sandbox import RecordingSink, loop_clock

BINDS = {Command.BIND_TRANSMITTER, Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER}
RECEIVING = {Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER}

USUAL = Behaviour("delivered")

_STATES = {
    ReportState.DELIVERED: 2,
    ReportState.EXPIRED: 3,
    ReportState.UNDELIVERABLE: 5,
    ReportState.BAD_DESTINATION: 5,
    ReportState.NOT_ALLOWED: 5,
    ReportState.REJECTED: 8,
}


@dataclass
class Smsc:
    """What a carrier does over all its connections, and all that it heard."""

    password: str = "secret"
    latency: float = 0.005
    bind_status: int = 0
    mute: bool = False
    """Takes everything, answers nothing but the bind."""
    hang_up_after: int | None = None
    """Submits, the last of which it takes and does not answer; once."""
    refuses: Callable[[Pdu], int | None] = lambda _: None
    """The status of a submit before its number is looked at; None for no objection."""
    lines: list["Line"] = field(default_factory=list)
    submits: list[Pdu] = field(default_factory=list)
    heard: list[Pdu] = field(default_factory=list)
    kept: list[Pdu] = field(default_factory=list)

    def line(self) -> "Line":
        """A new connection."""
        line = Line(self)
        self.lines.append(line)
        return line

    def deliver(self, pdu: Pdu) -> None:
        """Sends a PDU over a connection that receives, once there is one."""
        for line in reversed(self.lines):
            if line.bound in RECEIVING:
                line.write(pdu)
                return
        self.kept.append(pdu)

    def answers_to(self, command: Command) -> list[int]:
        """The statuses that we were answered to a command."""
        return [pdu.status for pdu in self.heard if pdu.command == command | RESPONSE]


class Line(asyncio.Protocol):
    """One connection of the carrier."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.bound: int | None = None
        self.open = True
        self._splitter = Splitter()
        self._sequence = 1_000
        self._unanswered: dict[int, Pdu] = {}
        self._passes: Counter[tuple[bytes, bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.open, self.bound = False, None
        self.smsc.kept += self._unanswered.values()

    def data_received(self, data: bytes) -> None:
        for frame in self._splitter.feed(data):
            self._take(decode(frame))

    def write(self, pdu: Pdu) -> None:
        """Sends a PDU, a request under a number of its own."""
        if not pdu.command & RESPONSE and not pdu.sequence:
            self._sequence += 1
            self._unanswered[self._sequence] = pdu
            pdu = Pdu(pdu.command, self._sequence, pdu.status, pdu.fields, pdu.tlvs)
        if self.open:
            self.transport.write(encode(pdu))

    def _take(self, pdu: Pdu) -> None:
        self.smsc.heard.append(pdu)
        if pdu.command & RESPONSE:
            self._unanswered.pop(pdu.sequence, None)
        elif pdu.command in BINDS:
            self._bind(pdu)
        elif self.smsc.mute:
            if pdu.command == Command.SUBMIT_SM:
                self.smsc.submits.append(pdu)
        elif pdu.command == Command.SUBMIT_SM:
            self._submit(pdu)
        elif pdu.command in {Command.ENQUIRE_LINK, Command.UNBIND}:
            self.transport.write(header_only(pdu.command | RESPONSE, pdu.sequence))
            if pdu.command == Command.UNBIND:
                self.transport.close()

    def _bind(self, pdu: Pdu) -> None:
        known = pdu.octets("password").decode() == self.smsc.password
        status = self.smsc.bind_status if known else Status.ESME_RINVPASWD
        if not status:
            self.bound = pdu.command
        fields = {"system_id": b"smsc"}
        self.write(Pdu(pdu.command | RESPONSE, pdu.sequence, status, fields if not status else {}))
        if self.bound in RECEIVING:
            kept, self.smsc.kept = self.smsc.kept, []
            for each in kept:
                self.write(each)

    def _submit(self, pdu: Pdu) -> None:
        smsc = self.smsc
        if not self.open:
            return
        smsc.submits.append(pdu)
        if smsc.hang_up_after is not None and len(smsc.submits) >= smsc.hang_up_after:
            smsc.hang_up_after = None
            self.open, self.bound = False, None
            self.transport.abort()
            return
        to = pdu.octets("destination_addr")
        does = NUMBERS.get(to.decode()[-4:], USUAL)
        part = (to, pdu.octets("short_message")[:6])
        answer = does.answer(self._passes[part])
        self._passes[part] += 1
        id_ = f"{len(smsc.submits):08x}"
        status = smsc.refuses(pdu)
        if status is None:
            status = _status(answer.verdict, answer.code)
        if status is not None:
            fields = {"message_id": id_.encode()} if not status else {}
            response = Pdu(Command.SUBMIT_SM_RESP, pdu.sequence, status, fields)
            self._later(smsc.latency if answer.delay is None else answer.delay, response)
        if answer.taken and not status:
            self._follow(pdu, does, id_)

    def _follow(self, pdu: Pdu, does: Behaviour, id_: str) -> None:
        no, total = _place(pdu)
        for receipt in does.receipts:
            if _is_about(receipt, no):
                delay = 0.5 if receipt.delay is None else receipt.delay
                delay += 0.2 * (total - no) if receipt.backwards else 0.0
                self._later(delay, _receipt(pdu, receipt, id_))
        for reply in does.replies if no == 1 else ():
            self._later(reply.delay, _message(pdu, reply.text))

    def _later(self, delay: float, pdu: Pdu) -> None:
        if delay < 1e6:
            is_answer = pdu.command & RESPONSE
            give = self.write if is_answer else self.smsc.deliver
            asyncio.get_running_loop().call_later(delay, give, pdu)


def _status(verdict: Verdict, code: str) -> int | None:
    if verdict is Verdict.UNKNOWN:
        return None
    return 0 if verdict is Verdict.ACCEPTED else Status[code].value


def _place(pdu: Pdu) -> tuple[int, int]:
    body = pdu.octets("short_message")
    return (body[5], body[4]) if pdu.integer("esm_class") & 0x40 else (1, 1)


def _is_about(receipt: Receipt, no: int) -> bool:
    return receipt.parts is Parts.ALL or (receipt.parts is Parts.FIRST) == (no == 1)


def _receipt(pdu: Pdu, receipt: Receipt, id_: str) -> Pdu:
    state = _STATES[receipt.state]
    error = b"\3\0" + bytes((int(receipt.code),))
    tlvs: Tlvs = (
        (Tag.RECEIPTED_MESSAGE_ID, id_.encode() + b"\0"),
        (Tag.MESSAGE_STATE, bytes((state,))),
        (Tag.NETWORK_ERROR_CODE, error),
    )
    reference = integer_of(pdu.tlvs, Tag.USER_MESSAGE_REFERENCE, 2)
    if receipt.referenced and reference is not None:
        tlvs += ((Tag.USER_MESSAGE_REFERENCE, reference.to_bytes(2, "big")),)
    text = f"id:{id_} sub:001 dlvrd:001 stat:X err:{receipt.code} text:"
    return delivery(pdu, text.encode(), esm_class=4, tlvs=tlvs)


def _message(pdu: Pdu, text: str) -> Pdu:
    body = text.encode("utf-16-be")
    return delivery(pdu, body, esm_class=0, data_coding=8)


def delivery(
    pdu: Pdu, body: bytes, *, esm_class: int, data_coding: int = 0, tlvs: Tlvs = ()
) -> Pdu:
    """A deliver_sm that goes back from the recipient of a submit_sm to its sender."""
    fields: dict[str, Value] = {
        "source_addr_ton": 1,
        "source_addr_npi": 1,
        "source_addr": pdu.octets("destination_addr"),
        "dest_addr_ton": pdu.integer("source_addr_ton"),
        "destination_addr": pdu.octets("source_addr"),
        "esm_class": esm_class,
        "data_coding": data_coding,
        "short_message": body,
    }
    return Pdu(Command.DELIVER_SM, 0, 0, fields, tlvs)


# -- in memory -----------------------------------------------------------------------------------


class MemoryTransport(asyncio.Transport):
    """One end of a connection that is no socket: what is written arrives at the next turn."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.peer: MemoryTransport | None = None
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        assert self.peer is not None
        asyncio.get_running_loop().call_soon(self.peer.arrive, bytes(data))

    def arrive(self, data: bytes) -> None:
        if not self.closed:
            self.protocol.data_received(data)

    def is_closing(self) -> bool:
        return self.closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        loop = asyncio.get_running_loop()
        loop.call_soon(self.protocol.connection_lost, None)
        if self.peer is not None:
            loop.call_soon(self.peer.close)

    abort = close


def connect(client: asyncio.Protocol, server: asyncio.Protocol) -> None:
    """Joins two protocols."""
    near, far = MemoryTransport(client), MemoryTransport(server)
    near.peer, far.peer = far, near
    server.connection_made(far)
    client.connection_made(near)


def dial_to(smsc: Smsc) -> Dial:
    """A dial that reaches this carrier without a socket."""

    async def dial(_: SmppSettings, make: Callable[[], Session]) -> Session:
        session = make()
        connect(session, smsc.line())
        return session

    return dial


def settings(**changed: object) -> SmppSettings:
    """A route to the carrier of tests."""
    known: dict[str, object] = {
        "host": "smsc.test",
        "port": 2775,
        "system_id": "octavo",
        "password": "secret",
        "response_timeout": 10.0,
        "text": TextStyle(),
        **changed,
    }
    return SmppSettings(**known)  # type: ignore[arg-type]


@asynccontextmanager
async def link_to(
    smsc: Smsc,
    sink: RecordingSink,
    *,
    memory: LinkMemory | None = None,
    changed: dict[str, object] | None = None,
) -> AsyncIterator[SmppDriver]:
    """A link to a carrier in memory, dropped at the end."""
    memory = memory or LinkMemory(Random(1))
    driver = SmppDriver(settings(**(changed or {})), memory, loop_clock, dial=dial_to(smsc))
    await driver.start(sink)
    try:
        yield driver
    finally:
        await driver.stop(drain=False)
