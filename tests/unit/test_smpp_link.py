"""A link over SMPP when things go wrong, and when they go right; on virtual time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from octavo.drivers.protocol import Fault, LinkDown, Submission, Verdict
from octavo.drivers.smpp.driver import SmppDriver
from octavo.drivers.smpp.memory import LinkMemory
from octavo.drivers.smpp.session import Session
from octavo.drivers.smpp.settings import BindType, SmppSettings
from octavo.drivers.smpp.texts import Long, TextStyle
from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.frames import HEADER, header_only
from octavo.drivers.smpp.wire.pdu import Pdu, encode
from octavo.drivers.smpp.wire.status import Status
from octavo.drivers.smpp.wire.tlv import Tag
from octavo.kit.errors import StoreUnavailable
from tests.common.cases import number
from tests.common.sandbox import RecordingSink, loop_clock, message
from tests.common.smsc import Smsc, dial_to, link_to, settings
from tests.common.virtual_loop import run_virtually

USUAL = "+33600000001"
SLOW = number("9904")
UNHEARD = number("9932")
BUSY = Status.ESME_RSYSERR.value

Scene = Callable[[SmppDriver], Coroutine[Any, Any, None]]


def play(scene: Scene, smsc: Smsc, sink: RecordingSink | None = None, **changed: object) -> None:
    """Runs a scene with a link to a carrier."""

    async def main() -> None:
        async with link_to(smsc, sink or RecordingSink(), changed=changed) as link:
            await scene(link)

    run_virtually(main())


def many(count: int, to: str = USUAL) -> list[Submission]:
    return [message(to, seq) for seq in range(count)]


def verdicts(sink: RecordingSink) -> Counter[Verdict]:
    return Counter(outcome.verdict for outcome in sink.answered)


def start_in_vain(memory: LinkMemory, dial: Any, **changed: object) -> LinkDown:
    """What a start raises."""

    async def main() -> LinkDown:
        driver = SmppDriver(settings(**changed), memory, loop_clock, dial=dial)
        with pytest.raises(LinkDown) as caught:
            await driver.start(RecordingSink())
        assert not driver.is_up()
        assert driver.room() == 0
        await driver.stop(drain=True)
        return caught.value

    return run_virtually(main())


# -- binds ---------------------------------------------------------------------------------------


def test_a_refused_bind_says_why() -> None:
    down = start_in_vain(LinkMemory(Random(1)), dial_to(Smsc()), password="wrong")
    assert "ESME_RINVPASWD" in str(down)


def test_each_failure_doubles_the_wait_and_leaves_half_of_it_to_chance() -> None:
    memory, at, waits = LinkMemory(Random(1)), 0.0, []
    for _ in range(9):
        waits.append(memory.redial.failed(at))
        at += waits[-1]
    assert all(
        0.5 * most <= wait <= most
        for wait, most in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True)
    )
    assert len({wait / most for wait, most in zip(waits[6:], [60] * 3, strict=True)}) == 3


def test_nobody_there() -> None:
    async def dial(_: SmppSettings, make: Callable[[], Session]) -> Session:
        raise ConnectionRefusedError("Connection refused")

    assert "Connection refused" in str(start_in_vain(LinkMemory(Random(1)), dial))


def test_a_carrier_that_does_not_answer_the_bind() -> None:
    smsc = Smsc()
    smsc.line = lambda: Silent(smsc)  # type: ignore[assignment,method-assign,return-value]
    down = start_in_vain(LinkMemory(Random(1)), dial_to(smsc))
    assert "did not answer" in str(down)


class Silent(asyncio.Protocol):
    def __init__(self, smsc: Smsc) -> None:
        pass


class Web(Silent):
    """Something else that listens on the port."""

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")

    def connection_made(self, transport: Any) -> None:
        self.transport = transport


def test_a_server_that_speaks_something_else() -> None:
    smsc = Smsc()
    smsc.line = lambda: Web(smsc)  # type: ignore[assignment,method-assign,return-value]
    down = start_in_vain(LinkMemory(Random(1)), dial_to(smsc))
    assert "ESME_RINVCMDLEN" in str(down)


def test_the_bind_carries_the_account() -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        assert link.is_up()

    play(scene, smsc, system_type="OTA", address_range="30101")
    assert smsc.heard[0] == Pdu(
        Command.BIND_TRANSCEIVER,
        1,
        fields={
            "system_id": b"octavo",
            "password": b"secret",
            "system_type": b"OTA",
            "interface_version": 0x34,
            "addr_ton": 0,
            "addr_npi": 0,
            "address_range": b"30101",
        },
    )


@pytest.mark.parametrize(
    ("bind", "binds"),
    [
        (BindType.TRANSCEIVER, [Command.BIND_TRANSCEIVER]),
        (BindType.TRANSMITTER, [Command.BIND_TRANSMITTER]),
        (BindType.PAIR, [Command.BIND_TRANSMITTER, Command.BIND_RECEIVER]),
    ],
)
def test_a_link_may_be_one_bind_or_two(bind: BindType, binds: list[Command]) -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(1))
        await asyncio.sleep(5)
        assert [line.bound for line in smsc.lines] == binds
        await link.stop(drain=True)

    play(scene, smsc, sink, bind=bind)
    assert len(sink.answered) == 1
    assert len(sink.reported) == (0 if bind is BindType.TRANSMITTER else 1)
    assert [line.open for line in smsc.lines] == [False] * len(binds)


def test_a_pair_is_down_when_one_of_them_is() -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        smsc.lines[1].transport.close()
        await asyncio.sleep(0.1)
        assert not link.is_up()
        assert link.room() == 0

    play(scene, smsc, bind=BindType.PAIR)


# -- the window ----------------------------------------------------------------------------------


def test_room_is_the_window_less_what_has_no_answer() -> None:
    rooms = []

    async def scene(link: SmppDriver) -> None:
        rooms.append(link.room())
        link.offer([message(USUAL, 0, parts=3, text="x" * 400), message(UNHEARD, 1)])
        rooms.append(link.room())
        await asyncio.sleep(1)
        rooms.append(link.room())

    play(scene, Smsc(), window=10)
    assert rooms == [10, 6, 9]


def test_a_message_that_is_larger_than_the_window_goes_through_it() -> None:
    smsc, sink = Smsc(latency=1.0), RecordingSink()
    most = 0

    async def scene(link: SmppDriver) -> None:
        nonlocal most
        link.offer([message(USUAL, parts=5, text="x" * 700)])
        for _ in range(40):
            await asyncio.sleep(0.1)
            most = max(most, len(smsc.submits) - 2 * int(asyncio.get_running_loop().time()))

    play(scene, smsc, sink, window=2)
    assert len(smsc.submits) == 5
    assert most <= 2
    (outcome,) = sink.answered
    assert len(outcome.ids) == 5


def test_a_link_that_is_not_up_takes_nothing() -> None:
    async def scene(link: SmppDriver) -> None:
        await link.stop(drain=True)
        assert link.room() == 0
        with pytest.raises(RuntimeError):
            link.offer(many(1))

    play(scene, Smsc())


def test_no_outcome_comes_within_offer() -> None:
    sink = RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([message("not a number"), message(USUAL, 1)])
        assert sink.answered == []
        await asyncio.sleep(1)

    play(scene, Smsc(), sink)
    assert len(sink.answered) == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"to": "0033-1"}, "ESME_RINVDSTADR"),
        ({"to": "+" + "3" * 30}, "ESME_RINVDSTADR"),
        ({"sender": "Café"}, "ESME_RINVSRCADR"),
        ({"sender": "S" * 21}, "ESME_RINVSRCADR"),
        ({"sender": "\0"}, "ESME_RINVSRCADR"),
        ({"text": "x" * 161}, "text_too_long"),
    ],
)
def test_what_no_submit_can_hold_is_refused_and_does_not_leave(
    wrong: dict[str, Any], code: str
) -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([message(USUAL)._replace(**wrong)])
        await asyncio.sleep(1)
        await link.stop(drain=True)

    play(scene, smsc, sink)
    (outcome,) = sink.answered
    assert (outcome.verdict, outcome.fault, outcome.code) == (
        Verdict.REFUSED,
        Fault.PERMANENT,
        code,
    )
    assert smsc.submits == []


# -- doubt ---------------------------------------------------------------------------------------


def test_a_carrier_that_hangs_up_leaves_all_in_flight_in_doubt() -> None:
    smsc, sink = Smsc(hang_up_after=5), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(20))
        await asyncio.sleep(0.001)
        assert not link.is_up()
        assert link.room() == 0
        await link.stop(drain=True)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.UNKNOWN: 20}
    assert len({outcome.seq for outcome in sink.answered}) == 20


def test_an_answer_that_does_not_come_ends_the_link_but_not_the_others() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(5, UNHEARD)[:1])
        await asyncio.sleep(9.7)
        link.offer([message(number("9904"), 7)])
        await asyncio.sleep(0.8)
        assert verdicts(sink) == {Verdict.UNKNOWN: 1}
        assert not link.is_up()
        assert smsc.lines[0].open
        await link.stop(drain=True)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.UNKNOWN: 1, Verdict.ACCEPTED: 1}
    assert not smsc.lines[0].open


def test_a_stalled_carrier_is_left_after_the_response_time_out() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(50))
        await asyncio.sleep(60)
        assert not smsc.lines[0].open

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.UNKNOWN: 50}
    assert max(heard.at for heard in sink.heard) < 12
    assert len(smsc.submits) == 50


def test_a_late_answer_says_nothing() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(1))
        await asyncio.sleep(10.2)
        late = Pdu(Command.SUBMIT_SM_RESP, smsc.submits[0].sequence, 0, {"message_id": b"1"})
        if smsc.lines[0].open:
            smsc.lines[0].write(late)
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.UNKNOWN: 1}


def test_a_link_that_was_lost_young_is_not_tried_at_once() -> None:
    memory, smsc = LinkMemory(Random(1)), Smsc(hang_up_after=1)

    async def main() -> None:
        async with link_to(smsc, RecordingSink(), memory=memory) as link:
            link.offer(many(1))
            await asyncio.sleep(1)
            await link.stop(drain=True)
            again = SmppDriver(settings(), memory, loop_clock, dial=dial_to(smsc))
            with pytest.raises(LinkDown) as caught:
                await again.start(RecordingSink())
            assert 0 < caught.value.after <= 1
            await asyncio.sleep(caught.value.after)
            await again.start(RecordingSink())
            assert again.is_up()
            await again.stop(drain=True)

    run_virtually(main())


def test_a_link_that_was_lost_old_is_tried_at_once() -> None:
    memory, smsc = LinkMemory(Random(1)), Smsc()

    async def main() -> None:
        async with link_to(smsc, RecordingSink(), memory=memory) as link:
            await asyncio.sleep(100)
            smsc.lines[0].transport.close()
            await asyncio.sleep(1)
            await link.stop(drain=True)
        assert memory.redial.wait(asyncio.get_running_loop().time()) == 0

    run_virtually(main())


# -- the end -------------------------------------------------------------------------------------


def test_a_drain_waits_for_the_answers_and_takes_leave() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([*many(3), message(SLOW, 3)])
        await link.stop(drain=True)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.ACCEPTED: 4}
    assert smsc.heard[-1].command == Command.UNBIND
    assert not smsc.lines[0].open


def test_a_stop_without_drain_says_nothing_more() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(3))
        await link.stop(drain=False)
        await asyncio.sleep(60)

    play(scene, smsc, sink)
    assert sink.heard == []
    assert not smsc.lines[0].open


def test_a_carrier_that_unbinds_may_still_answer() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([message(SLOW)])
        await asyncio.sleep(0.1)
        smsc.lines[0].write(Pdu(Command.UNBIND, 5))
        await asyncio.sleep(0.1)
        assert not link.is_up()
        assert smsc.answers_to(Command.UNBIND) == [0]
        await link.stop(drain=True)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.ACCEPTED: 1}


# -- keeping in touch ----------------------------------------------------------------------------


def test_a_silent_link_is_asked_whether_it_lives() -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        await asyncio.sleep(200)
        assert link.is_up()

    play(scene, smsc, enquire_every=30.0)
    asked = [pdu for pdu in smsc.heard if pdu.command == Command.ENQUIRE_LINK]
    assert 5 <= len(asked) <= 6


def test_a_dead_link_is_found_out() -> None:
    smsc = Smsc(mute=True)

    async def scene(link: SmppDriver) -> None:
        await asyncio.sleep(30 + 10 + 2)
        assert not link.is_up()
        assert not smsc.lines[0].open

    play(scene, smsc, enquire_every=30.0)


def test_the_carrier_s_enquiry_is_answered() -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        smsc.lines[0].write(Pdu(Command.ENQUIRE_LINK, 77))
        await asyncio.sleep(1)

    play(scene, smsc)
    assert Pdu(Command.ENQUIRE_LINK_RESP, 77) in smsc.heard


# -- what is no PDU, and PDUs that are not for us ------------------------------------------------


@pytest.mark.parametrize("command", [0x00000055, Command.QUERY_SM, Command.BIND_TRANSMITTER])
def test_a_command_that_no_esme_knows_is_nacked(command: int) -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        smsc.lines[0].transport.write(header_only(command, 9))
        await asyncio.sleep(1)
        assert link.is_up()

    play(scene, smsc)
    assert Pdu(Command.GENERIC_NACK, 9, Status.ESME_RINVCMDID) in smsc.heard


@pytest.mark.parametrize("command", [0x80000055, Command.ALERT_NOTIFICATION, Command.OUTBIND])
def test_what_wants_no_answer_gets_none(command: int) -> None:
    smsc = Smsc()

    async def scene(link: SmppDriver) -> None:
        smsc.lines[0].transport.write(header_only(command, 9))
        await asyncio.sleep(1)
        assert link.is_up()

    play(scene, smsc)
    assert len(smsc.heard) == 1


def test_garbage_ends_the_connection_and_leaves_doubt() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(2))
        await asyncio.sleep(0.1)
        smsc.lines[0].transport.write(b"\xff" * 40)
        await asyncio.sleep(1)
        assert not link.is_up()

    play(scene, smsc, sink)
    assert Pdu(Command.GENERIC_NACK, 0, Status.ESME_RINVCMDLEN) in smsc.heard
    assert verdicts(sink) == {Verdict.UNKNOWN: 2}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\0\1\1" + b"3" * 30 + b"\0", Status.ESME_RINVSRCADR),
        (b"\0\1\1" + b"3", Status.ESME_RINVCMDLEN),
        (b"\0\1\0011\0\1\0012\0\4\0\0\0\0\0\0\0\0\xffshort", Status.ESME_RINVMSGLEN),
        (b"\0\1\0011\0\1\0012\0\4\0\0\0\0\0\0\0\0\1x\0\x1e\0\x40", Status.ESME_RINVOPTPARSTREAM),
    ],
)
def test_a_delivery_that_cannot_be_read_is_answered_so(body: bytes, status: Status) -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        header = HEADER.pack(16 + len(body), Command.DELIVER_SM, 0, 9)
        smsc.lines[0].transport.write(header + body)
        await asyncio.sleep(1)
        assert link.is_up()

    play(scene, smsc, sink)
    assert smsc.answers_to(Command.DELIVER_SM) == [status]
    assert sink.heard == []


def test_a_submit_that_the_carrier_could_not_read_is_refused() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(1))
        await asyncio.sleep(0.1)
        nack = Pdu(Command.GENERIC_NACK, smsc.submits[0].sequence, Status.ESME_RINVCMDLEN)
        smsc.lines[0].write(nack)
        await asyncio.sleep(1)
        assert link.is_up()

    play(scene, smsc, sink)
    (outcome,) = sink.answered
    assert (outcome.verdict, outcome.fault) == (Verdict.REFUSED, Fault.OURS)


@pytest.mark.parametrize(
    "body", [b"", b"abc", b"abc\0"], ids=["no body", "no NUL at its end", "as specified"]
)
def test_answers_are_taken_as_carriers_give_them(body: bytes) -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(1))
        await asyncio.sleep(0.1)
        sequence = smsc.submits[0].sequence
        header = HEADER.pack(16 + len(body), Command.SUBMIT_SM_RESP, 0, sequence)
        smsc.lines[0].transport.write(header + body)
        smsc.lines[0].transport.write(header + body)
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    (outcome,) = sink.answered
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.ids == (("abc",) if body else ())


def test_pdus_may_arrive_octet_by_octet() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer(many(1))
        await asyncio.sleep(0.1)
        answer = Pdu(Command.SUBMIT_SM_RESP, smsc.submits[0].sequence, 0, {"message_id": b"abc"})
        for octet in encode(answer):
            smsc.lines[0].transport.write(bytes((octet,)))
            await asyncio.sleep(0.01)

    play(scene, smsc, sink)
    assert sink.answered[0].ids == ("abc",)


# -- messages of several parts -------------------------------------------------------------------


def part_no(pdu: Pdu) -> int:
    return pdu.octets("short_message")[5]


LONG = message(USUAL, parts=3, text="x" * 400)


def refusing(no: int, status: int, times: int) -> Callable[[Pdu], int | None]:
    """Refuses one part so many times."""
    left = times

    def refuses(pdu: Pdu) -> int | None:
        nonlocal left
        if part_no(pdu) != no or not left:
            return None
        left -= 1
        return status

    return refuses


@pytest.mark.parametrize("status", [Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL, BUSY])
def test_a_part_that_is_not_taken_for_now_is_sent_again(status: int) -> None:
    smsc, sink = Smsc(refuses=refusing(2, status, 1)), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([LONG])
        await asyncio.sleep(10)

    play(scene, smsc, sink)
    assert [part_no(pdu) for pdu in smsc.submits] == [1, 2, 3, 2]
    (outcome,) = sink.answered
    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.ids == ("00000001", "00000004", "00000003")


@pytest.mark.parametrize(
    ("status", "times", "sent"),
    [(Status.ESME_RINVDSTADR, 1, 3), (BUSY, 9, 6), (Status.ESME_RINVESMCLASS, 1, 3)],
)
def test_a_message_of_which_a_part_was_refused_is_partial(
    status: int, times: int, sent: int
) -> None:
    smsc, sink = Smsc(refuses=refusing(2, status, times)), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([LONG])
        await asyncio.sleep(30)

    play(scene, smsc, sink)
    (outcome,) = sink.answered
    assert (outcome.verdict, outcome.fault, outcome.code) == (
        Verdict.REFUSED,
        Fault.PERMANENT,
        "partial",
    )
    assert len(smsc.submits) == sent


def test_a_message_of_which_a_part_is_in_doubt_is_in_doubt() -> None:
    smsc, sink = Smsc(hang_up_after=3), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([LONG])
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    assert verdicts(sink) == {Verdict.UNKNOWN: 1}


def test_parts_that_wait_for_the_carrier_do_not_hold_up_the_end() -> None:
    smsc, sink = Smsc(refuses=refusing(2, Status.ESME_RTHROTTLED, 10_000)), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([LONG])
        await asyncio.sleep(2)
        before = asyncio.get_running_loop().time()
        await link.stop(drain=True)
        assert asyncio.get_running_loop().time() - before < 15

    play(scene, smsc, sink)
    (outcome,) = sink.answered
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "partial")


def test_parts_that_had_not_left_when_the_link_went_down_are_not_in_doubt() -> None:
    smsc, sink = Smsc(mute=True), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([message(USUAL, 0), message(USUAL, 1)])
        await asyncio.sleep(0.1)
        smsc.lines[0].transport.close()
        await asyncio.sleep(1)

    play(scene, smsc, sink, window=1)
    assert {outcome.seq: outcome.verdict for outcome in sink.answered} == {
        0: Verdict.UNKNOWN,
        1: Verdict.REFUSED,
    }
    (refused,) = [o for o in sink.answered if o.verdict is Verdict.REFUSED]
    assert (refused.fault, refused.code) == (Fault.OURS, "link_down")


def test_a_payload_is_one_pdu_with_an_id_for_each_part() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        link.offer([LONG])
        await asyncio.sleep(5)

    play(scene, smsc, sink, text=TextStyle(long=Long.PAYLOAD))
    (pdu,) = smsc.submits
    assert dict(pdu.tlvs)[Tag.MESSAGE_PAYLOAD] == b"x" * 400
    assert sink.answered[0].ids == ("00000001",) * 3


# -- throttling ----------------------------------------------------------------------------------


class Limit:
    """A carrier that takes so many a second."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()

    def __call__(self, pdu: Pdu) -> int | None:
        second = int(asyncio.get_running_loop().time())
        if self.taken[second] >= self.most:
            self.refused[second] += 1
            return Status.ESME_RTHROTTLED
        self.taken[second] += 1
        return None


