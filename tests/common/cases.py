"""What every SMS driver must do with its carrier: one table for all of them (design 9).

A number does with a real protocol what it does in the sandbox.
"""

from typing import NamedTuple

from octavo.drivers.protocol import Fault, Outcome, ReportState, Submission, Verdict
from octavo.kit.tickets import is_reference, reference
from tests.common.sandbox import RecordingSink


class Case(NamedTuple):
    """A message, what the carrier answers and what it reports within 40 s."""

    label: str
    number: str = "+33600000001"
    text: str = "Bonjour"
    parts: int = 1
    verdict: Verdict = Verdict.ACCEPTED
    fault: Fault | None = None
    code: str = ""
    pass_: int = 0
    reports: tuple[ReportState, ...] = (ReportState.DELIVERED,)
    replies: tuple[str, ...] = ()


def number(last: str) -> str:
    """A number with the meaning of its last digits."""
    return f"+3360000{last}"


_D = ReportState.DELIVERED

CASES = (
    Case("success"),
    Case("unicode", text="Привет, 👍 ça va ?"),
    Case("the extension table", text="[20 €] ^ {~} \\ |"),
    Case("three parts", text="x" * 400, parts=3, reports=(_D,) * 3),
    Case("unicode in two parts", text="я" * 100, parts=2, reports=(_D,) * 2),
    Case("receipt before answer", number("9901")),
    Case("receipt twice", number("9902"), reports=(_D, _D)),
    Case("parts reported backwards", number("9903"), "x" * 200, 2, reports=(_D, _D)),
    Case("slow answer", number("9904")),
    Case("expired, then delivered", number("9905"), reports=(ReportState.EXPIRED, _D)),
    Case("undeliverable", number("9910"), reports=(ReportState.UNDELIVERABLE,)),
    Case("no such number", number("9911"), reports=(ReportState.BAD_DESTINATION,)),
    Case("barred", number("9912"), reports=(ReportState.NOT_ALLOWED,)),
    Case("expired", number("9913"), reports=(ReportState.EXPIRED,)),
    Case("rejected later", number("9914"), reports=(ReportState.REJECTED,)),
    Case("silence", number("9915"), reports=()),
    Case(
        "refused for good",
        number("9920"),
        verdict=Verdict.REFUSED,
        fault=Fault.PERMANENT,
        code="ESME_RINVDSTADR",
        reports=(),
    ),
    Case(
        "refused for now",
        number("9922"),
        verdict=Verdict.REFUSED,
        fault=Fault.TEMPORARY,
        code="ESME_RX_T_APPN",
        reports=(),
    ),
    Case(
        "throttled",
        number("9923"),
        verdict=Verdict.THROTTLED,
        code="ESME_RTHROTTLED",
        reports=(),
    ),
    Case(
        "refused in all parts",
        number("9920"),
        "x" * 400,
        3,
        Verdict.REFUSED,
        Fault.PERMANENT,
        "ESME_RINVDSTADR",
        reports=(),
    ),
    Case("no answer, receipt", number("9930"), verdict=Verdict.UNKNOWN),
    Case("no answer, nothing", number("9932"), verdict=Verdict.UNKNOWN, reports=()),
    Case("no answer, no reference", number("9933"), verdict=Verdict.UNKNOWN),
    Case("replies STOP", number("9940"), replies=("STOP",)),
    Case("replies unicode", number("9942"), replies=("Merci, à demain ! 👍",)),
)

CAMPAIGN, SEQ = 7, 3


def submission(case: Case) -> Submission:
    """The message of a case."""
    named = reference(CAMPAIGN, SEQ)
    return Submission(
        CAMPAIGN, SEQ, case.pass_, case.number, "Octavo", case.text, case.parts, named
    )


def check(case: Case, sink: RecordingSink) -> None:
    """That a driver brought what the case says."""
    (outcome,) = sink.answered
    ids = outcome.ids
    code = case.code or outcome.code if case.verdict is Verdict.UNKNOWN else case.code
    expected = Outcome(CAMPAIGN, SEQ, case.pass_, case.verdict, ids, case.fault, code)
    assert outcome._replace(after=0.0) == expected
    assert (outcome.after > 0) == (case.verdict is Verdict.THROTTLED)
    if case.verdict is Verdict.ACCEPTED:
        assert len(set(ids)) == case.parts
        assert {report.id for report in sink.reported} <= set(ids)
    else:
        assert ids == ()
    assert sorted(report.state for report in sink.reported) == sorted(case.reports)
    for report in sink.reported:
        assert (report.to, report.sender) == (case.number, "Octavo")
        named = "" if case.label == "no answer, no reference" else report.reference
        assert report.reference == named
        assert not named or is_reference(named, reference(CAMPAIGN, SEQ))
    assert tuple(reply.text for reply in sink.replied) == case.replies
    for reply in sink.replied:
        assert (reply.sender, reply.to) == (case.number, "Octavo")
        assert reply.id
