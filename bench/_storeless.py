"""`octavo up` that takes every order at once: the rest of the way of an order, as it is.

Only for orders of one recipient: each is answered with the same counts.
"""

from octavo.campaigns.intake import Also, Intake
from octavo.cli.main import main
from octavo.kit.clock import Instant
from octavo.kit.money import money
from octavo.ledger.orders import Accepted, PlannedOrder

ANSWER = Accepted(1, 1, 1, money("0.045"), money("1000"), 0)


async def take(
    intake: Intake,  # noqa: ARG001 - as the method that it stands in for
    order: PlannedOrder,  # noqa: ARG001
    now: Instant,  # noqa: ARG001
    also: Also | None = None,  # noqa: ARG001
) -> Accepted:
    """Writes nothing."""
    return ANSWER


if __name__ == "__main__":
    Intake.take = take  # type: ignore[method-assign, assignment]
    main()