def offer_for(seconds: float, smsc: Smsc, sink: RecordingSink) -> None:
    """Offers whatever there is room for, as often as a worker looks."""

    async def scene(link: SmppDriver) -> None:
        seq, loop = 0, asyncio.get_running_loop()
        while loop.time() < seconds:
            room = link.room()
            link.offer([message(USUAL, seq + n) for n in range(room)])
            seq += room
            await asyncio.sleep(0.1)

    play(scene, smsc, sink, window=50)


@pytest.mark.parametrize("most", [5, 50, 150])
def test_a_link_finds_the_pace_that_its_carrier_bears(most: int) -> None:
    limit, sink = Limit(most), RecordingSink()
    offer_for(40, Smsc(refuses=limit), sink)
    assert sum(limit.taken.values()) > 0.6 * most * 40
    # after the first seconds few are thrown back
    late = sum(count for second, count in limit.refused.items() if second > 10)
    assert late < 0.1 * most * 30
    throttled = [o for o in sink.answered if o.verdict is Verdict.THROTTLED]
    assert all(0 < outcome.after <= 30 for outcome in throttled)


def test_a_link_recovers_by_itself() -> None:
    limit, sink = Limit(5), RecordingSink()
    smsc = Smsc(refuses=limit)
    loosened = 5

    def refuses(pdu: Pdu) -> int | None:
        return limit(pdu) if asyncio.get_running_loop().time() < loosened else None

    smsc.refuses = refuses
    offer_for(50, smsc, sink)
    late = sum(heard.at > 48 for heard in sink.heard)
    assert late > 2 * 200


