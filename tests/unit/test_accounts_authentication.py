"""Who may send requests."""

from pathlib import Path

import pytest

from octavo.accounts import keys, service
from octavo.accounts.authentication import Authenticator
from octavo.accounts.keys import Peppers
from octavo.accounts.throttle import FAILURES
from octavo.kit.clock import SECOND
from octavo.kit.errors import Refusal
from octavo.kit.fresh import LIFE
from tests.common.database import (
    NOW,
    PEPPERS,
    Clock,
    DirectStore,
    connection,
    make_account,
    migrated,
)

pytestmark = pytest.mark.asyncio

LOGIN, KEY = "someone@example.org", "the-right-key-of-somebody"


class Gate:
    """An authenticator with what it stands on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.store = DirectStore(path)
        self.authenticator = Authenticator(self.store, PEPPERS, self.clock)

    async def ask(self, login: str | None, key: str | None, client: str = "10.0.0.1") -> int:
        """The number of the account, or less the code of the refusal."""
        try:
            return (await self.authenticator.authenticate(login, key, client)).id
        except Refusal as refusal:
            return -refusal.code if refusal.status in {401, 429} else 0


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    path = migrated(tmp_path)
    with connection(path) as c:
        make_account(c, login="first@example.org")
        make_account(c, login=LOGIN, key=KEY)
    return Gate(path)


async def test_the_account_of_a_login_and_key_is_found(gate: Gate) -> None:
    account = await gate.authenticator.authenticate(LOGIN, KEY)
    assert account == (2, LOGIN, "Europe/Paris", "EUR")


@pytest.mark.parametrize(
    ("login", "key", "answer"),
    [
        ("  SOMEONE@Example.ORG ", f" {KEY} ", 2),
        (None, KEY, -108),
        (" ", KEY, -108),
        (LOGIN, None, -109),
        (LOGIN, "", -109),
        (None, None, -108),
        (LOGIN, KEY + "x", -101),
        (LOGIN, KEY.upper(), -101),
        ("first@example.org", KEY, -101),
        ("nobody@example.org", KEY, -101),
        ("\0\ud800" * 10_000, "\ud800\0" * 10_000, -101),
    ],
)
async def test_answers(gate: Gate, login: str | None, key: str | None, answer: int) -> None:
    assert await gate.ask(login, key) == answer


async def test_a_login_may_have_several_keys(gate: Gate) -> None:
    with connection(gate.path) as c:
        new = service.add_key(c, PEPPERS, account=2, login=LOGIN.upper(), now=NOW)
    assert await gate.ask(LOGIN, new) == 2
    assert await gate.ask(LOGIN, KEY) == 2


async def test_a_new_key_works_at_once_beside_kept_ones(gate: Gate) -> None:
    assert await gate.ask(LOGIN, KEY) == 2
    with connection(gate.path) as c:
        new = service.add_key(c, PEPPERS, account=2, login=LOGIN, now=NOW)
    assert await gate.ask(LOGIN, new) == 2


async def test_a_revoked_key_is_dead_in_two_seconds(gate: Gate) -> None:
    assert await gate.ask(LOGIN, KEY) == 2
    with connection(gate.path) as c:
        service.revoke_key(c, 2, NOW)
    gate.clock.go(LIFE)
    assert LIFE == 2 * SECOND
    assert await gate.ask(LOGIN, KEY) == -101


async def test_a_right_key_is_read_once_and_a_wrong_one_each_time(gate: Gate) -> None:
    for _ in range(3):
        await gate.ask(LOGIN, KEY)
    assert gate.store.reads == 1
    for _ in range(3):
        await gate.ask(LOGIN, "a key that is wrong")
    assert gate.store.reads == 4


async def test_wrong_keys_are_slowed_down_and_other_addresses_go_on(gate: Gate) -> None:
    for _ in range(FAILURES):
        assert await gate.ask(LOGIN, "a key that is wrong") == -101
    assert await gate.ask(LOGIN, "a key that is wrong") == -429
    assert await gate.ask(f" {LOGIN.upper()} ", "a key that is wrong") == -429
    assert await gate.ask(LOGIN, KEY, "10.0.0.2") == 2
    gate.clock.go(FAILURES * 6 * SECOND)
    assert await gate.ask(LOGIN, KEY) == 2


async def test_a_right_key_passes_however_many_wrong_ones_came_before(gate: Gate) -> None:
    for _ in range(FAILURES + 2):
        await gate.ask(LOGIN, "a key that is wrong")
    assert await gate.ask(LOGIN, KEY) == 2
    gate.clock.go(LIFE)
    assert await gate.ask(LOGIN, "a key that is wrong") == -429
    assert await gate.ask(LOGIN, KEY) == 2


@pytest.mark.parametrize("login", [LOGIN, "nobody@example.org"])
async def test_who_is_slowed_down_costs_one_read_in_two_seconds(gate: Gate, login: str) -> None:
    for _ in range(FAILURES):
        await gate.ask(login, "a key that is wrong")
    for _ in range(2):
        before = gate.store.reads
        for n in range(20):
            assert await gate.ask(login, f"a key that is wrong {n}") == -429
        assert gate.store.reads == before + 1
        gate.clock.go(LIFE)


async def test_the_refusal_of_who_is_slowed_down_tells_when_to_try_again(gate: Gate) -> None:
    for _ in range(FAILURES):
        await gate.ask(LOGIN, "a key that is wrong")
    with pytest.raises(Refusal) as refused:
        await gate.authenticator.authenticate(LOGIN, "a key that is wrong", "10.0.0.1")
    assert (refused.value.status, refused.value.data) == (429, {"seconds": 6})


async def test_an_unknown_login_costs_as_many_digests_as_a_wrong_key(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests: list[str] = []
    digest = keys.Peppers.digest

    def counted(self: Peppers, key: str, pepper: str) -> str:
        digests.append(key)
        return digest(self, key, pepper)

    monkeypatch.setattr(keys.Peppers, "digest", counted)
    for login in (LOGIN, "nobody@example.org"):
        digests.clear()
        await gate.ask(login, "a key that is wrong")
        assert len(digests) == 1


async def test_a_key_made_with_an_older_pepper_is_still_good(gate: Gate) -> None:
    both = Peppers("a-newer-pepper-for-tests a-pepper-that-only-tests-use")
    newer = Authenticator(gate.store, both, gate.clock)
    assert (await newer.authenticate(LOGIN, KEY)).id == 2


async def test_without_its_pepper_a_key_opens_nothing(gate: Gate) -> None:
    other = Authenticator(gate.store, Peppers("a-newer-pepper-for-tests"), gate.clock)
    with pytest.raises(Refusal):
        await other.authenticate(LOGIN, KEY)
