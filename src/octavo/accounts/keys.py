"""API keys and the secret that their digests are keyed with.

A key has 256 random bits, so one pass of keyed BLAKE2b (RFC 7693) is enough: there is nothing to
guess, and the database alone verifies nothing. A digest names its pepper, so that peppers can be
replaced: the first of several makes new digests, the others only verify.
"""

import contextlib
import hashlib
import os
import secrets
import string
from collections.abc import Callable
from pathlib import Path

from octavo.accounts.schemas import BadKey, BadLogin
from octavo.kit.errors import OctavoError

SHORTEST, LONGEST = 12, 128
LONGEST_LOGIN = 254
LEAST_PEPPER = 16

_PREFIX = "octavo_"
_ALPHABET = string.digits + string.ascii_letters


class BadPepper(OctavoError):
    """A pepper has at least 16 characters and no blanks; several are separated by blanks."""

    says = "A pepper has at least 16 characters and no blanks; several are separated by blanks"


class Peppers:
    """The secrets that digests of keys are made with; the first one is the current one."""

    def __init__(self, text: str) -> None:
        """Raises BadPepper."""
        words = text.split()
        if not words or min(map(len, words)) < LEAST_PEPPER:
            raise BadPepper
        secrets_ = [_hash(word, size=64, person=b"pepper") for word in words]
        self._by_name = {_hash(s.hex(), size=4, person=b"name").hex(): s for s in secrets_}
        self.current = next(iter(self._by_name))

    def __contains__(self, name: object) -> bool:
        """Whether a pepper of this name is known."""
        return name in self._by_name

    def digest(self, key: str, pepper: str) -> str:
        """The digest of a key; with the current pepper when `pepper` is not known."""
        secret = self._by_name.get(pepper) or self._by_name[self.current]
        return _hash(key, size=32, person=b"api key", secret=secret).hex()


def load_peppers(path: Path, given: str | None) -> Peppers:
    """The peppers in `given`, else those in a file, made at the first run (mode 0600).

    Raises BadPepper, OSError.
    """
    if given:
        return Peppers(given)
    with contextlib.suppress(FileNotFoundError):
        return Peppers(path.read_text("utf-8"))
    _write_once(path, secrets.token_hex(32) + "\n")
    return Peppers(path.read_text("utf-8"))


def new_key(randomness: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A key of 256 random bits, letters and digits only, so that a double click selects it."""
    number = int.from_bytes(randomness(32), "big")
    digits = []
    for _ in range(43):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return _PREFIX + "".join(digits)


def clean_key(key: str) -> str:
    """A key chosen elsewhere, without the blanks around it. Raises BadKey."""
    cleaned = key.strip()
    if not SHORTEST <= len(cleaned) <= LONGEST:
        raise BadKey
    return cleaned


def fold_login(login: str) -> str:
    """The form in which logins are stored and compared; of any text."""
    whole = login.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return whole.strip().casefold()


def clean_login(login: str) -> str:
    """The stored form of a login that somebody wants. Raises BadLogin."""
    folded = fold_login(login)
    if not folded or len(folded) > LONGEST_LOGIN or len(folded.split()) > 1:
        raise BadLogin(login)
    return folded


def _hash(text: str, *, size: int, person: bytes, secret: bytes = b"") -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=size, key=secret, person=person).digest()


def _write_once(path: Path, text: str) -> None:
    """Makes a file whole or not at all, and never in place of one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, text.encode("ascii"))
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    except OSError:  # some file systems know no hard links
        draft.rename(path)
    draft.unlink(missing_ok=True)
