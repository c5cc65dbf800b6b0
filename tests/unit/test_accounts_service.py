"""Accounts, keys, parameters, balance, and the first account."""

from pathlib import Path

import pytest

from octavo.accounts import service
from octavo.accounts.first import PEOPLE, ensure_first_account
from octavo.accounts.schemas import (
    BadKey,
    LoginTaken,
    NoSuchAccount,
    NoSuchKey,
    NoSuchTimeZone,
)
from octavo.kit.clock import DAY, Instant
from octavo.kit.money import money
from octavo.ledger import verify, wallet
from tests.common.database import NOW, PEPPERS, connection, make_account, migrated, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return migrated(tmp_path)


def test_keys_are_not_in_the_database(path: Path) -> None:
    with connection(path) as c:
        key = make_account(c).key
    assert key.encode() not in path.read_bytes()
    assert rows(path, "SELECT pepper, length(digest) FROM api_key") == [(PEPPERS.current, 64)]


def test_a_login_belongs_to_one_account(path: Path) -> None:
    with connection(path) as c:
        first, second = make_account(c, login="a@b.c"), make_account(c, login="d@e.f")
        with pytest.raises(LoginTaken):
            make_account(c, login=" A@B.C")
        with pytest.raises(LoginTaken):
            service.add_key(c, PEPPERS, account=second.account.id, login="a@b.c", now=NOW)
        service.add_key(c, PEPPERS, account=first.account.id, login="new@b.c", now=NOW)
        assert service.find(c, "new@b.c") == first.account


def test_a_key_given_twice_is_there_once_until_it_is_revoked(path: Path) -> None:
    with connection(path) as c:
        made = make_account(c, key="a key that I had before")
        again = {"account": 1, "login": made.login, "now": NOW, "value": f" {made.key}\n"}
        assert service.add_key(c, PEPPERS, **again) == made.key  # type: ignore[arg-type]
        assert len(service.list_keys(c)) == 1
        service.revoke_key(c, 1, NOW)
        service.add_key(c, PEPPERS, **again)  # type: ignore[arg-type]
        assert [k.revoked_at for k in service.list_keys(c)] == [NOW, None]


def test_a_key_is_revoked_once(path: Path) -> None:
    with connection(path) as c:
        make_account(c)
        service.revoke_key(c, 1, NOW)
        with pytest.raises(NoSuchKey):
            service.revoke_key(c, 1, NOW)
        with pytest.raises(NoSuchKey):
            service.revoke_key(c, 99, NOW)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "a\0b"])
def test_an_account_has_a_real_time_zone(path: Path, zone: str) -> None:
    with connection(path) as c, pytest.raises(NoSuchTimeZone):
        service.create_account(c, PEPPERS, name="A", login="a@b.c", now=NOW, time_zone=zone)


def test_accounts_are_found_by_number_or_login(path: Path) -> None:
    with connection(path) as c:
        made = make_account(c, login="33@b.c").account
        assert service.find(c, "33@B.C") == service.find(c, " 1 ") == made
        for who in ("2", "x", "", "-1", "9" * 30, "٣"):
            with pytest.raises(NoSuchAccount):
                service.find(c, who)
        assert [a.id for a in service.list_accounts(c)] == [1]


def test_parameters_are_put_cleared_and_kept_apart(path: Path) -> None:
    with connection(path) as c:
        one, other = make_account(c).account.id, make_account(c, login="x@y.z").account.id
        service.put_parameters(c, other, {"url": "theirs"})
        assert service.put_parameters(c, one, {"url": "a", "sender": "b"}) == {
            "sender": "b",
            "url": "a",
        }
        assert service.put_parameters(c, one, {"url": None, "sender": "c", "none": None}) == {
            "sender": "c"
        }
        assert service.put_parameters(c, one, {}) == {"sender": "c"}
        assert service.parameters(c, other) == {"url": "theirs"}


def test_the_balance_tells_packs_the_next_to_expire_first(path: Path) -> None:
    with connection(path) as c:
        account = make_account(c, credit="10").account.id
        soon = Instant(NOW + DAY)
        wallet.top_up(c, account=account, ref="p", amount=money("2.5"), now=NOW, expires_at=soon)
        told = service.balance(c, account)
        assert (told.available, told.held, told.spent) == (money("12.5"), 0, 0)
        assert [(p.id, p.credit, p.expires_at) for p in told.packs] == [
            ("p", money("2.5"), soon),
            ("test-1", money("10"), None),
        ]
        with pytest.raises(NoSuchAccount):
            service.balance(c, 99)


def test_the_first_account_has_what_the_documented_requests_need(path: Path) -> None:
    with connection(path) as c:
        first = ensure_first_account(c, PEPPERS, login="Demo@X.y", key=None, now=NOW)
        assert (first.login, first.created) == ("demo@x.y", True)
        assert first.key
        assert service.balance(c, 1).available == money("1000")
        assert verify.account(c, 1) == []
    members = "SELECT name, count(*) FROM {0} JOIN {0}_member ON {0}_id = id GROUP BY name"
    for collection in ("list", "tag"):
        assert rows(path, members.format(collection)) == [("my_list", len(PEOPLE))]
    numbers = rows(path, "SELECT phone_number FROM contact")
    assert all(str(number).startswith("+33639980") for (number,) in numbers)


def test_a_second_start_makes_nothing_and_tells_a_login_that_works(path: Path) -> None:
    with connection(path) as c:
        ensure_first_account(c, PEPPERS, login="first@x.y", key=None, now=NOW)
        service.add_key(c, PEPPERS, account=1, login="second@x.y", now=NOW)
        make_account(c, login="other@x.y")
        again = ensure_first_account(c, PEPPERS, login="third@x.y", key="k" * 12, now=NOW)
        assert again == ("first@x.y", None, False)
        service.revoke_key(c, 1, NOW)
        assert ensure_first_account(c, PEPPERS, login="", key=None, now=NOW).login == "second@x.y"
        service.revoke_key(c, 2, NOW)
        assert ensure_first_account(c, PEPPERS, login="", key=None, now=NOW).login == "first@x.y"


def test_the_operator_chooses_the_first_credentials(path: Path) -> None:
    with connection(path) as c:
        with pytest.raises(BadKey):
            ensure_first_account(c, PEPPERS, login="a@b.c", key="short", now=NOW)
        assert ensure_first_account(
            c, PEPPERS, login="a@b.c", key="long enough to be a key", now=NOW
        ) == ("a@b.c", "long enough to be a key", True)
