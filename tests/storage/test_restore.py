"""A backup comes back whole, in one step, and only where it may."""

import asyncio
import os
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, select

from app.core.errors import ConfigError, StoreError
from app.core.records import DeliveryState
from app.service.audit_export import examined
from app.storage import schema, undump
from app.storage.backup import backup
from app.storage.migrate import downgrade, upgrade
from app.storage.restore import RESTORED, Order, Restored, restore
from app.storage.sql import SqlStore
from scripts.postgres import Postgres
from tests.contract.given import entry, held, queued
from tests.values import NOON

STAYS = [table for table in schema.metadata.sorted_tables if table.name not in {"audit_head", "pulse"}]


@pytest.fixture
def programs(request: pytest.FixtureRequest, any_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's programs, where the shell finds them."""
    if any_url.startswith("postgresql"):
        postgres: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("PATH", str(postgres.bin), prepend=os.pathsep)


@pytest.fixture
def new_url(request: pytest.FixtureRequest, any_url: str, tmp_path: Path) -> str:
    """Nothing at all, of the same kind as `any_url`."""
    if any_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/new/records.db"
    server: Postgres = request.getfixturevalue("postgres")
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return server.url(make())


@pytest.fixture
def older_url(request: pytest.FixtureRequest, any_url: str, tmp_path: Path) -> str:
    if any_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/older/records.db"
    server: Postgres = request.getfixturevalue("postgres")
    make: Callable[[], str] = request.getfixturevalue("new_database")
    return server.url(make())


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[str], Any]]:
    stores: list[SqlStore] = []

    async def open_it(url: str) -> SqlStore:
        stores.append(await SqlStore.open(url, 1.0))
        return stores[-1]

    yield open_it
    for store in stores:
        await store.aclose()


def spoil(archive: Path, damage: Callable[[bytes], bytes]) -> None:
    archive.write_bytes(damage(archive.read_bytes()))


def order(archive: Path, *, replace: bool = False) -> Order:
    return Order(archive, "cli:test", NOON, replace)


async def everything(store: SqlStore) -> dict[str, list[Any]]:
    return {
        table.name: [
            tuple(row)
            for row in await store.database.read(
                lambda connection, table=table: connection.execute(  # type: ignore[misc]
                    select(table).order_by(*table.primary_key.columns)
                ).all()
            )
        ]
        for table in STAYS
    }


@pytest.fixture
async def archive(programs: None, any_store: SqlStore, any_url: str, tmp_path: Path) -> Path:
    await held(any_store, 1)
    await any_store.append_audit(entry(reason="反斜杠\\ 制表\t换行\n结束 \\.", before='{"state": "待审"}'))
    await asyncio.to_thread(backup, any_url, tmp_path / "copy")
    return tmp_path / "copy"


async def test_a_backup_made_under_load_comes_back_as_it_was(
    programs: None,
    any_store: SqlStore,
    any_url: str,
    new_url: str,
    tmp_path: Path,
    opened: Callable[[str], Any],
) -> None:
    copying = asyncio.create_task(asyncio.to_thread(backup, any_url, tmp_path / "copy"))
    number = 0
    while number < 3 or not copying.done():
        await held(any_store, number)
        await any_store.append_audit(entry(f"hold:{number}"))
        number += 1
    made = await copying
    restored = await asyncio.to_thread(restore, new_url, order(tmp_path / "copy"))
    assert (restored.exchanges, restored.holds, restored.audit) == (made.exchanges, made.holds, made.audit)
    there, were = await everything(await opened(new_url)), await everything(any_store)
    last = there["audit"].pop()
    assert (last[2], last[3], last[1]) == ("cli:test", RESTORED, NOON)
    # The backup may have caught the latest between its claim and its hold.
    there["exchanges"] = there["exchanges"][:-1]
    for name, rows in there.items():
        assert rows == were[name][: len(rows)], name
    assert len(there["holds"]) == made.holds
    found = await examined(await opened(new_url))
    assert (found.broken, found.last) == (None, made.audit + 1)


async def test_records_that_are_not_empty_stay(archive: Path, any_store: SqlStore, any_url: str) -> None:
    await held(any_store, 2)
    before = await everything(any_store)
    with pytest.raises(ConfigError, match=r"not empty.*--replace"):
        await asyncio.to_thread(restore, any_url, order(archive))
    assert await everything(any_store) == before


