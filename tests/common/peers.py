"""Programs that tests run against: a real PostgreSQL, a browser, a carrier's simulator."""

import os

import pytest


def need(peer_name: str, *, found: bool) -> None:
    """Skips the test when its peer is not on this machine; fails where peers are required.

    CI sets OCTAVO_REQUIRE_PEERS=1, so that a missing install step cannot pass for a green run.
    """
    if found:
        return
    reason = f"{peer_name} was not found on this machine"
    if os.environ.get("OCTAVO_REQUIRE_PEERS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