# -- what comes in -------------------------------------------------------------------------------


def phone(body: bytes, esm_class: int = 0, **fields: int) -> Pdu:
    known: dict[str, Any] = {
        "source_addr_ton": 1,
        "source_addr": b"33600000001",
        "destination_addr": b"30101",
        "esm_class": esm_class,
        "short_message": body,
        **fields,
    }
    return Pdu(Command.DELIVER_SM, 0, 0, known)


def parts(*nos: int, total: int = 3) -> list[Pdu]:
    """Parts of "one two three"."""
    words = {1: b"one ", 2: b"two ", 3: b"three"}
    return [phone(bytes((5, 0, 3, 9, total, no)) + words[no], 0x40) for no in nos]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_long_messages_are_put_together(order: tuple[int, ...]) -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        for pdu in parts(*order):
            assert smsc.answers_to(Command.DELIVER_SM) == []
            smsc.deliver(pdu)
            await asyncio.sleep(0.5)

    play(scene, smsc, sink)
    assert [reply.text for reply in sink.replied] == ["one two three"]
    assert smsc.answers_to(Command.DELIVER_SM) == [0, 0, 0]


def test_a_part_that_waits_in_vain_comes_by_itself() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        for pdu in parts(1, 1, 3):
            smsc.deliver(pdu)
        await asyncio.sleep(4)
        assert sink.replied == []
        await asyncio.sleep(2)

    play(scene, smsc, sink)
    assert [reply.text for reply in sink.replied] == ["one ", "three"]
    assert len({reply.id for reply in sink.replied}) == 2
    assert smsc.answers_to(Command.DELIVER_SM) == [0, 0, 0]