async def test_records_in_use_stay(archive: Path, any_store: SqlStore, any_url: str) -> None:
    await any_store.ping()
    before = await everything(any_store)
    with pytest.raises(ConfigError, match="stop every process"):
        await asyncio.to_thread(restore, any_url, order(archive, replace=True))
    assert await everything(any_store) == before


@pytest.mark.parametrize("any_url", ["postgresql"], indirect=True)
async def test_who_is_just_leaving_the_server_is_waited_for(
    archive: Path, any_store: SqlStore, any_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, found_some = undump._others, threading.Event()

    def looked(connection: Connection) -> int:
        if count := others(connection):
            found_some.set()
        return count

    monkeypatch.setattr(undump, "_others", looked)
    await any_store.ping()
    restoring = asyncio.create_task(asyncio.to_thread(restore, any_url, order(archive, replace=True)))
    assert await asyncio.to_thread(found_some.wait, 30)
    await any_store.aclose()
    assert (await restoring).exchanges == 1


async def test_with_replace_a_backup_takes_their_place(
    archive: Path, any_store: SqlStore, any_url: str, opened: Callable[[str], Any]
) -> None:
    before = await everything(any_store)
    await held(any_store, 2)
    await any_store.aclose()
    await asyncio.to_thread(restore, any_url, order(archive, replace=True))
    store = await opened(any_url)
    there = await everything(store)
    there["audit"].pop()
    assert there == before
    await held(store, 3)


async def test_what_may_have_left_since_waits_for_a_person_and_nobody_stays_signed_in(
    programs: None,
    any_store: SqlStore,
    any_url: str,
    new_url: str,
    tmp_path: Path,
    opened: Callable[[str], Any],
) -> None:
    made = await queued(any_store, 1)
    await any_store.database.change(lambda connection: connection.execute(schema.users.insert(), [USER]))
    await any_store.database.change(
        lambda connection: connection.execute(schema.sessions.insert(), [SESSION])
    )
    await asyncio.to_thread(backup, any_url, tmp_path / "copy")
    restored = await asyncio.to_thread(restore, new_url, order(tmp_path / "copy"))
    assert restored == Restored(exchanges=1, holds=0, deliveries=1, audit=0, doubtful=1)
    store = await opened(new_url)
    assert await store.delivery(made.id) == replace(
        made, state=DeliveryState.UNCERTAIN, next_at=None, why="restored"
    )
    there = await everything(store)
    assert (len(there["users"]), there["sessions"]) == (1, [])


USER = {
    "name": "li",
    "role": "auditor",
    "password_hash": "",
    "created_at": NOON,
    "totp_secret": "",
    "totp_step": 0,
    "must_change": False,
    "disabled": False,
    "failures": 0,
}
SESSION = {"id_hash": "x", "user": "li", "csrf": "", "created_at": NOON, "last_seen": NOON}


async def test_a_backup_of_an_older_version_is_upgraded(
    programs: None, older_url: str, new_url: str, tmp_path: Path, opened: Callable[[str], Any]
) -> None:
    upgrade(older_url)
    source = await opened(older_url)
    await held(source, 1)
    await source.append_audit(entry())
    await source.aclose()
    await asyncio.to_thread(downgrade, older_url)
    await asyncio.to_thread(backup, older_url, tmp_path / "copy")
    await asyncio.to_thread(restore, new_url, order(tmp_path / "copy"))
    store = await opened(new_url)
    assert (await store.hold("hold-1")).id == "hold-1"
    assert (await examined(store)).broken is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"no backup at all", id="something else"),
        pytest.param(lambda content: content[: len(content) * 2 // 3], id="its end is missing"),
        pytest.param(
            lambda content: content[:5_000] + bytes(len(content) - 10_000) + content[-5_000:],
            id="its middle is spoilt",
        ),
    ],
)
async def test_a_damaged_backup_changes_nothing(
    archive: Path,
    any_store: SqlStore,
    any_url: str,
    opened: Callable[[str], Any],
    damage: Callable[[bytes], bytes],
) -> None:
    before = await everything(any_store)
    await any_store.aclose()
    spoil(archive, damage)
    with pytest.raises((StoreError, ConfigError)):
        await asyncio.to_thread(restore, any_url, order(archive, replace=True))
    assert await everything(await opened(any_url)) == before


