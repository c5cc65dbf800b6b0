"""What each magic number does, as the sink sees it, on virtual time."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from octavo.drivers.protocol import Fault, ReportState, Verdict
from octavo.drivers.sandbox.behaviour import NUMBERS
from octavo.drivers.sandbox.settings import SandboxSettings
from tests.common.sandbox import RecordingSink, link_up, message
from tests.common.virtual_loop import run_virtually

DELIVERED = ReportState.DELIVERED
UNDELIVERABLE = ReportState.UNDELIVERABLE
DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


def send(tmp_path: Path, to: str, *, pass_: int = 0, parts: int = 1, **dials: Any) -> RecordingSink:
    """Sends one message and listens for a minute."""
    sink = RecordingSink()

    async def main() -> None:
        async with link_up(SandboxSettings(data_dir=tmp_path, **dials), sink) as link:
            link.offer([message(to, pass_=pass_, parts=parts)])
            await asyncio.sleep(60)

    run_virtually(main())
    return sink


def times(sink: RecordingSink, kind: str) -> list[float]:
    return [heard.at for heard in sink.heard if type(heard.what).__name__ == kind]


@pytest.mark.parametrize(
    "to",
    [
        "+33600000000",
        "+33600009899",
        "+33600009950",
        "+33699009999",
        "+33600009909",  # a gap in the table
        "+33600009945",  # kept for voice calls
        "+33699000001",
        "9",
        "",
    ],
)
def test_other_numbers_are_answered_soon_and_delivered_within_two_seconds(
    tmp_path: Path, to: str
) -> None:
    sink = send(tmp_path, to)
    [outcome] = sink.answered
    assert (outcome.verdict, len(outcome.ids)) == (Verdict.ACCEPTED, 1)
    assert times(sink, "Outcome") == [pytest.approx(0.005)]
    [report] = sink.reported
    assert (report.state, report.id, report.to) == (DELIVERED, outcome.ids[0], to)
    assert (report.sender, report.reference, report.code) == ("Octavo", "7-0", "000")
    assert 0.1 <= times(sink, "Report")[0] <= 2
    assert sink.replied == []


@pytest.mark.parametrize(
    ("digits", "states", "span"),
    [
        ("9900", [DELIVERED], (30, 30.1)),
        ("9902", [DELIVERED, DELIVERED], (0.5, 1.1)),
        ("9904", [DELIVERED], (0.1, 2)),
        ("9905", [ReportState.EXPIRED, DELIVERED], (0.5, 5.6)),
        ("9910", [UNDELIVERABLE], (0.1, 2)),
        ("9911", [ReportState.BAD_DESTINATION], (0.1, 2)),
        ("9912", [ReportState.NOT_ALLOWED], (0.1, 2)),
        ("9913", [ReportState.EXPIRED], (0.1, 2)),
        ("9914", [ReportState.REJECTED], (0.1, 2)),
        ("9915", [], None),
        ("9916", [DELIVERED], (0.1, 2)),
    ],
)
def test_receipts_of_an_accepted_message(
    tmp_path: Path, digits: str, states: list[ReportState], span: tuple[float, float] | None
) -> None:
    sink = send(tmp_path, f"+3360000{digits}")
    [outcome] = sink.answered
    assert outcome.verdict is Verdict.ACCEPTED
    assert [report.state for report in sink.reported] == states
    assert {report.id for report in sink.reported} <= set(outcome.ids)
    if span:
        came = times(sink, "Report")
        assert span[0] <= came[0] <= came[-1] <= span[1]


def test_9901_is_reported_before_it_is_answered(tmp_path: Path) -> None:
    sink = send(tmp_path, "+33600009901")
    first, second = (heard.what for heard in sink.heard)
    assert [first, second] == [*sink.reported, *sink.answered]


def test_9903_reports_its_parts_from_the_last_to_the_first(tmp_path: Path) -> None:
    sink = send(tmp_path, "+33600009903", parts=3)
    [outcome] = sink.answered
    assert [report.id for report in sink.reported] == list(reversed(outcome.ids))
    assert len(set(times(sink, "Report"))) == 3


def test_9916_delivers_the_first_part_only(tmp_path: Path) -> None:
    sink = send(tmp_path, "+33600009916", parts=3)
    [outcome] = sink.answered
    states = {report.id: report.state for report in sink.reported}
    assert [states[id_] for id_ in outcome.ids] == [DELIVERED, UNDELIVERABLE, UNDELIVERABLE]


@pytest.mark.parametrize(
    ("digits", "pass_", "verdict", "fault", "delivered"),
    [
        ("9920", 0, Verdict.REFUSED, Fault.PERMANENT, False),
        ("9920", 3, Verdict.REFUSED, Fault.PERMANENT, False),
        ("9921", 0, Verdict.REFUSED, Fault.TEMPORARY, False),
        ("9921", 1, Verdict.ACCEPTED, None, True),
        ("9921", 2, Verdict.ACCEPTED, None, True),
        ("9922", 5, Verdict.REFUSED, Fault.TEMPORARY, False),
        ("9923", 0, Verdict.THROTTLED, None, False),
        ("9923", 1, Verdict.ACCEPTED, None, True),
        ("9930", 0, Verdict.UNKNOWN, None, True),
        ("9931", 0, Verdict.UNKNOWN, None, True),
        ("9932", 0, Verdict.UNKNOWN, None, False),
        ("9933", 0, Verdict.UNKNOWN, None, True),
        ("9934", 0, Verdict.UNKNOWN, None, False),
        ("9934", 1, Verdict.ACCEPTED, None, True),
    ],
)
def test_answers_by_pass(
    tmp_path: Path,
    *,
    digits: str,
    pass_: int,
    verdict: Verdict,
    fault: Fault | None,
    delivered: bool,
) -> None:
    sink = send(tmp_path, f"+3360000{digits}", pass_=pass_)
    [outcome] = sink.answered
    assert (outcome.verdict, outcome.fault, outcome.pass_) == (verdict, fault, pass_)
    assert bool(outcome.ids) is (verdict is Verdict.ACCEPTED)
    assert bool(outcome.code) is (verdict is not Verdict.ACCEPTED)
    assert outcome.after == (1.0 if verdict is Verdict.THROTTLED else 0.0)
    assert [report.state for report in sink.reported] == ([DELIVERED] if delivered else [])


def test_a_lost_answer_is_unknown_at_the_response_timeout(tmp_path: Path) -> None:
    sink = send(tmp_path, "+33600009931", response_timeout=3.0)
    assert times(sink, "Outcome") == [pytest.approx(3.0)]
    assert times(sink, "Report") == [pytest.approx(20.0, abs=0.1)]


def test_9933_reports_without_our_reference(tmp_path: Path) -> None:
    [report] = send(tmp_path, "+33600009933").reported
    assert (report.reference, report.to, report.sender) == ("", "+33600009933", "Octavo")


@pytest.mark.parametrize(
    ("digits", "texts", "ids"),
    [
        ("9940", ["STOP"], 1),
        ("9941", ["START"], 1),
        ("9942", ["Merci, à demain ! 👍"], 1),
        ("9943", ["STOP", "START"], 2),
        ("9944", ["STOP", "STOP"], 1),
    ],
)
def test_replies(tmp_path: Path, digits: str, texts: list[str], ids: int) -> None:
    to = f"+3360000{digits}"
    sink = send(tmp_path, to)
    assert [report.state for report in sink.reported] == [DELIVERED]
    assert [inbound.text for inbound in sink.replied] == texts
    assert {inbound[1:3] for inbound in sink.replied} == {(to, "Octavo")}
    assert {inbound.reference for inbound in sink.replied} == {"7-0"}
    assert len({inbound.id for inbound in sink.replied}) == ids
    assert times(sink, "Inbound")[0] == pytest.approx(1.0, abs=0.1)


def test_the_documented_table_is_the_table() -> None:
    rows = re.findall(r"^\| (99\d\d) \| (.+?) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert rows == [(digits, behaviour.does) for digits, behaviour in NUMBERS.items()]


def test_magic_numbers_stay_in_their_range() -> None:
    assert all("9900" <= digits <= "9944" for digits in NUMBERS)