def test_parts_by_optional_parameters_are_put_together() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        for no, word in ((2, b"two"), (1, b"one ")):
            tlvs = (
                (int(Tag.SAR_MSG_REF_NUM), b"\0\1"),
                (int(Tag.SAR_TOTAL_SEGMENTS), b"\2"),
                (int(Tag.SAR_SEGMENT_SEQNUM), bytes((no,))),
            )
            smsc.deliver(Pdu(Command.DELIVER_SM, 0, 0, phone(word).fields, tlvs))
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    assert [reply.text for reply in sink.replied] == ["one two"]


def test_the_same_words_again_are_another_message_unless_the_carrier_repeats_itself() -> None:
    memory, smsc, sink = LinkMemory(Random(1)), Smsc(), RecordingSink()

    async def main() -> None:
        for _ in range(2):
            async with link_to(smsc, sink, memory=memory):
                smsc.deliver(phone(b"STOP"))
                await asyncio.sleep(0.5)
                smsc.deliver(phone(b"YES"))
                await asyncio.sleep(0.5)
                smsc.deliver(phone(b"YES"))
                await asyncio.sleep(40)

    run_virtually(main())
    ids = {text: [r.id for r in sink.replied if r.text == text] for text in ("STOP", "YES")}
    assert len(set(ids["STOP"])) == 1
    assert ids["YES"][0] != ids["YES"][1]
    assert ids["YES"][1] == ids["YES"][2]


