"""The schema's versions: made, checked, refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from app.core.errors import ConfigError, StoreError
from app.storage.engines import open_engine
from app.storage.migrate import prepare, upgrade
from app.storage.schema import metadata
from app.storage.sql import SqlStore


def test_the_revisions_make_the_tables_that_the_program_knows(url: str) -> None:
    upgrade(url)
    engine = open_engine(url, 1.0)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_an_upgrade_may_be_repeated(url: str) -> None:
    upgrade(url)
    upgrade(url)
    prepare(url, 1.0)


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


def make(path: Path, statement: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as file:
        file.execute(statement)
        file.commit()
