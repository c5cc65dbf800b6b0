"""The magic numbers: what the sandbox does with a number, by its last four digits.

Numbers are public (docs/sandbox.md): a number never changes its meaning, a new one takes a gap.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from octavo.drivers.protocol import Fault, ReportState, Verdict


class Answer(NamedTuple):
    """What the carrier answers to a submit.

    `taken`: whether it keeps the message (and so gives it ids, receipts and replies).
    `delay` is in seconds, None for the link's usual latency; `after` as in `Outcome`.
    """

    verdict: Verdict
    taken: bool = False
    fault: Fault | None = None
    code: str = ""
    after: float = 0.0
    delay: float | None = None


ACCEPT = Answer(Verdict.ACCEPTED, taken=True)
REFUSE = Answer(Verdict.REFUSED, fault=Fault.PERMANENT, code="ESME_RINVDSTADR")
REFUSE_FOR_NOW = Answer(Verdict.REFUSED, fault=Fault.TEMPORARY, code="ESME_RX_T_APPN")
THROTTLE = Answer(Verdict.THROTTLED, code="ESME_RTHROTTLED", after=1.0)
ACCEPT_LATE = ACCEPT._replace(delay=1.0)
ACCEPT_UNHEARD = ACCEPT._replace(delay=math.inf)
LOSE = Answer(Verdict.UNKNOWN, delay=math.inf)


class Parts(StrEnum):
    """Which parts of a message a receipt is about."""

    ALL = "all"
    FIRST = "first"
    OTHERS = "others"


class Receipt(NamedTuple):
    """A delivery report to come. `delay` counts from the submit, None for the usual spread."""

    state: ReportState
    delay: float | None = None
    code: str = "000"
    parts: Parts = Parts.ALL
    backwards: bool = False
    referenced: bool = True


class Reply(NamedTuple):
    """A message that the recipient sends back, `delay` seconds after the submit."""

    text: str
    delay: float = 1.0


DELIVERED = Receipt(ReportState.DELIVERED)


class Behaviour(NamedTuple):
    """What happens to a message. `answers` go by pass, from 0; the last serves all that follow."""

    does: str
    answers: tuple[Answer, ...] = (ACCEPT,)
    receipts: tuple[Receipt, ...] = (DELIVERED,)
    replies: tuple[Reply, ...] = ()

    def answer(self, pass_: int) -> Answer:
        """The answer to a submit of that pass."""
        return self.answers[min(pass_, len(self.answers) - 1)]


def _ends(does: str, *receipts: Receipt) -> Behaviour:
    return Behaviour(does, receipts=receipts)


def _answers(
    does: str, *answers: Answer, receipts: tuple[Receipt, ...] = (DELIVERED,)
) -> Behaviour:
    return Behaviour(does, answers=answers, receipts=receipts)


def _replies(does: str, *replies: Reply) -> Behaviour:
    return Behaviour(does, replies=replies)


NUMBERS = {
    # delivered, but not in the usual way
    "9900": _ends("delivered after 30 s", DELIVERED._replace(delay=30.0)),
    "9901": _answers(
        "the receipt (delivered) comes before the answer, which takes 1 s",
        ACCEPT_LATE,
        receipts=(DELIVERED._replace(delay=0.0),),
    ),
    "9902": _ends(
        "delivered, and the receipt comes twice",
        DELIVERED._replace(delay=0.5),
        DELIVERED._replace(delay=1.0),
    ),
    "9903": _ends(
        "delivered; the parts are reported from the last to the first, 0.2 s apart",
        DELIVERED._replace(delay=0.5, backwards=True),
    ),
    "9904": _answers("the answer takes 1 s, then delivered", ACCEPT_LATE),
    "9905": _ends(
        "reported as expired, and 5 s later as delivered",
        Receipt(ReportState.EXPIRED, delay=0.5, code="027"),
        DELIVERED._replace(delay=5.5),
    ),
    # accepted, but not delivered
    "9910": _ends("undeliverable", Receipt(ReportState.UNDELIVERABLE, code="027")),
    "9911": _ends("no such number", Receipt(ReportState.BAD_DESTINATION, code="001")),
    "9912": _ends(
        "not allowed (the operator bars it)", Receipt(ReportState.NOT_ALLOWED, code="013")
    ),
    "9913": _ends("expired", Receipt(ReportState.EXPIRED, code="027")),
    "9914": _ends("rejected after it was accepted", Receipt(ReportState.REJECTED, code="099")),
    "9915": _ends("accepted, then silence: no receipt ever"),
    "9916": _ends(
        "the first part is delivered, the other parts are undeliverable",
        DELIVERED._replace(parts=Parts.FIRST),
        Receipt(ReportState.UNDELIVERABLE, code="027", parts=Parts.OTHERS),
    ),
    # refused at submit
    "9920": _answers("refused for good", REFUSE),
    "9921": _answers("refused for now on the first pass, then delivered", REFUSE_FOR_NOW, ACCEPT),
    "9922": _answers("refused for now on every pass", REFUSE_FOR_NOW),
    "9923": _answers("throttled (1 s) on the first pass, then delivered", THROTTLE, ACCEPT),
    # the answer is lost
    "9930": _answers("taken and delivered, but the answer never comes", ACCEPT_UNHEARD),
    "9931": _answers(
        "taken, no answer; the receipt (delivered) comes after 20 s",
        ACCEPT_UNHEARD,
        receipts=(DELIVERED._replace(delay=20.0),),
    ),
    "9932": _answers("taken, no answer and no receipt", ACCEPT_UNHEARD, receipts=()),
    "9933": _answers(
        "taken, no answer; the receipt (delivered) does not carry our reference",
        ACCEPT_UNHEARD,
        receipts=(DELIVERED._replace(referenced=False),),
    ),
    "9934": _answers("lost without an answer on the first pass, then delivered", LOSE, ACCEPT),
    # delivered, and the recipient replies after 1 s
    "9940": _replies("delivered, and replies STOP", Reply("STOP")),
    "9941": _replies("delivered, and replies START", Reply("START")),
    "9942": _replies(
        "delivered, and replies a text beyond GSM 03.38", Reply("Merci, à demain ! 👍")
    ),
    "9943": _replies(
        "delivered, and replies STOP, then START", Reply("STOP"), Reply("START", delay=1.5)
    ),
    "9944": _replies(
        "delivered, and its reply STOP is reported twice, 0.5 s apart, under one id",
        Reply("STOP"),
        Reply("STOP", delay=1.5),
    ),
}
"""By the last four digits of the recipient. 9945 to 9949 are kept for voice calls."""
