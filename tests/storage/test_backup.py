"""A backup is a whole, proved copy, taken while the records are in use."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.core.errors import ConfigError, StoreError
from app.storage.backup import Backup, backup
from app.storage.sql import SqlStore
from scripts.postgres import SUPERUSER, Postgres
from tests.contract.given import claimed, entry, held, queued


@pytest.fixture
async def used(store: SqlStore) -> SqlStore:
    await held(store, 1)
    await queued(store, 2)
    await store.append_audit(entry())
    return store


async def test_a_backup_holds_what_the_records_hold(used: SqlStore, url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    made = await asyncio.to_thread(backup, url, target)
    assert made == Backup(target, exchanges=2, holds=1, deliveries=1, audit=1)
    restored = await SqlStore.open(f"sqlite:///{target}", 1.0)
    assert await restored.hold("hold-1") == await used.hold("hold-1")
    assert [one async for one in restored.audit_trail()] == [one async for one in used.audit_trail()]
    await restored.aclose()


async def test_a_backup_is_one_file_for_its_owner_alone(used: SqlStore, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    await asyncio.to_thread(backup, url, folder / "copy.db")
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {"copy.db": 0o600}


async def test_a_backup_of_records_in_use_is_whole(used: SqlStore, url: str, tmp_path: Path) -> None:
    copying = asyncio.create_task(asyncio.to_thread(backup, url, tmp_path / "copy.db"))
    number = 100
    while not copying.done():
        await held(used, number)
        await used.append_audit(entry())
        number += 1
    made = await copying
    assert made.exchanges >= 2
    assert made.exchanges == made.holds + 1 or made.exchanges == made.holds + 2


async def test_an_earlier_backup_is_never_overwritten(used: SqlStore, url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("the only backup there is")
    with pytest.raises(ConfigError, match="there already"):
        backup(url, target)
    assert target.read_text() == "the only backup there is"


def test_what_was_never_there_is_not_backed_up(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no records"):
        backup(url, tmp_path / "copy.db")


# --- PostgreSQL -------------------------------------------------------------------------------


@pytest.fixture
def programs(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """The server's programs, where the shell finds them."""
    monkeypatch.setenv("PATH", str(postgres.bin), prepend=os.pathsep)
    return postgres


@pytest.fixture
async def served(postgresql_url: str) -> AsyncIterator[SqlStore]:
    store = await SqlStore.open(postgresql_url, 1.0)
    await held(store, 1)
    await queued(store, 2)
    await store.append_audit(entry(reason="反斜杠\\ 制表\t换行\n结束 \\."))
    await store.append_audit(entry(before='{"state": "pending"}'))
    yield store
    await store.aclose()


async def test_an_archive_holds_what_the_server_held_at_one_moment(
    programs: Postgres, served: SqlStore, postgresql_url: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    target = tmp_path / "copy.dump"
    copying = asyncio.create_task(asyncio.to_thread(backup, postgresql_url, target))
    number = 100
    while not copying.done():
        await held(served, number)
        await served.append_audit(entry())
        number += 1
    made = await copying
    assert made.exchanges >= 2
    assert made.exchanges in (made.holds + 1, made.holds + 2)
    assert target.stat().st_mode & 0o777 == 0o600
    name = new_database()
    restore: list[str | Path] = [
        programs.bin / "pg_restore",
        "-h",
        programs.folder,
        "-U",
        SUPERUSER,
        "-d",
        name,
        target,
    ]
    await asyncio.to_thread(lambda: subprocess.run(restore, check=True))
    restored = await SqlStore.open(programs.url(name), 1.0)
    assert await restored.hold("hold-1") == await served.hold("hold-1")
    trail = [one async for one in restored.audit_trail()]
    assert trail == [one async for one in served.audit_trail()][: len(trail)]
    assert len(trail) == made.audit
    await restored.aclose()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param("UPDATE audit SET actor = 'x' WHERE seq = 1", "broken at entry 1", id="a forged row"),
        pytest.param("DELETE FROM audit WHERE seq = 2", "lost its newest", id="the newest row is gone"),
    ],
)
async def test_an_archive_of_forged_records_gets_no_name(
    programs: Postgres, served: SqlStore, postgresql_url: str, tmp_path: Path, damage: str, says: str
) -> None:
    with programs.connect("records") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(damage)
    with pytest.raises(StoreError, match=says):
        await asyncio.to_thread(backup, postgresql_url, tmp_path / "copy.dump")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param(
            'exec {pg_dump} --exclude-table-data=holds "$@"', "does not hold", id="a table is missing"
        ),
        pytest.param('{pg_dump} "$@" && truncate -s -200 {archive}', "damaged", id="its end is missing"),
        pytest.param(
            "echo 'aborting because of server version mismatch' >&2; exit 1", "older", id="too old a tool"
        ),
        pytest.param("echo '市民的话' >&2; exit 3", "pg_dump ended with 3$", id="another failure"),
    ],
)
async def test_an_archive_that_is_not_whole_gets_no_name(
    programs: Postgres,
    served: SqlStore,
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    says: str,
) -> None:
    folder, tool = tmp_path / "backups", tmp_path / "pg_dump"
    folder.mkdir()
    line = script.format(pg_dump=programs.bin / "pg_dump", archive=folder / "copy.dump.unproved")
    tool.write_text(f"#!/bin/sh\n{line}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(StoreError, match=says):
        await asyncio.to_thread(backup, postgresql_url, folder / "copy.dump")
    assert list(folder.iterdir()) == []


async def test_without_pg_dump_the_remedy_is_told(
    served: SqlStore, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"postgresql-client.*pg_basebackup"):
        backup(postgresql_url, tmp_path / "copy.dump")


# --- what gets no name ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param("UPDATE audit SET actor = 'x'", "chain is broken at entry 1", id="a forged audit row"),
        pytest.param("DELETE FROM exchanges", "lost its exchange", id="a hold without its message"),
    ],
)
async def test_a_copy_that_fails_the_proof_gets_no_name(
    used: SqlStore, url: str, path: Path, tmp_path: Path, damage: str, says: str
) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TRIGGER audit_no_update")
        file.execute(damage)
        file.commit()
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(StoreError, match=says):
        backup(url, folder / "copy.db")
    assert list(folder.iterdir()) == []


async def test_a_damaged_file_gets_no_name(store: SqlStore, url: str, path: Path, tmp_path: Path) -> None:
    for number in range(200):
        await claimed(store, number, raw=bytes(2_000))
    await store.aclose()
    scratch(path)
    with pytest.raises(StoreError):
        backup(url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


async def test_a_folder_that_is_not_there_is_a_store_error(used: SqlStore, url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="backup failed"):
        backup(url, tmp_path / "missing" / "copy.db")


def scratch(path: Path) -> None:
    """Spoil some pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
