"""A backup is a whole, proved copy, taken while the records are in use."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.core.errors import ConfigError, StoreError
from app.storage.backup import Backup, backup
from app.storage.sql import SqlStore
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


def test_a_database_server_has_its_own_tool(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pg_dump"):
        backup("postgresql://localhost/shenyan", tmp_path / "copy.db")


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
