"""Who sends a request: api-login and api-key (contract 2.2)."""

import hmac
from collections.abc import Sequence

from octavo.accounts import repository
from octavo.accounts.keys import LONGEST, LONGEST_LOGIN, Peppers, fold_login
from octavo.accounts.repository import Candidate
from octavo.accounts.schemas import Account
from octavo.accounts.throttle import Throttle
from octavo.db.connection import Connection
from octavo.db.unit_of_work import Store
from octavo.kit.clock import Clock
from octavo.kit.errors import Refusal
from octavo.kit.fresh import Fresh

LOGINS_KEPT = 10_000


class Authenticator:
    """Finds the account of a login and key.

    The keys of a login are kept for two seconds once one of them was right, so a revoked key
    lives at most that long; a key that is not among the kept ones is looked up before it is
    refused, so a new one works at once.

    A right key passes however many wrong ones came before it, so nobody is shut out by others
    behind their address. What many wrong keys lose is a look-up of their own: they are matched
    with the keys that were read at most two seconds ago.
    """

    def __init__(self, store: Store, peppers: Peppers, clock: Clock) -> None:
        self._store = store
        self._peppers = peppers
        self._throttle = Throttle(clock)
        self._keys: Fresh[str, Sequence[Candidate]] = Fresh(self._read, clock, most=LOGINS_KEPT)
        self._nobody = Candidate(peppers.current, "0" * 64, 0, "", "", "")

    async def authenticate(self, login: str | None, key: str | None, client: str = "") -> Account:
        """The account; `client` is the address of who asks.

        Raises Refusal (status 401): 108 without a login, 109 without a key, 101 when they do not
        match; 429 (`seconds` in its data) instead, after many wrong keys for this login from this
        address.
        """
        login, key = fold_login(login or "")[: LONGEST_LOGIN + 1], (key or "").strip()
        if not login:
            raise Refusal(108, status=401)
        if not key:
            raise Refusal(109, status=401)
        kept = self._keys.known(login)
        account = self._match(key, kept) if kept else None
        return account or await self._look_up(login, key, client)

    async def _look_up(self, login: str, key: str, client: str) -> Account:
        """Matches with the keys as they are now; while slowed down, with the last ones read."""
        seconds = self._throttle.wait(login, client)
        found = await (self._keys.get(login) if seconds else self._keys.read(login))
        account = self._match(key, found)
        if account is not None:
            self._keys.keep(login, found)
            return account
        if seconds:
            raise Refusal(429, status=429, seconds=seconds)
        self._throttle.failed(login, client)
        raise Refusal(101, status=401)

    def _match(self, key: str, candidates: Sequence[Candidate]) -> Account | None:
        """Takes the same time for an unknown login as for a wrong key."""
        found = None
        digests = {}
        for candidate in candidates or (self._nobody,):
            if candidate.pepper not in digests:
                digests[candidate.pepper] = self._peppers.digest(
                    key[: LONGEST + 1], candidate.pepper
                )
            if hmac.compare_digest(digests[candidate.pepper], candidate.digest):
                found = candidate
        return Account._make(found[2:]) if found else None

    async def _read(self, login: str) -> Sequence[Candidate]:
        def unit(connection: Connection) -> Sequence[Candidate]:
            return connection.all(repository.CANDIDATES, login=login)

        return await self._store.read(unit)
