"""Leases of links: who may send over a connection of a route (design 4.3)."""

from typing import NamedTuple

from octavo.db.codes import CampaignState, MessageState
from octavo.db.connection import Connection
from octavo.db.statements import links as statements
from octavo.db.statements import passes
from octavo.kit.clock import SECOND, Instant
from octavo.ledger.batch import Batch, Messages
from octavo.ledger.doubt import Lost, lose
from octavo.ledger.passes import Done, give_back

LEASE = 30 * SECOND


class Link(NamedTuple):
    """A link that this worker holds.

    `left`: slices that its last holder had not given back; `lost`: messages of theirs that became
    `unknown` when this worker took it.
    """

    id: int
    fence: int
    route: int
    left: int = 0
    lost: int = 0


def take(connection: Connection, *, route: int, no: int, worker: str, now: Instant) -> Link | None:
    """Takes a link that is free or whose lease has ended; None while another worker holds it.

    What its last holder may have sent without an answer becomes `unknown`; its slices go back.
    """
    taken = connection.one(
        statements.TAKE_LINK,
        route_id=route,
        no=no,
        worker=worker,
        now=now,
        lease_until=now + LEASE,
    )
    if taken is None:
        return None
    link = Link(taken.id, taken.fence, route)
    return take_over(connection, link, now)


def take_over(connection: Connection, link: Link, now: Instant) -> Link:
    """Settles the slices that the link's last holder left leased; the link, with what was left."""
    batch = Batch(connection, now)
    found = connection.all(statements.LEASED_BY, link_id=link.id)
    for s in found:
        rows = connection.all(
            passes.IN_DOUBT_ROWS,
            campaign=s.campaign,
            cur=s.cur,
            intent_hi=s.intent_hi,
            pass_=s.pass_,
        )
        lost = [Lost(row.seq, row.address) for row in rows]
        lose(batch, Messages(s.account, s.campaign, s.pass_), link.route, lost)
    batch.write()
    done = []
    for s in found:
        policy = connection.one(passes.POLICY, campaign=s.campaign)
        assert policy is not None  # noqa: S101 - a slice has its campaign
        state = CampaignState(policy.state)
        settled = max(s.cur, s.intent_hi)
        done.append(Done(s.id, s.campaign, s.pass_, s.lo, s.hi, settled, state))
    give_back(connection, done, now)
    return link._replace(left=len(found), lost=batch.tally.entered[MessageState.UNKNOWN])


def renew(connection: Connection, link: Link, *, bound: bool, now: Instant) -> bool:
    """Prolongs the lease; False when the link was taken by another holder."""
    return bool(
        connection.run(
            statements.RENEW_LINK,
            link_id=link.id,
            link_fence=link.fence,
            until=now + LEASE,
            bound=now if bound else None,
        )
    )


def release(connection: Connection, link: Link) -> None:
    """Lets go of a link that nothing is sent over any more, for the next holder to take at once."""
    connection.run(statements.RELEASE_LINK, link_id=link.id, link_fence=link.fence)


def end_leases(connection: Connection) -> None:
    """Frees every link; only where a lock proves that no other process lives."""
    connection.run(statements.END_LEASES)
