"""API keys, logins and peppers."""

import stat
from pathlib import Path

import pytest

from octavo.accounts.keys import (
    BadPepper,
    Peppers,
    clean_key,
    clean_login,
    fold_login,
    load_peppers,
    new_key,
)
from octavo.accounts.schemas import BadKey, BadLogin

PEPPER = "a-pepper-of-some-length"
OTHER = "another-pepper-as-long"


def test_a_new_key_holds_all_of_its_randomness() -> None:
    drawn = [bytes(31) + bytes([last]) for last in range(256)] + [b"\xff" * 32, b"\xfe" * 32]
    keys = {new_key(bits.ljust) for bits in drawn}
    assert len(keys) == len(drawn)
    assert len(new_key()) == 50
    assert new_key().isidentifier()


@pytest.mark.parametrize("key", ["x" * 12, "x" * 128, "  quote'\" and é  ", "\ud800" * 12])
def test_any_key_of_12_to_128_characters_is_taken(key: str) -> None:
    assert clean_key(key) == key.strip()
    Peppers(PEPPER).digest(clean_key(key), "")


@pytest.mark.parametrize("key", ["", "x" * 11, " " * 20 + "x" * 11, "x" * 129])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(BadKey):
        clean_key(key)


@pytest.mark.parametrize(
    ("login", "folded"),
    [
        (" Demo@Octavo.localhost\n", "demo@octavo.localhost"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("a\0b", "ab"),
        ("a\ud800", "a?"),
    ],
)
def test_logins_are_folded(login: str, folded: str) -> None:
    assert fold_login(login) == folded


@pytest.mark.parametrize("login", ["", " ", "a b", "x" * 255])
def test_bad_logins_are_refused(login: str) -> None:
    with pytest.raises(BadLogin):
        clean_login(login)


def test_a_digest_depends_on_key_and_pepper() -> None:
    one, other = Peppers(PEPPER), Peppers(OTHER)
    digests = {p.digest(key, p.current) for p in (one, other) for key in ("key one", "key two")}
    assert len(digests) == 4
    assert one.current != other.current
    assert one.digest("key one", one.current) == Peppers(PEPPER).digest("key one", one.current)


def test_of_several_peppers_the_first_makes_and_all_verify() -> None:
    old, both = Peppers(OTHER), Peppers(f"{PEPPER} {OTHER}")
    assert both.current == Peppers(PEPPER).current
    assert old.current in both
    assert both.digest("key", old.current) == old.digest("key", old.current)
    assert "unknown" not in both


@pytest.mark.parametrize("text", ["", "  \n", "short", f"{PEPPER} short"])
def test_weak_peppers_are_refused(text: str) -> None:
    with pytest.raises(BadPepper):
        Peppers(text)


def test_a_pepper_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "pepper"
    made = load_peppers(path, None)
    assert load_peppers(path, None).current == made.current
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_given_pepper_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "pepper"
    assert load_peppers(path, PEPPER).current == Peppers(PEPPER).current
    assert not path.exists()


def test_a_pepper_half_written_by_a_crash_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    (tmp_path / ".pepper.1").write_text("half")
    made = load_peppers(path, None)
    assert load_peppers(path, None).current == made.current


def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "pepper"
    assert load_peppers(path, None).current == load_peppers(path, None).current
    assert list(tmp_path.iterdir()) == [path]
