"""A campaign as its owner sees it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from octavo.campaigns import repository
from octavo.campaigns.repository import Overview
from octavo.db.codes import MessageState
from octavo.db.connection import Connection
from octavo.db.statements import verifying
from octavo.db.statements.drafts import Country
from octavo.kit.money import Money
from octavo.ledger import drafts


class Look(NamedTuple):
    """A campaign, how many of its messages failed or were skipped by reason, and its countries.

    `shown` is what its status shows before it is sent, the fee included; None for a direct send.
    """

    row: Overview
    shown: Money | None
    reasons: Mapping[str, Mapping[str, int]]
    countries: Sequence[Country]


def look(connection: Connection, account: int, ticket: str) -> Look | None:
    """A campaign of an account on one snapshot; None when there is none of this name."""
    row = connection.one(repository.OVERVIEW, account_id=account, ticket=ticket)
    if row is None:
        return None
    shown = None if row.draft_fee is None else Money((row.shown or 0) + row.draft_fee)
    reasons: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for r in sorted(connection.all(verifying.REASON_SUMS, campaign=row.id)):
        reasons[MessageState(r.state).name.lower()][r.reason] = r.n
    return Look(row, shown, reasons, drafts.by_country(connection, row.id))
