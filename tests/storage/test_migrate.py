"""The schema's versions: made, checked, refused."""

import asyncio
import os
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from app.core.audit import broken_link, link
from app.core.errors import ConfigError, StoreError
from app.storage import migrate, migrations, trail
from app.storage.engines import open_engine
from app.storage.migrate import downgrade, prepare, upgrade
from app.storage.schema import metadata
from app.storage.sql import SqlStore
from scripts.postgres import SUPERUSER, Postgres
from tests.contract.given import entry, held

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, url: str) -> str:
    """Of a database in which there is nothing."""
    if request.param == "sqlite":
        return url
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(request.getfixturevalue("new_database")())


def test_the_revisions_make_the_tables_that_the_program_knows(new_url: str) -> None:
    upgrade(new_url)
    assert differences(new_url) == []


def differences(url: str) -> list[Any]:
    """Between the tables and what the program knows; the databases' own indexes for searching are beside."""
    engine = open_engine(url, 1.0)
    with engine.connect() as connection:
        opts = {
            "include_name": lambda name, kind, _: (
                not re.match("holds_by_pairs|hold_(words|pairs)", name or "")
            )
        }
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)
    engine.dispose()
    return found


def test_an_upgrade_may_be_repeated(new_url: str) -> None:
    upgrade(new_url)
    upgrade(new_url)
    prepare(new_url, 1.0)


def test_two_upgrades_at_once_are_one(new_url: str) -> None:
    if not new_url.startswith("sqlite"):
        prepare_fails_for_want_of_tables(new_url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [new_url] * 4))
    prepare(new_url, 1.0)
    assert differences(new_url) == []


def prepare_fails_for_want_of_tables(url: str) -> None:
    """A server's tables are made by whom they belong to, not by the first guard that starts."""
    with pytest.raises(ConfigError, match=r"schema none.*run `shenyan db upgrade`"):
        prepare(url, 1.0)


# --- one step back ----------------------------------------------------------------------------


def revisions() -> list[str]:
    return sorted(path.stem[:4] for path in (Path(migrations.__file__).parent / "versions").glob("0*.py"))


def test_every_step_goes_back_and_forth_again(new_url: str) -> None:
    upgrade(new_url)
    earlier = revisions()[-2::-1]
    assert [downgrade(new_url) for _ in earlier] == earlier
    with pytest.raises(ConfigError, match="is the first one"):
        downgrade(new_url)
    with pytest.raises(ConfigError, match=r"schema 0001, this version needs .*run `shenyan db upgrade`"):
        prepare(new_url, 1.0)
    upgrade(new_url)
    assert differences(new_url) == []


async def test_records_outlive_a_step_back_and_forth(new_url: str) -> None:
    upgrade(new_url)
    store = await SqlStore.open(new_url, 1.0)
    before = await held(store, 1)
    await store.append_audit(entry())
    await store.aclose()
    for _ in range(2):
        await asyncio.to_thread(downgrade, new_url)
    await asyncio.to_thread(upgrade, new_url)
    store = await SqlStore.open(new_url, 1.0)
    assert await store.hold("hold-1") == before
    assert broken_link([one async for one in store.audit_trail()]) is None
    await store.aclose()


def test_there_is_no_step_back_from_a_newer_schema_or_none(new_url: str) -> None:
    with pytest.raises(ConfigError):
        downgrade(new_url)
    upgrade(new_url)
    engine = open_engine(new_url, 1.0)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(ConfigError, match="knows no step back"):
        downgrade(new_url)
    with pytest.raises(ConfigError, match="made by a newer Shenyan"):
        prepare(new_url, 1.0)


# --- PostgreSQL -------------------------------------------------------------------------------


async def test_the_tables_may_belong_to_somebody_else_than_the_guard(
    postgres: Postgres, new_database: Callable[[], str]
) -> None:
    """As docs/operations.md sets it up: the guard may read and write rows, and nothing else."""
    name = new_database()
    upgrade(postgres.url(name))
    with postgres.connect(name) as connection:
        for statement in re.findall(
            r"^(?:CREATE ROLE|GRANT|REVOKE|ALTER) .*;$", OPERATIONS.read_text(), re.MULTILINE
        ):
            here = statement.replace("DATABASE shenyan", f"DATABASE {name}")
            connection.execute(here.replace("ROLE shenyan_owner IN", f"ROLE {SUPERUSER} IN"))
    store = await SqlStore.open(postgres.url(name, user="shenyan_guard"), 1.0)
    await held(store, 1)
    await store.append_audit(entry(at=datetime(2020, 3, 2, tzinfo=UTC)))
    await store.append_audit(entry(at=datetime.now(UTC)))
    with pytest.raises(DBAPIError, match="permission denied"):
        await store.database.write(lambda c: c.exec_driver_sql("DELETE FROM audit"))
    old, new = [one async for one in store.audit_trail()]
    with pytest.raises(DBAPIError, match="only appended"):  # too young for an archive
        await store.database.write(lambda c: trail.forget(c, link(new)))
    assert await store.database.write(lambda c: trail.forget(c, link(old))) == 1
    with pytest.raises(DBAPIError, match="must be owner"):
        await store.database.write(lambda c: c.exec_driver_sql("DROP TRIGGER audit_no_change ON audit"))
    await store.aclose()


