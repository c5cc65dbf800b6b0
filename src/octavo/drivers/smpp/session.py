"""One bind: a connection to a carrier from connect to unbind, as ESME (SMPP 3.4, 2.2).

Nothing here waits, and no message costs a task, a timer or a future: what is in flight stands in
one dictionary, and one timer a session looks at the oldest.
"""

import asyncio
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple, Protocol, cast

from octavo.drivers.protocol import Submission
from octavo.drivers.smpp.settings import SmppSettings
from octavo.drivers.smpp.whole import Whole
from octavo.drivers.smpp.wire.commands import COMMANDS, RESPONSE, Command
from octavo.drivers.smpp.wire.errors import Unframed
from octavo.drivers.smpp.wire.frames import Frame, Splitter, header_only, next_sequence
from octavo.drivers.smpp.wire.pdu import Pdu, encode
from octavo.drivers.smpp.wire.status import Status, name_of
from octavo.drivers.smpp.wire.submit import Piece, SubmitWriter, message_id
from octavo.kit.errors import OctavoError

VERSION = 0x34
_UNBIND_PATIENCE = 3.0
_EMPTY_ID = Struct(">IIIIx")
"""The answer to a deliver_sm: its message_id is unused and empty (4.6.2)."""


class BindRefused(OctavoError):
    """The carrier does not let us in."""

    says = "The carrier refused the bind"


class HungUp(OctavoError):
    """The connection ended."""

    says = "The connection to the carrier ended"


class Part(NamedTuple):
    """One submit_sm to be: what it says, to whom, and the message that it is part `no` of.

    `whole` is None for a message of one part.
    """

    message: Submission
    head: bytes
    to: bytes
    piece: Piece
    no: int = 1
    whole: Whole | None = None


class Answered(NamedTuple):
    """A part with the carrier's answer to it; `status` None when none came."""

    part: Part
    status: int | None
    id: str = ""


class Ask(NamedTuple):
    """A deliver_sm or data_sm that waits for its answer."""

    session: "Session"
    command: int
    sequence: int


class Owner(Protocol):
    """Who a session works for."""

    def answered(self, batch: Sequence[Answered]) -> None:
        """Answers, or their absence, in the order they came."""

    def delivered(self, session: "Session", frames: Sequence[Frame]) -> None:
        """deliver_sm and data_sm, to be answered by `Session.answer`."""

    def ended(self, session: "Session", reason: str) -> None:
        """Nothing further can be sent; answers to what is in flight may still come."""