def empty(file: Path) -> None:
    file.write_bytes(b"")


def of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
        other.commit()


@pytest.mark.parametrize("make", [empty, of_another_program])
async def test_a_database_that_holds_no_records_takes_the_place_of_none(
    store: SqlStore, url: str, tmp_path: Path, opened: Callable[[str], Any], make: Callable[[Path], None]
) -> None:
    """An empty file is a sound SQLite database: upgraded and proved, it would replace the records by none."""
    await held(store, 1)
    before = await everything(store)
    await store.aclose()
    make(tmp_path / "copy")
    with pytest.raises(ConfigError, match="no backup of Shenyan's"):
        await asyncio.to_thread(restore, url, order(tmp_path / "copy", replace=True))
    assert await everything(await opened(url)) == before


async def test_an_archive_of_another_program_takes_the_place_of_no_records(
    postgres: Postgres,
    new_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    opened: Callable[[str], Any],
) -> None:
    monkeypatch.setenv("PATH", str(postgres.bin), prepend=os.pathsep)
    name, other = new_database(), new_database()
    upgrade(postgres.url(name))
    store = await opened(postgres.url(name))
    await held(store, 1)
    before = await everything(store)
    await store.aclose()
    with postgres.connect(other) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
    where = make_url(postgres.url(other)).set(drivername="postgresql").render_as_string(hide_password=False)
    await asyncio.to_thread(
        subprocess.run,
        ["pg_dump", "--format=custom", f"--file={tmp_path / 'copy'}", where],
        check=True,
    )
    with pytest.raises(ConfigError, match="no backup of Shenyan's"):
        await asyncio.to_thread(restore, postgres.url(name), order(tmp_path / "copy", replace=True))
    assert await everything(await opened(postgres.url(name))) == before


async def test_what_the_old_records_left_beside_them_is_not_applied_to_the_new(
    store: SqlStore, url: str, path: Path, tmp_path: Path, opened: Callable[[str], Any]
) -> None:
    """Records that cannot be read any more are what backups are for. Their write-ahead log lies beside them
    still, and SQLite would carry it out on whatever has their name."""
    await held(store, 1)
    await asyncio.to_thread(backup, url, tmp_path / "copy")
    before = await everything(store)
    await held(store, 2)
    log = path.with_name(path.name + "-wal")
    written = log.read_bytes()
    await store.aclose()
    spoil(path, lambda content: b"spoilt" * 10_000)
    log.write_bytes(written)
    await asyncio.to_thread(restore, url, order(tmp_path / "copy", replace=True))
    there = await everything(await opened(url))
    there["audit"].pop()
    assert there == before


async def test_a_forged_backup_changes_nothing(
    store: SqlStore, url: str, opened: Callable[[str], Any], tmp_path: Path
) -> None:
    archive = tmp_path / "copy"
    await store.append_audit(entry())
    await asyncio.to_thread(backup, url, archive)
    before = await everything(store)
    await store.aclose()
    with closing(sqlite3.connect(archive)) as file:
        file.execute("DROP TRIGGER audit_no_update")
        file.execute("UPDATE audit SET actor = 'x'")
        file.commit()
    with pytest.raises(StoreError, match="broken at entry 1"):
        await asyncio.to_thread(restore, url, order(archive, replace=True))
    assert await everything(await opened(url)) == before
    assert [one.name for one in (tmp_path / "var").iterdir() if "unproved" in one.name] == []


async def test_what_others_may_do_to_the_tables_stays(
    postgres: Postgres,
    new_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(postgres.bin), prepend=os.pathsep)
    name = new_database()
    url = postgres.url(name)
    upgrade(url)
    await asyncio.to_thread(backup, url, tmp_path / "copy")
    with postgres.connect(name) as connection:
        connection.execute("CREATE ROLE reader")
        connection.execute("GRANT SELECT, INSERT ON audit TO reader")
    await asyncio.to_thread(restore, url, order(tmp_path / "copy", replace=True))
    with postgres.connect(name) as connection:
        rights = [
            connection.execute(f"SELECT has_table_privilege('reader', 'audit', '{right}')").fetchone()
            for right in ("SELECT", "INSERT", "DELETE")
        ]
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")
    assert rights == [(True,), (True,), (False,)]


async def test_what_is_not_there_is_not_restored(any_url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no backup"):
        restore(any_url, order(tmp_path / "nothing"))
