"""One link over SMPP (protocol `Driver`): one connection, or two of a pair, from bind to unbind.

A link that is lost is not mended here: its holder stops the driver, which settles what is in
flight, and makes another one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import structlog

from octavo.drivers.protocol import Fault, LinkDown, Outcome, Sink, Submission
from octavo.drivers.smpp.incoming import Incoming
from octavo.drivers.smpp.memory import LinkMemory
from octavo.drivers.smpp.outcomes import MOST_TRIES, NOT_SENT, Judge, refused_here
from octavo.drivers.smpp.outgoing import NotForThisRoute, Outgoing, writer_for
from octavo.drivers.smpp.pace import Pace
from octavo.drivers.smpp.session import Answered, BindRefused, HungUp, Part, Session
from octavo.drivers.smpp.settings import SmppSettings
from octavo.drivers.smpp.whole import Whole
from octavo.drivers.smpp.wire.frames import Frame
from octavo.kit.clock import Clock

Dial = Callable[[SmppSettings, Callable[[], Session]], Awaitable[Session]]
"""Connects a new session to the carrier. Raises OSError."""

log = structlog.get_logger()

_REPORTS_PATIENCE = 5.0
"""Seconds that a drain waits for reports to be kept."""


async def dial(settings: SmppSettings, make: Callable[[], Session]) -> Session:
    """By TCP, with TLS where the settings have it."""
    _, session = await asyncio.get_running_loop().create_connection(
        make,
        settings.host,
        settings.port,
        ssl=settings.tls,
        server_hostname=settings.tls_name if settings.tls else None,
    )
    return session


class SmppDriver:
    """One link. `memory` is kept by its holder and given to the next driver of the same link."""

    def __init__(
        self, settings: SmppSettings, memory: LinkMemory, clock: Clock, *, dial: Dial = dial
    ) -> None:
        """Raises ValueError for settings that no PDU can hold."""
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._dial = dial
        self._writer = writer_for(settings)
        self._outgoing = Outgoing(settings, self._writer)
        self._pace = Pace()
        self._judge = Judge(settings, self._pace)
        self._sessions: list[Session] = []
        self._sink: Sink | None = None
        self._up_at: float | None = None
        self._backlog: deque[Part] = deque()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._draining = False

    # -- life ----------------------------------------------------------------------------------

    async def start(self, sink: Sink) -> None:
        """Connects and binds. Raises LinkDown, with the seconds to wait until the next try."""
        self._loop = asyncio.get_running_loop()
        redial = self._memory.redial
        if wait := redial.wait(self._loop.time()):
            raise LinkDown("the link was lost a moment ago", after=wait)
        self._incoming = Incoming(self._settings, self._memory, self._clock, sink)
        self._memory.connected()
        self._sink = sink
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await self._bind()
        except (OSError, TimeoutError, BindRefused, HungUp) as error:
            await self._abort()
            why = str(error) or "the carrier did not answer in time"
            raise LinkDown(why, after=redial.failed(self._loop.time())) from error
        except BaseException:
            await self._abort()
            raise
        self._up_at = self._loop.time()
        self._keeping = asyncio.create_task(self._incoming.run())

    async def _bind(self) -> None:
        for command in self._settings.bind.commands:
            make = partial(Session, self._settings, command, self._writer, self)
            session = await self._dial(self._settings, make)
            self._sessions.append(session)
            await session.bound()

    def is_up(self) -> bool:
        """Whether all binds of the link stand."""
        return self._up_at is not None and not any(s.ended for s in self._sessions)

    async def stop(self, *, drain: bool) -> None:
        """Ends the link."""
        if self._up_at is None:
            return
        if drain:
            await self._drain()
        self._lost()
        self._sink = None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        if drain:
            await asyncio.gather(*[session.unbind() for session in self._sessions])
        await self._abort()

    async def _drain(self) -> None:
        self._draining = True
        self._check_idle()
        try:
            async with asyncio.timeout(self._settings.response_timeout + 1.0):
                await self._idle.wait()
        except TimeoutError:
            self._drop_backlog()
        try:
            async with asyncio.timeout(_REPORTS_PATIENCE):
                await self._incoming.idle()
        except TimeoutError:
            pass

    async def _abort(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*[session.abort() for session in self._sessions])
        self._sessions.clear()

    def _lost(self) -> None:
        """Notes how long the link was up."""
        if self._up_at is not None:
            if any(session.ended for session in self._sessions):
                now = self._loop.time()
                self._memory.redial.lost(now, now - self._up_at)
            self._up_at = None

    # -- out -----------------------------------------------------------------------------------

    def room(self) -> int:
        """Parts that `offer` would take now; 0 while the link is not up."""
        if self._draining or not self.is_up():
            return 0
        sender = self._sessions[0]
        free = self._settings.window - sender.in_flight - len(self._backlog)
        if free <= 0 or not sender.writable:
            return 0
        return self._pace.room(self._loop.time(), free)

    def offer(self, batch: Sequence[Submission]) -> None:
        """Writes the submissions to the socket in one write; the answers come later.

        Raises RuntimeError when the link is not up.
        """
        if not self.is_up():
            raise RuntimeError("the link is not up")
        parts: list[Part] = []
        refused: list[Outcome] = []
        for message in batch:
            try:
                parts += self._outgoing.parts(message)
            except NotForThisRoute as why:
                refused.append(refused_here(message, why.code, Fault.PERMANENT))
        if refused:
            self._loop.call_soon(self._tell, refused)
        self._pace.sent(len(parts))
        self._send(parts)

    def _send(self, parts: list[Part]) -> None:
        """What the window holds goes now, the rest when answers have come."""
        self._idle.clear()
        free = max(0, self._settings.window - self._sessions[0].in_flight)
        if self._backlog:
            free = 0
        self._sessions[0].submit(parts[:free])
        self._backlog.extend(parts[free:])

    def _pump(self) -> None:
        """Sends what waits for room, or for the carrier to bear it."""
        self._timer = None
        if not self._backlog:
            return
        sender, now = self._sessions[0], self._loop.time()
        if sender.ended:
            self._drop_backlog()
        elif now < self._due:
            self._timer = self._loop.call_at(self._due, self._pump)
        else:
            free = self._settings.window - sender.in_flight
            sender.submit([self._backlog.popleft() for _ in range(min(free, len(self._backlog)))])

    # -- in ------------------------------------------------------------------------------------

    def answered(self, batch: Sequence[Answered]) -> None:
        """As Owner."""
        now = self._loop.time()
        judge = self._judge
        outcomes: list[Outcome] = []
        self._pace.accepted(sum(answered.status == 0 for answered in batch), now)
        for answered in batch:
            if (whole := answered.part.whole) is None:
                outcomes.append(judge.of_one(answered, now))
            else:
                after = judge.of_part(whole, answered, now)
                outcomes += self._ended_of(whole, after)
        if self._backlog and self._timer is None:
            self._pump()
        self._tell(outcomes)

    def _ended_of(self, whole: Whole, after: float) -> list[Outcome]:
        """The outcome of a message of several parts, once there is one."""
        if not whole.is_answered:
            return []
        if whole.tries < MOST_TRIES and not self._sessions[0].ended:
            again = whole.again()
            if again:
                self._due = self._loop.time() + (after or 1.0)
                self._backlog.extend(self._outgoing.again(whole, again))
                return []
        return [whole.outcome(after)]

    def _drop_backlog(self) -> None:
        """What waits will not leave over this link."""
        outcomes: list[Outcome] = []
        while self._backlog:
            part = self._backlog.popleft()
            if part.whole is None:
                outcomes.append(refused_here(part.message, NOT_SENT, Fault.OURS))
            else:
                part.whole.refused(part.no, NOT_SENT, Fault.OURS)
                outcomes += self._ended_of(part.whole, 0.0)
        self._tell(outcomes)

    def delivered(self, session: Session, frames: Sequence[Frame]) -> None:
        """As Owner."""
        self._incoming.take(session, frames)

    def ended(self, session: Session, reason: str) -> None:
        """As Owner."""
        if self._up_at is not None:
            bind = session.command.name.lower()
            log.warning("bind ended", host=self._settings.host, bind=bind, reason=reason)
            self._drop_backlog()
            self._check_idle()

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        told = list(outcomes)
        self._check_idle()
        if told and self._sink is not None:
            self._sink.outcomes(told)

    def _check_idle(self) -> None:
        if not self._backlog and (not self._sessions or not self._sessions[0].in_flight):
            self._idle.set()
