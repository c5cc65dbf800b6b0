"""Canceling direct sends, under the rules that the contract prints for it (4.2)."""

from typing import NamedTuple

from octavo.campaigns import repository
from octavo.campaigns.lists import ALREADY_SENT, UNKNOWN_CAMPAIGN, cancel
from octavo.db.codes import CampaignState
from octavo.db.connection import Connection
from octavo.db.statements.keeping import STANDING
from octavo.kit.clock import MINUTE, Instant, months_since_2000
from octavo.kit.errors import FieldProblem, Refusal
from octavo.ledger.drafts import UNCONFIRMED

TICKET = "ticket_number"
TOO_MANY_RECIPIENTS = 461
TOO_LATE = 462
TOO_OFTEN = 463


class CancelRules(NamedTuple):
    """Which campaigns may be canceled: of fewer than so many recipients, leaving in more than so
    many microseconds; and how often in a month (UTC) by one API user. 0: no such rule.
    """

    fewer_than: int
    ahead: int
    per_month: int


def cancel_direct(
    connection: Connection,
    account: int,
    login: str,
    name: str,
    *,
    rules: CancelRules,
    now: Instant,
) -> None:
    """Cancels a scheduled campaign or a draft. Raises Refusal (131, 132, 400)."""
    connection.one(STANDING, account_id=account, ticket=name)
    found = connection.one(repository.CANCELABLE, account_id=account, ticket=name)
    if found is None:
        raise Refusal(UNKNOWN_CAMPAIGN, ticket=name)
    waiting = found.state in (CampaignState.SCHEDULED, CampaignState.PAUSED)
    if found.state not in UNCONFIRMED and not (waiting and found.send_at > now):
        raise Refusal(ALREADY_SENT, ticket=name)
    if rules.fewer_than and found.audience >= rules.fewer_than:
        told = {"recipients": found.audience, "limit": rules.fewer_than}
        raise _against_a_rule(TOO_MANY_RECIPIENTS, told)
    if waiting and found.send_at - now <= rules.ahead:
        raise _against_a_rule(TOO_LATE, {"minutes": rules.ahead // MINUTE})
    if rules.per_month:
        _count(connection, account, login, rules.per_month, now)
    cancel(connection, account, name, now)


def _count(connection: Connection, account: int, login: str, most: int, now: Instant) -> None:
    counted = connection.one(
        repository.COUNT_CANCEL,
        account_id=account,
        login=login,
        month=months_since_2000(now),
        most=most,
    )
    if counted is None:
        raise _against_a_rule(TOO_OFTEN, {"limit": most})


def _against_a_rule(code: int, told: dict[str, int]) -> Refusal:
    return Refusal(400, fields={TICKET: FieldProblem(code, told)})
