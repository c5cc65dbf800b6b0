"""The schema of a migrated database, and what happens to databases of other versions."""

import importlib.util
import io
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from octavo.db import migrate as migrating
from octavo.db.database import SqliteDatabase
from octavo.db.dialect import POSTGRESQL
from octavo.db.migrate import (
    HEAD,
    MIGRATIONS,
    NewerSchema,
    NoDatabase,
    NotADatabase,
    OlderSchema,
    migrate,
    require,
)
from octavo.db.migrations.engine import config
from octavo.db.schema import metadata
from tests.common.commands import environment
from tests.common.database import migrated, rows


def tables(path: Path) -> dict[str, str]:
    """The SQL of every table and index, by name."""
    found = rows(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {str(name): _normal(str(sql)) for name, sql in found if name != "alembic_version"}


def _normal(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip().rstrip(";")


def revisions() -> Iterator[ModuleType]:
    """Every migration, the first one first."""
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
        spec = importlib.util.spec_from_file_location(f"revision_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def set_version(path: Path, version: str, least: str) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (version,))
        raw.execute("UPDATE setting SET value = ? WHERE name = 'min_version'", (least,))
    raw.close()


def test_a_migrated_database_has_the_tables_of_the_schema_to_the_letter(tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    engine = sa.create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert tables(migrated(tmp_path)) == tables(made)


def test_alembic_sees_no_difference_to_the_schema(tmp_path: Path) -> None:
    with SqliteDatabase(migrated(tmp_path)).upgrading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_say_the_same_for_postgresql() -> None:
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={"as_sql": True, "output_buffer": written, "target_metadata": metadata},
    )
    with Operations.context(context):
        for revision in revisions():
            revision.upgrade()
    wanted: list[sa.schema.ExecutableDDLElement] = []
    for table in metadata.sorted_tables:
        wanted += [sa.schema.CreateTable(table), *map(sa.schema.CreateIndex, table.indexes)]
    said = {_normal(s) for s in written.getvalue().split(";")}
    compiled = {_normal(str(ddl.compile(dialect=POSTGRESQL.compiler))) for ddl in wanted}
    own = {s for s in said if re.match(r"CREATE (SEQUENCE|TABLE \w+ PARTITION OF)", s)}
    assert {s for s in said if s.startswith("CREATE")} - own == compiled


def test_head_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]


def test_a_new_database_tells_which_versions_may_use_it(tmp_path: Path) -> None:
    found = rows(migrated(tmp_path), "SELECT name, value FROM setting")
    assert found == [("min_version", "0001")]


def test_the_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "octavo.db"
    assert migrate(SqliteDatabase(path))
    require(SqliteDatabase(path))


def test_a_database_at_head_is_left_alone_and_alembic_is_not_even_imported(tmp_path: Path) -> None:
    path = migrated(tmp_path)
    script = (
        "import sys; from octavo.db.database import database_at; "
        "from octavo.db.migrate import migrate; "
        "print(migrate(database_at(sys.argv[1])), *{'alembic', 'psycopg'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", script, f"sqlite:///{path}"]
    done = subprocess.run(command, env=environment(), capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["False"]


def test_an_older_database_is_refused_until_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = migrated(tmp_path)
    monkeypatch.setattr(migrating, "HEAD", "0002")
    with pytest.raises(OlderSchema):
        require(SqliteDatabase(path))


def test_a_newer_database_is_used_as_long_as_it_allows(tmp_path: Path) -> None:
    path = migrated(tmp_path)
    set_version(path, "0002", HEAD)
    require(SqliteDatabase(path))
    assert not migrate(SqliteDatabase(path))


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    path = migrated(tmp_path)
    set_version(path, "0003_later", "0002")
    for use in (migrate, require):
        with pytest.raises(NewerSchema, match="0002"):
            use(SqliteDatabase(path))


def test_a_missing_or_empty_database_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "octavo.db"
    with pytest.raises(NoDatabase):
        require(SqliteDatabase(path))
    path.touch()
    with pytest.raises(NoDatabase):
        require(SqliteDatabase(path))
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(NotADatabase):
        migrate(SqliteDatabase(path))


KILLED_HALFWAY = """
import os, signal, sys
from alembic import op
from octavo.db.database import database_at
from octavo.db.migrate import migrate
create, made = op.create_table, []
def counted(*arguments, **options):
    made.append(create(*arguments, **options))
    if len(made) == 7:
        os.kill(os.getpid(), signal.SIGKILL)
op.create_table = counted
migrate(database_at(sys.argv[1]))
"""


def test_killed_in_the_middle_the_next_start_migrates(tmp_path: Path) -> None:
    path = tmp_path / "octavo.db"
    command = [sys.executable, "-c", KILLED_HALFWAY, f"sqlite:///{path}"]
    killed = subprocess.run(command, env=environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.exists()
    assert rows(path, "SELECT name FROM sqlite_master") == []
    assert migrate(SqliteDatabase(path))
    require(SqliteDatabase(path))


MIGRATES = """
import sys
from octavo.db.database import database_at
from octavo.db.migrate import migrate
migrate(database_at(sys.argv[1]))
"""


def test_two_first_starts_at_once_both_succeed(tmp_path: Path) -> None:
    path = tmp_path / "octavo.db"
    command = [sys.executable, "-c", MIGRATES, f"sqlite:///{path}"]
    both = [subprocess.Popen(command, env=environment()) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    require(SqliteDatabase(path))
