"""Units of work on PostgreSQL: whole or not at all, whatever the server and the network do."""

import threading
from collections.abc import Iterator
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam

from octavo.db import partitions, postgresql
from octavo.db.codes import Scope
from octavo.db.connection import Connection
from octavo.db.migrate import HEAD, NoDatabase, migrate, require
from octavo.db.postgresql_database import PostgresDatabase
from octavo.db.postgresql_store import PostgresStore, Session
from octavo.db.schema import dispatch
from octavo.db.statement import Command, Query, first_integer, first_text
from octavo.db.statements import traffic
from octavo.db.unit_of_work import Rank
from octavo.kit.clock import DAY, Instant
from octavo.kit.errors import StoreUnavailable
from octavo.ledger import numbering
from tests.common import postgres
from tests.common.database import NOW

_setting = dispatch.setting.c
PUT = Command(
    sa.insert(dispatch.setting).values(name=bindparam("name"), value=bindparam("value")),
    takes=("name", "value"),
)
GET = Query(first_text, sa.select(_setting.value).where(_setting.name == bindparam("name")))
SET = Command(
    sa.update(dispatch.setting)
    .where(_setting.name == bindparam("name"))
    .values(value=bindparam("value"))
)
COUNT = Query(first_integer, sa.select(sa.func.count()).select_from(dispatch.setting))


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.cluster().database() as made:
        yield made


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    made = Session(url, Random(1))
    yield made
    made.close()


def put(name: str, value: str = "x") -> "Unit":
    return lambda c: c.run(PUT, name=name, value=value)
