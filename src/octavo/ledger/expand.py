"""Computing a campaign on a list or tag: messages, slices and cost, in steps (design 4.2).

A step takes a page of the audience by contact number and commits messages, slices, counts and its
own position together: killed anywhere, the next process goes on where the last commit was.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octavo.db.codes import CampaignState, MessageState, Purpose, Skipped, SliceState
from octavo.db.connection import Connection
from octavo.db.statements import expanding, keeping, orders
from octavo.db.statements.expanding import Job, Person, Sum
from octavo.db.statements.tasks import Task
from octavo.kit.clock import NEVER, Instant
from octavo.ledger import drafts
from octavo.ledger.audience import Audience
from octavo.ledger.fairness import NO_TURN
from octavo.ledger.orders import count_reasons, suppressing_scope
from octavo.ledger.pace import Pace, Stopwatch
from octavo.text.compose import Composer
from octavo.text.parts import RULES, Rules, measure
from octavo.text.personalise import MAX_VALUE

WRITER_SECONDS = 0.005
"""Half of what a step may hold SQLite's writer (design 5): machines are not alike."""
SHARED_SECONDS = 0.25
PERSONAL_COST = 4
"""A personalised message takes about so many times as long as one of many alike."""


class Expansion:
    """Runs the steps, as large as the time that each may take."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._alone = Pace(stopwatch, first=1_000, most=5_000, seconds=WRITER_SECONDS)
        self._shared = Pace(stopwatch, first=5_000, most=25_000, seconds=SHARED_SECONDS)

    def step(self, connection: Connection, task: Task, now: Instant) -> Instant | None:
        """One step of the job of a campaign."""
        pace = self._shared if connection.dialect.sequences else self._alone
        with pace.step() as most:
            return None if expand(connection, int(task.key), most, now) else now


def expand(connection: Connection, campaign: int, most: int, now: Instant) -> bool:
    """Takes on the next `most` contacts; True when the computation is over.

    1. lock, 2. the next page of the audience, 3. messages, 4. counts, slices, position, 5. its end:
    ready, or failed with code 103 (nobody is left), 121 or 122 (no STOP mention), 303 (list gone).
    """
    connection.one(keeping.LOCK, campaign=campaign)
    job = connection.one(expanding.JOB, campaign=campaign)
    if job is None or job.state != CampaignState.UNDER_COMPUTATION:
        return True
    audience = Audience.read(job.audience)
    if not audience.exists(connection, job.account):
        _fail(connection, campaign, drafts.Failure.COLLECTION_GONE, now)
        return True
    text = _Text.of(job)
    page = audience.page(connection, job.cursor, max(1, most // text.cost))
    if page.contacts:
        text.write(connection, campaign, job, page.contacts, now)
    sums = connection.all(expanding.SUMS, campaign=campaign, after=job.seq) if page.contacts else []
    _count(connection, campaign, job, sums)
    connection.run(
        expanding.MOVE_CAMPAIGN,
        campaign=campaign,
        cursor=page.cursor,
        n_parts=sum(s.parts for s in sums),
    )
    if job.stop_code and _reaches(job.stop_countries, sums):
        _fail(connection, campaign, job.stop_code, now)
        return True
    if page.ended:
        _finish(connection, campaign, now)
    return page.ended


def _reaches(countries: str, sums: Sequence[Sum]) -> bool:
    """Whether anybody is of a country where the text would need a STOP mention."""
    of = set(countries.split())
    return any(s.country in of and s.reason in ("", Skipped.OPTED_OUT) for s in sums)


def _fail(connection: Connection, campaign: int, code: int, now: Instant) -> None:
    drafts.fail(connection, campaign, CampaignState.UNDER_COMPUTATION, code, now)


def _finish(connection: Connection, campaign: int, now: Instant) -> None:
    connection.run(expanding.FORGET_COUNTRIES, campaign=campaign)
    if not connection.one(keeping.PENDING_COUNT, campaign=campaign):
        _fail(connection, campaign, drafts.Failure.NOBODY_LEFT, now)
        return
    connection.run(
        keeping.SET_STATE,
        campaign=campaign,
        before=CampaignState.UNDER_COMPUTATION,
        state=CampaignState.READY_TO_BE_SENT,
    )


# -- counts and slices -------------------------------------------------------------------------


def _count(connection: Connection, campaign: int, job: Job, sums: Sequence[Sum]) -> None:
    sent = [s for s in sums if s.state == MessageState.PENDING]
    reasons = Counter[str]()
    for s in sums:
        if s.state == MessageState.SKIPPED:
            reasons[s.reason] += s.n
    slices = list(_slices(campaign, job, sent))
    connection.many(orders.INSERT_SLICES, slices)
    connection.many(
        expanding.GROW_COUNTRY, [(s.n, s.parts, s.cost, campaign, s.country) for s in sent]
    )
    connection.run(
        expanding.GROW_COUNT,
        campaign=campaign,
        to_send=sum(s.n for s in sent),
        left_out=reasons.total(),
        slices=len(slices),
    )
    count_reasons(connection, campaign, MessageState.SKIPPED, reasons)
    total = sum(s.n for s in sums)
    connection.run(expanding.MOVE_DRAFT, campaign=campaign, seq=job.seq + total)


class _Run(NamedTuple):
    """Messages of one route group that lie side by side."""

    group: int
    slice_size: int
    n: int
    parts: int


def _runs(sent: Sequence[Sum]) -> Iterator[_Run]:
    """In the order of the messages: `sent` is ordered by group."""
    sizes: dict[int, int] = {}
    counts: Counter[int] = Counter()
    parts: Counter[int] = Counter()
    for s in sent:
        sizes[s.group] = s.slice_size
        counts[s.group] += s.n
        parts[s.group] += s.parts
    return (_Run(group, sizes[group], counts[group], parts[group]) for group in sorted(counts))


def _slices(
    campaign: int, job: Job, sent: Sequence[Sum]
) -> Iterator[tuple[int | float | None, ...]]:
    """Not due before they are started, which also tells what parts they have by then."""
    lo = job.seq + 1
    for run in _runs(sent):
        end = lo + run.n
        while lo < end:
            hi = min(lo + run.slice_size, end) - 1
            yield (
                campaign,
                job.account,
                run.group,
                job.purpose,
                NO_TURN,
                NEVER,
                None,
                lo,
                hi,
                run.parts * (hi - lo + 1) // run.n,
                lo - 1,
                lo - 1,
                lo - 1,
                int(SliceState.PARKED),
            )
            lo = hi + 1


# -- messages ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """A campaign's text: the same to everybody, or composed for each."""

    composer: Composer
    rules: Rules
    most_parts: int
    least_scope: int
    leave_out: int

    @classmethod
    def of(cls, job: Job) -> "_Text":
        options = json.loads(job.options)
        return cls(
            Composer(job.text, optimising=bool(options.get("auto_optimize_text", True))),
            RULES[job.part_rules],
            job.most_parts,
            int(suppressing_scope(Purpose(job.purpose))),
            job.leave_out,
        )

    @property
    def cost(self) -> int:
        """How long a message takes, to one of many alike."""
        return PERSONAL_COST if self.composer.personal else 1

    def write(
        self,
        connection: Connection,
        campaign: int,
        job: Job,
        contacts: Sequence[int],
        now: Instant,
    ) -> None:
        """A message to each contact: by group, then by contact, then who is not sent to."""
        whom: dict[str, int | Sequence[int]] = {
            "campaign": campaign,
            "account_id": job.account,
            "contacts": contacts,
            "least_scope": self.least_scope,
            "leave_out": self.leave_out,
        }
        if not self.composer.personal:
            parts = measure(self.composer.compose({}), self.rules).parts
            connection.run(expanding.INSERT_ALIKE, **whom, parts=parts, seq=job.seq, now=now)
            return
        people = connection.all(expanding.PEOPLE, **whom)
        rows = sorted(
            map(self._message, people), key=lambda m: (bool(m.reason), m.group, m.contact)
        )
        connection.many(
            expanding.INSERT_PERSONAL,
            [
                (
                    campaign,
                    seq,
                    m.address,
                    m.country,
                    m.fields,
                    m.contact,
                    m.parts,
                    m.price,
                    int(MessageState.SKIPPED if m.reason else MessageState.PENDING),
                    m.reason,
                    now,
                )
                for seq, m in enumerate(rows, job.seq + 1)
            ],
        )

    def _message(self, person: Person) -> "_Message":
        values = self._values(person)
        fields = json.dumps(values, ensure_ascii=False) if values else None
        reason, parts = person.reason, 0
        if not reason:
            parts = measure(self.composer.compose(values), self.rules).parts
            if not 0 < parts <= self.most_parts:
                reason = (Skipped.TEXT_TOO_LONG if parts else Skipped.TEXT_MISSING).value
        price = 0 if reason else (person.price or 0) * parts
        return _Message(
            person.contact,
            person.address,
            person.country,
            fields,
            0 if reason else parts,
            price,
            0 if reason else person.group or 0,
            reason,
        )

    def _values(self, person: Person) -> Mapping[str, str]:
        given = dict(zip(Person._fields[6:], person[6:], strict=True))
        found: dict[str, str] = {}
        for name in self.composer.placeholders:
            value = given[name]
            if isinstance(value, str) and value:
                found[name] = value[:MAX_VALUE]
        return found


class _Message(NamedTuple):
    """A composed message before it has its number."""

    contact: int
    address: str
    country: str
    fields: str | None
    parts: int
    price: int
    group: int
    reason: str