def test_what_comes_with_the_answer_to_the_bind_is_kept() -> None:
    smsc, sink = Smsc(), RecordingSink()
    smsc.deliver(phone(b"STOP"))
    joined = dial_to(smsc)

    async def dial(used: SmppSettings, make: Callable[[], Session]) -> Session:
        session = await joined(used, make)
        await asyncio.sleep(1)
        return session

    async def main() -> None:
        link = SmppDriver(settings(), LinkMemory(Random(1)), loop_clock, dial=dial)
        await link.start(sink)
        await asyncio.sleep(1)
        await link.stop(drain=True)

    run_virtually(main())
    assert [reply.text for reply in sink.replied] == ["STOP"]
    assert smsc.answers_to(Command.DELIVER_SM) == [0]


def test_data_sm_brings_messages_too() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        fields: dict[str, Any] = {
            "source_addr_ton": 1,
            "source_addr": b"33600000001",
            "destination_addr": b"30101",
            "data_coding": 8,
        }
        text = ((int(Tag.MESSAGE_PAYLOAD), "да".encode("utf-16-be")),)
        smsc.deliver(Pdu(Command.DATA_SM, 0, 0, fields, text))
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    assert [(reply.text, reply.to) for reply in sink.replied] == [("да", "30101")]
    assert smsc.answers_to(Command.DATA_SM) == [0]