async def test_there_is_no_step_back_once_a_part_of_the_trail_is_in_an_archive(new_url: str) -> None:
    await asyncio.to_thread(upgrade, new_url)
    store = await SqlStore.open(new_url, 1.0)
    await store.append_audit(entry(at=datetime(2020, 3, 2, tzinfo=UTC)))
    (old,) = [one async for one in store.audit_trail()]
    await store.database.write(lambda c: trail.forget(c, link(old)))
    await store.aclose()
    downgrade_to(new_url, "0012")
    with pytest.raises(ConfigError, match="in archives alone"):
        await asyncio.to_thread(downgrade, new_url)
    upgrade(new_url)
    prepare(new_url, 1.0)


# --- a newer schema, and guards that do not know it yet ----------------------------------------

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
{declared}

def upgrade() -> None:
    op.add_column("stops", sa.Column("until", sa.Text))

def downgrade() -> None:
    op.drop_column("stops", "until")
"""


def upgraded_by_a_newer_version(url: str, folder: Path, declared: str, patch: pytest.MonkeyPatch) -> None:
    """The schema that this version does not know."""
    head = revisions()[-1]
    versions = folder / "versions"
    versions.mkdir()
    (versions / "9999_next.py").write_text(NEXT.format(head=head, declared=declared.format(head=head)))
    ours = Path(str(migrate.__file__)).parent / "migrations" / "versions"
    config = migrate._config

    def newer(connection: Any = None) -> Any:
        made = config(connection)
        made.set_main_option("version_locations", f"{ours}{os.pathsep}{versions}")
        return made

    with patch.context() as context:
        context.setattr(migrate, "_config", newer)
        upgrade(url)
        prepare(url, 1.0)


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param('compatible_back_to = "{head}"', id="everywhere"),
        pytest.param(
            'compatible_back_to = {{"sqlite": "{head}", "postgresql": "{head}"}}', id="on this database"
        ),
    ],
)
async def test_guards_go_on_beside_newer_ones_where_the_newer_schema_says_so(
    new_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str
) -> None:
    await asyncio.to_thread(upgrade, new_url)
    running = await SqlStore.open(new_url, 1.0)
    await asyncio.to_thread(upgraded_by_a_newer_version, new_url, tmp_path, declared, monkeypatch)
    await held(running, 1)
    await running.aclose()
    await asyncio.to_thread(prepare, new_url, 1.0)  # also one that starts anew
    started = await SqlStore.open(new_url, 1.0)
    await held(started, 2)
    await started.aclose()
    with pytest.raises(ConfigError, match="newer"):  # yet it changes no tables that it does not know
        await asyncio.to_thread(upgrade, new_url)


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param("", id="it says nothing"),
        pytest.param('compatible_back_to = "9998"', id="not so far back"),
        pytest.param('compatible_back_to = {{"another": "{head}"}}', id="on another kind of database"),
    ],
)
def test_a_guard_does_not_start_on_a_newer_schema_that_does_not_fit(
    new_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str
) -> None:
    upgrade(new_url)
    upgraded_by_a_newer_version(new_url, tmp_path, declared, monkeypatch)
    with pytest.raises(ConfigError, match="made by a newer Shenyan"):
        prepare(new_url, 1.0)


async def test_a_new_file_gets_its_tables_by_itself_for_its_owner_alone(url: str, path: Path) -> None:
    store = await SqlStore.open(url, 1.0)
    await store.ping()
    files = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    await store.aclose()
    assert files == {"records.db": 0o600, "records.db-wal": 0o600, "records.db-shm": 0o600}


async def test_records_of_an_older_version_name_the_command(url: str, path: Path) -> None:
    make(path, "CREATE TABLE exchanges (id TEXT)")
    with pytest.raises(ConfigError, match=r"schema none.*run `shenyan db upgrade`"):
        await SqlStore.open(url, 1.0)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("exchanges",)]


async def test_records_of_a_newer_version_are_left_alone(url: str, path: Path) -> None:
    upgrade(url)
    make(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="made by a newer Shenyan"):
        await SqlStore.open(url, 1.0)


def test_a_file_that_is_no_database_is_a_store_error(url: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="SQLITE_NOTADB"):
        prepare(url, 1.0)


def test_an_upgrade_that_fails_changes_nothing(url: str, path: Path) -> None:
    make(path, "CREATE TABLE pulse (id TEXT)")
    with pytest.raises(StoreError):
        upgrade(url)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("pulse",)]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot be made"):
        upgrade(f"sqlite:///{tmp_path}/var/records.db")


def downgrade_to(url: str, revision: str) -> None:
    while downgrade(url) != revision:
        pass


def make(path: Path, statement: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as file:
        file.execute(statement)
        file.commit()