class Session(asyncio.Protocol):
    """A bind of the kind that `command` asks for. `owner` hears what comes from the first octet on:
    a carrier may send what it kept together with its answer to the bind.
    """

    def __init__(
        self, settings: SmppSettings, command: Command, writer: SubmitWriter, owner: Owner
    ) -> None:
        self._settings = settings
        self.command = command
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._splitter = Splitter()
        self._transport: asyncio.WriteTransport | None = None
        self._owner: Owner | None = owner
        self._sequence = 0
        self._flights: dict[int, tuple[float, Part]] = {}
        self._bound = self._loop.create_future()
        self._over = self._loop.create_future()
        self._unbound = asyncio.Event()
        self._reason = ""
        self._heard_at = 0.0
        self._enquired_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.writable = True
        """Whether the system takes what is written."""
        self.ended = False

    # -- life ----------------------------------------------------------------------------------

    async def bound(self) -> None:
        """Returns once the carrier has taken the bind. Raises BindRefused, HungUp."""
        await self._bound

    @property
    def in_flight(self) -> int:
        """Parts without an answer."""
        return len(self._flights)

    async def unbind(self) -> None:
        """Takes leave and closes; returns when the connection is gone."""
        if self._transport is not None and not self._over.done():
            self._end("unbound")
            self._write(header_only(Command.UNBIND, self._next()))
            try:
                async with asyncio.timeout(_UNBIND_PATIENCE):
                    await self._unbound.wait()
            except TimeoutError:
                pass
            self._transport.close()
        await self.abort()

    async def abort(self) -> None:
        """Drops the connection; the owner hears nothing more."""
        self._owner = None
        self._bound.cancel()
        if self._transport is not None:
            self._transport.abort()
            await self._over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio.Protocol: binds at once."""
        # uvloop's transports have the methods, not the base class.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.set_write_buffer_limits(1 << 20)
        self._heard_at = self._loop.time()
        self._write(encode(self._bind_request()))
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio.Protocol: what is in flight will not be answered."""
        self._end(f"the connection was lost: {exc}" if exc else "the carrier hung up")
        if self._timer is not None:
            self._timer.cancel()
        self._unbound.set()
        if not self._bound.done():
            self._not_bound(HungUp(self._reason))
        lost = [Answered(part, None) for _, part in self._flights.values()]
        self._flights.clear()
        self._over.set_result(None)
        if lost and self._owner is not None:
            self._owner.answered(lost)

    def pause_writing(self) -> None:
        """As asyncio.Protocol."""
        self.writable = False

    def resume_writing(self) -> None:
        """As asyncio.Protocol."""
        self.writable = True

    # -- out -----------------------------------------------------------------------------------

    def submit(self, parts: Iterable[Part]) -> None:
        """Writes parts, in one go. Raises ValueError for one that no submit_sm can hold."""
        now, flights, write = self._loop.time(), self._flights, self._writer.write
        sequence, out = self._sequence, []
        for part in parts:
            sequence = next_sequence(sequence)
            out.append(write(sequence, part.head, part.to, part.piece))
            flights[sequence] = (now, part)
        self._sequence = sequence
        self._write(b"".join(out))

    def answer(self, asks: Iterable[Ask], status: int) -> None:
        """Answers deliver_sm and data_sm of this session."""
        pack = _EMPTY_ID.pack
        answers = [pack(17, command | RESPONSE, status, number) for _, command, number in asks]
        self._write(b"".join(answers))

    def _write(self, octets: bytes) -> None:
        if octets and self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def _next(self) -> int:
        self._sequence = next_sequence(self._sequence)
        return self._sequence

    def _bind_request(self) -> Pdu:
        s = self._settings
        return Pdu(
            self.command,
            self._next(),
            fields={
                "system_id": s.system_id.encode(),
                "password": s.password.encode(),
                "system_type": s.system_type.encode(),
                "interface_version": VERSION,
                "address_range": s.address_range.encode(),
            },
        )

    # -- in ------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol."""
        self._heard_at = self._loop.time()
        answers: list[Answered] = []
        deliveries: list[Frame] = []
        take, submit_resp = self._flights.pop, Command.SUBMIT_SM_RESP.value
        try:
            for frame in self._splitter.feed(data):
                command = frame.command
                if command == submit_resp:
                    flight = take(frame.sequence, None)
                    if flight is not None:
                        answers.append(Answered(flight[1], frame.status, message_id(frame)))
                elif command in _DELIVERIES:
                    deliveries.append(frame)
                else:
                    self._other(frame, answers)
        except Unframed as fault:
            self._write(header_only(Command.GENERIC_NACK, 0, fault.status))
            self._hang_up(str(fault))
        if self._owner is not None:
            # A receipt finds its message sooner when the answer was heard first.
            if answers:
                self._owner.answered(answers)
            if deliveries:
                self._owner.delivered(self, deliveries)

    def _other(self, frame: Frame, answers: list[Answered]) -> None:
        """What is no message and no answer to one."""
        command = frame.command
        if command == Command.ENQUIRE_LINK:
            self._write(header_only(Command.ENQUIRE_LINK_RESP, frame.sequence))
        elif command == Command.ENQUIRE_LINK_RESP:
            self._enquired_at = None
        elif command == self.command | RESPONSE:
            self._bind_answered(frame.status)
        elif command == Command.GENERIC_NACK:
            self._nacked(frame, answers)
        elif command == Command.UNBIND:
            self._write(header_only(Command.UNBIND_RESP, frame.sequence))
            self._end("the carrier unbound us")
        elif command == Command.UNBIND_RESP:
            self._unbound.set()
        elif command not in _UNANSWERED and not command & RESPONSE:
            # Also what only a carrier is asked: an ESME knows no other command.
            nack = header_only(Command.GENERIC_NACK, frame.sequence, Status.ESME_RINVCMDID)
            self._write(nack)

    def _not_bound(self, error: OctavoError) -> None:
        self._bound.set_exception(error)
        # Who waits for it may have given up: then it is nobody's surprise.
        self._bound.exception()

    def _bind_answered(self, status: int) -> None:
        if self._bound.done():
            return
        if status == Status.ESME_ROK:
            self._bound.set_result(None)
        else:
            self._not_bound(BindRefused(name_of(status)))

    def _nacked(self, frame: Frame, answers: list[Answered]) -> None:
        """A PDU of ours was not understood; without its number there is no telling which."""
        flight = self._flights.pop(frame.sequence, None)
        if flight is not None:
            status = frame.status or Status.ESME_RUNKNOWNERR
            answers.append(Answered(flight[1], status))
        elif not self._bound.done():
            self._not_bound(BindRefused(f"generic_nack, {name_of(frame.status)}"))
        elif self._enquired_at is not None:
            self._enquired_at = None
        else:
            self._end(f"generic_nack for no PDU of ours: {name_of(frame.status)}")

    # -- time ----------------------------------------------------------------------------------

    def _look(self) -> None:
        """Looks at what takes too long, a few times within the shortest patience."""
        now = self._loop.time()
        self._expire(now)
        self._enquire(now)
        if self.ended and not self._flights and self._bound.done() and not self._over.done():
            self._hang_up(self._reason)
        s = self._settings
        self._timer = self._loop.call_later(
            min(s.response_timeout, s.enquire_every, 5.0) / 10, self._look
        )

    def _expire(self, now: float) -> None:
        """A part without an answer in time is in doubt, and the bind is not to be trusted."""
        until = now - self._settings.response_timeout
        late: list[int] = []
        for sequence, (at, _) in self._flights.items():
            if at > until:
                break
            late.append(sequence)
        if late:
            self._end("an answer did not come in time")
            lost = [Answered(self._flights.pop(sequence)[1], None) for sequence in late]
            if self._owner is not None:
                self._owner.answered(lost)

    def _enquire(self, now: float) -> None:
        s = self._settings
        if self._enquired_at is not None:
            if self._heard_at > self._enquired_at:
                self._enquired_at = None
            elif now - self._enquired_at >= s.response_timeout:
                self._hang_up("enquire_link was not answered")
        elif self._bound.done() and not self.ended and now - self._heard_at >= s.enquire_every:
            self._enquired_at = now
            self._write(header_only(Command.ENQUIRE_LINK, self._next()))

    def _end(self, reason: str) -> None:
        """Nothing further is sent; answers may still come."""
        if self.ended:
            return
        self.ended = True
        self._reason = reason
        if self._owner is not None and self._bound.done():
            self._owner.ended(self, reason)

    def _hang_up(self, reason: str) -> None:
        self._end(reason)
        if self._transport is not None:
            self._transport.close()


_DELIVERIES = frozenset({int(Command.DELIVER_SM), int(Command.DATA_SM)})
_UNANSWERED = COMMANDS & {int(Command.ALERT_NOTIFICATION), int(Command.OUTBIND)}
