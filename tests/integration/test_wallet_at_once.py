"""64 clients spend one balance over HTTP, on either engine: to the last cent, and never beyond."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from octavo.accounts.first import CREDIT as FIRST_CREDIT
from octavo.cli.setup import first_start
from octavo.db.connection import Connection
from octavo.db.statements import verifying
from octavo.kit.money import Money
from octavo.ledger import verify, wallet
from octavo.prices.schemas import Price
from octavo.prices.service import set_price
from octavo.settings import Settings
from tests.common import postgres
from tests.common.process import KEY, LOGIN, ServerProcess

CLIENTS = 64
EACH = 4
AFFORDABLE = 200
ACCOUNT = 1


class Told(NamedTuple):
    """What a client was told."""

    status: int
    code: int | None
    left: Decimal | None


@contextmanager
def url_of(engine: str) -> Iterator[str]:
    if engine == "sqlite":
        yield ""
        return
    with postgres.cluster().database() as url:
        yield url


def spend(port: int, ready: Barrier) -> list[Told]:
    """One client on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"api-login": LOGIN, "api-key": KEY, "Content-Type": "application/json"}
    body = {
        "text": "Bonjour",
        "purpose": "alert",
        "recipients": [{"phone_number": "+33600000001"}],
    }
    told = []
    ready.wait()
    for _ in range(EACH):
        connection.request("POST", "/v1/public/sms-campaign/send", json.dumps(body), headers)
        answer = connection.getresponse()
        said = json.loads(answer.read(), parse_float=Decimal)
        left = Decimal(said["residual_credit"]) if answer.status == 201 else None
        told.append(Told(answer.status, said.get("code"), left))
    connection.close()
    return told


def breaches(connection: Connection) -> list[verify.Breach]:
    found = verify.account(connection, ACCOUNT)
    number = 0
    while following := connection.one(verifying.NEXT_CAMPAIGN, after=number):
        number = following
        found += verify.campaign(connection, number)
    return found


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_sixty_four_clients_spend_one_balance_to_the_last_order(
    engine: str, tmp_path: Path
) -> None:
    price = Money(FIRST_CREDIT // AFFORDABLE)
    with url_of(engine) as url:
        settings = Settings(
            data_dir=tmp_path / "data",
            database_url=url,
            first_login=LOGIN,
            first_key=SecretStr(KEY),
        )
        first_start(settings)
        settings.database.write(lambda c: set_price(c, Price(ACCOUNT, "sms_premium", "FR", price)))
        server = ServerProcess(tmp_path / "data", {"OCTAVO_DATABASE_URL": url})
        try:
            server.start()
            ready = Barrier(CLIENTS)
            with ThreadPoolExecutor(CLIENTS) as pool:
                told = [
                    one
                    for mine in pool.map(lambda _: spend(server.port, ready), range(CLIENTS))
                    for one in mine
                ]
            assert server.sigterm() == 0
        finally:
            server.close()
        with settings.database.reading() as reader:
            available = reader.run(lambda c: wallet.available(c, ACCOUNT))
            found = reader.run(breaches)

    assert Counter((one.status, one.code) for one in told) == {
        (201, None): AFFORDABLE,
        (400, 104): CLIENTS * EACH - AFFORDABLE,
    }
    # Each saw a balance of its own: they were taken one after the other.
    left = sorted(one.left for one in told if one.left is not None)
    assert left == [Decimal(price * n) / 10**8 for n in range(AFFORDABLE)]
    assert available == 0
    assert found == []