def test_what_could_not_be_kept_stays_with_the_carrier() -> None:
    smsc = Smsc()
    sink = RecordingSink(troubles=[StoreUnavailable("full"), StoreUnavailable("full")])
    receipt = phone(b"id:1 stat:DELIVRD", 4)

    async def scene(link: SmppDriver) -> None:
        for _ in range(3):
            smsc.deliver(receipt)
            await asyncio.sleep(0.5)

    play(scene, smsc, sink)
    later = Status.ESME_RX_T_APPN
    assert smsc.answers_to(Command.DELIVER_SM) == [later, later, 0]
    assert len(sink.reported) == 1


@pytest.mark.parametrize("state", ["ENROUTE", "ACCEPTD", "UNKNOWN"])
def test_a_receipt_that_is_not_final_is_only_answered(state: str) -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        smsc.deliver(phone(f"id:1 stat:{state}".encode(), 4))
        await asyncio.sleep(1)

    play(scene, smsc, sink)
    assert sink.heard == []
    assert smsc.answers_to(Command.DELIVER_SM) == [0]


def test_a_flood_is_kept_in_batches() -> None:
    smsc, sink = Smsc(), RecordingSink()

    async def scene(link: SmppDriver) -> None:
        one = [Pdu(Command.DELIVER_SM, n, 0, phone(b"id:1 stat:DELIVRD", 4).fields) for n in (1,)]
        smsc.lines[0].transport.write(encode(one[0]) * 12_000)
        await asyncio.sleep(5)

    play(scene, smsc, sink)
    assert len(sink.reported) == 10_000
    assert max(sink.batches) <= 500
    statuses = Counter(smsc.answers_to(Command.DELIVER_SM))
    assert statuses == {0: 10_000, Status.ESME_RX_T_APPN: 2_000}
