"""Old records leave for an archive: all of them, once, and nothing that is still open."""

import asyncio
import gzip
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import DBAPIError

from app.core.audit import Link
from app.core.errors import ConfigError, StoreError
from app.core.records import Callback, DeliveryState, ExchangeState, HoldState, PostState, WorkOrder
from app.core.retention import ARCHIVED, Class, Due
from app.service.audit_export import examined
from app.storage import archive_files, schema, trail
from app.storage.archive_proof import problems_with
from app.storage.archiving import Archiver
from app.storage.sql import SqlStore
from tests.contract.given import HOUR, answered, claimed, entry, held, queued, sent

OLD = datetime(2020, 3, 2, 4, tzinfo=UTC)
LIMIT = datetime(2021, 1, 1, tzinfo=UTC)
EVERYTHING = [Due(kind, LIMIT) for kind in Class]


class Killed(Exception):
    """The process is gone."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def archiver(any_url: str, folder: Path) -> Callable[..., Archiver]:
    def make(**changes: Any) -> Archiver:
        return Archiver(any_url, folder, "cli:test", 1.0, lambda: datetime.now(UTC), **changes)

    return make


def lines(folder: Path, kind: str = "*") -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob(f"{kind}-*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def ids(folder: Path) -> list[str]:
    return sorted(line["exchange"]["id"] for kind in ("exchanges", "holds") for line in lines(folder, kind))


async def finished(store: SqlStore, number: int, at: datetime = OLD) -> None:
    await store.record(answered((await claimed(store, number, at=at)).exchange))


async def decided(store: SqlStore, number: int, at: datetime = OLD, **changes: Any) -> None:
    """A hold that was transferred, with all that may come of one."""
    hold = await held(store, number, at=at)
    done = replace(
        hold,
        **{
            "state": HoldState.TRANSFERRED,
            "version": 2,
            "decided_by": "li",
            "decided_at": at + HOUR,
            **changes,
        },
    )
    order = WorkOrder(hold.id, "公安局", at + HOUR, "{}")
    callback = Callback(hold.id, hold.exchange_id, "press", "hall", at + HOUR, "{}", PostState.SENT)
    await store.settle(done, None, entry(f"hold:{hold.id}", at=at + HOUR), order, (), callback)


async def left(store: SqlStore) -> dict[str, int]:
    def look(connection: Connection) -> dict[str, int]:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (
                schema.exchanges,
                schema.holds,
                schema.deliveries,
                schema.callbacks,
                schema.work_orders,
            )
        }

    return await store.database.read(look)


async def test_what_is_old_and_over_leaves_with_all_that_came_of_it(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await finished(any_store, 1)
    await decided(any_store, 2)
    await sent(any_store, await queued(any_store, 3, at=OLD + HOUR), DeliveryState.DELIVERED, OLD + HOUR)
    await finished(any_store, 4, at=OLD + timedelta(days=31))
    await finished(any_store, 5, at=LIMIT)
    made = await asyncio.to_thread(archiver().run, EVERYTHING)
    assert [(one.kind, one.month, one.lines) for one in made] == [
        (Class.EXCHANGES, "2020-03", 2),
        (Class.EXCHANGES, "2020-04", 1),
        (Class.HOLDS, "2020-03", 1),
        (Class.AUDIT, "2020-03", 1),
    ]
    assert ids(folder) == [f"exchange-{number}" for number in (1, 2, 3, 4)]
    (case,) = lines(folder, "holds")
    assert [len(case[name]) for name in ("holds", "deliveries", "callbacks", "work_orders")] == [1, 0, 1, 1]
    assert case["exchange"]["user_id"] == "citizen-1", "an archive is the whole record"
    assert await left(any_store) == {
        "exchanges": 1, "holds": 0, "deliveries": 0, "callbacks": 0, "work_orders": 0,
    }  # fmt: skip


def modes(folder: Path) -> tuple[int, set[int]]:
    return folder.stat().st_mode & 0o777, {file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_archives_are_for_their_owner_alone(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await finished(any_store, 1)
    await asyncio.to_thread(archiver().run, EVERYTHING)
    assert modes(folder) == (0o700, {0o600})


async def changed(store: SqlStore, table: Any, **values: Any) -> None:
    await store.database.change(lambda connection: connection.execute(update(table).values(**values)))


async def still_claimed(store: SqlStore) -> None:
    await claimed(store, 1, at=OLD)


async def unanswered(store: SqlStore) -> None:
    claim = await claimed(store, 1, at=OLD)
    await store.record(
        replace(answered(claim.exchange), exchange=replace(claim.exchange, state=ExchangeState.UNANSWERED))
    )


async def pending(store: SqlStore) -> None:
    await held(store, 1, at=OLD)


async def waiting(store: SqlStore) -> None:
    await queued(store, 1, at=OLD)


async def uncertain(store: SqlStore) -> None:
    await sent(store, await queued(store, 1, at=OLD), DeliveryState.UNCERTAIN, OLD)


async def decided_late(store: SqlStore) -> None:
    await decided(store, 1, decided_at=LIMIT)


async def not_reported(store: SqlStore) -> None:
    await decided(store, 1)
    await changed(store, schema.callbacks, state=PostState.QUEUED.value)


async def not_passed_on(store: SqlStore) -> None:
    await decided(store, 1)
    await changed(store, schema.work_orders, state=PostState.QUEUED.value)


@pytest.mark.parametrize(
    "make",
    [still_claimed, unanswered, pending, waiting, uncertain, decided_late, not_reported, not_passed_on],
    ids=lambda make: str(make.__name__),
)
async def test_what_is_not_over_stays(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path, make: Callable[[SqlStore], Any]
) -> None:
    await make(any_store)
    before = await left(any_store)
    wanted = [due for due in EVERYTHING if due.kind is not Class.AUDIT]
    assert archiver().count(wanted) == {Class.EXCHANGES: 0, Class.HOLDS: 0}
    assert list(await asyncio.to_thread(archiver().run, wanted)) == []
    assert await left(any_store) == before
    assert ids(folder) == []


async def test_counting_touches_nothing(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await finished(any_store, 1)
    await decided(any_store, 2)
    counted = await asyncio.to_thread(archiver().count, EVERYTHING)
    assert counted == {Class.EXCHANGES: 1, Class.HOLDS: 1, Class.AUDIT: 1}
    assert (await left(any_store))["exchanges"] == 2
    assert "archive" not in os.listdir(folder.parent)


async def test_killed_at_any_instant_the_next_run_goes_on_and_nothing_is_lost_or_there_twice(
    store: SqlStore, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.bundles.AT_ONCE", 2)
    monkeypatch.setattr("app.storage.bundles.in_batches.__defaults__", (2,))
    monkeypatch.setattr("app.storage.archiving._PAUSE_S", 0)
    monkeypatch.setattr("app.storage.archiving._TAKEN_AT_ONCE", 2)
    for number in range(7):
        await finished(store, number, at=OLD + number * HOUR)
    for number in range(7, 12):
        await decided(store, number, at=OLD + number * HOUR)
    killed = 0
    for survives in count(0):
        steps = iter(range(survives))

        def keep_going(steps: Any = steps) -> bool:
            if next(steps, None) is None:
                raise Killed
            return True

        archiver = Archiver(url, folder, "cli:test", 1.0, lambda: datetime.now(UTC), keep_going)
        try:
            await asyncio.to_thread(archiver.run, EVERYTHING)
        except Killed:
            killed += 1
        there = (await left(store))["exchanges"]
        assert len(set(ids(folder))) + there >= 12, "nothing is lost on the way"
        if not there and (await examined(store)).after.seq >= 5:
            break
    assert killed > 10
    assert ids(folder) == sorted(f"exchange-{number}" for number in range(12))
    archived = [line["seq"] for line in lines(folder, "audit")]
    assert archived[:5] == [1, 2, 3, 4, 5]
    assert len(set(archived)) == len(archived)
    assert await problems(store, folder) == []


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.iterdir()}


async def problems(store: SqlStore, folder: Path) -> Sequence[str]:
    found = await examined(store)
    assert found.broken is None
    said = [one async for one in store.audit_trail() if one.action == ARCHIVED]
    return problems_with(folder, found.after, said)


async def test_what_changed_after_it_was_archived_stays_for_a_later_archive(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await decided(any_store, 1)
    await decided(any_store, 2, at=OLD + HOUR)

    def dies_deleting(what: str, done: int, total: int) -> None:
        if "核对" in what and done == total:
            asyncio.run_coroutine_threadsafe(changed(any_store, schema.holds, reason="改了"), loop).result()

    loop = asyncio.get_running_loop()
    first = await asyncio.to_thread(archiver(told=dies_deleting).run, [Due(Class.HOLDS, LIMIT)])
    assert [one.lines for one in first] == [2]
    assert (await left(any_store))["exchanges"] == 2
    second = await asyncio.to_thread(archiver().run, [Due(Class.HOLDS, LIMIT)])
    assert [one.lines for one in second] == [2]
    assert (await left(any_store))["exchanges"] == 0
    assert [line["holds"][0]["reason"] for line in lines(folder)][2:] == ["改了", "改了"]


# --- the audit trail --------------------------------------------------------------------------


async def trail_of(store: SqlStore) -> None:
    for number in range(6):
        await store.append_audit(entry(f"hold:{number}", at=OLD + number * timedelta(days=10)))
    await store.append_audit(entry("hold:new", at=datetime.now(UTC)))


async def test_the_chain_is_whole_before_and_after_its_oldest_part_left(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await trail_of(any_store)
    made = await asyncio.to_thread(archiver().run, [Due(Class.AUDIT, LIMIT)])
    assert [(one.month, one.first, one.last) for one in made] == [
        ("2020-03", "1", "3"),
        ("2020-04", "4", "6"),
    ]
    found = await examined(any_store)
    assert (found.after.seq, found.last, found.broken) == (6, 9, None)
    assert [line["seq"] for line in lines(folder, "audit")] == [1, 2, 3, 4, 5, 6]
    assert await problems(any_store, folder) == []
    assert [one.action async for one in any_store.audit_trail()][1:] == [ARCHIVED, ARCHIVED]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(lambda path: path.unlink(), "is missing", id="a file is gone"),
        pytest.param(
            lambda path: path.write_bytes(
                gzip.compress(gzip.decompress(path.read_bytes()).replace(b"hold", b"HOLD"))
            ),
            "was changed",
            id="a line was changed",
        ),
        pytest.param(
            lambda path: path.with_name(path.name.replace(".jsonl.gz", ".json")).unlink(),
            "not here",
            id="no manifest",
        ),
    ],
)
async def test_a_change_to_an_archive_is_found(
    any_store: SqlStore,
    archiver: Callable[..., Archiver],
    folder: Path,
    damage: Callable[[Path], object],
    says: str,
) -> None:
    await trail_of(any_store)
    await finished(any_store, 1)
    made = await asyncio.to_thread(archiver().run, EVERYTHING)
    for one in made:
        path = archive_files.path_of(folder, one)
        kept = contents(folder)
        damage(path)
        assert says in "\n".join(await problems(any_store, folder)), one.name
        for file, content in kept.items():
            file.write_bytes(content)
    assert await problems(any_store, folder) == []


async def test_a_forged_chain_is_not_archived(store: SqlStore, url: str, path: Path, folder: Path) -> None:
    await trail_of(store)
    with closing(sqlite3.connect(path)) as file:
        file.execute("DROP TRIGGER audit_no_update")
        file.execute("UPDATE audit SET actor = 'x' WHERE seq = 2")
        file.commit()
    archiver = Archiver(url, folder, "cli:test", 1.0, lambda: datetime.now(UTC))
    with pytest.raises(StoreError, match="broken at entry 2"):
        archiver.run([Due(Class.AUDIT, LIMIT)])
    assert len([one async for one in store.audit_trail()]) == 7
    assert [name for name in os.listdir(folder) if name.startswith("audit")] == []


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "UPDATE audit_anchor SET seq = 7, hash = (SELECT hash FROM audit WHERE seq = 7)", id="too young"
        ),
        pytest.param("UPDATE audit_anchor SET seq = 2, hash = 'x'", id="no entry's hash"),
        pytest.param("UPDATE audit_anchor SET seq = -1, hash = ''", id="back"),
        pytest.param("DELETE FROM audit_anchor", id="the anchor itself"),
        pytest.param("INSERT INTO audit_anchor VALUES (2, 6, '')", id="another anchor"),
        pytest.param("DELETE FROM audit WHERE seq = 1", id="without the anchor"),
    ],
)
async def test_the_database_itself_keeps_what_the_law_wants_kept(any_store: SqlStore, statement: str) -> None:
    await trail_of(any_store)
    with pytest.raises(DBAPIError, match="only appended"):
        await any_store.database.write(lambda connection: connection.exec_driver_sql(statement))
    await any_store.database.write(
        lambda connection: trail.forget(connection, Link(2, trail.entries_after(connection, 1)[0].hash))
    )
    found = await examined(any_store)
    assert (found.after.seq, found.broken) == (2, None)


# --- who may not ------------------------------------------------------------------------------


async def test_what_is_younger_than_the_law_wants_is_refused(archiver: Callable[..., Archiver]) -> None:
    young = [Due(Class.EXCHANGES, datetime.now(UTC) - timedelta(days=183))]
    for act in (archiver().run, archiver().count):
        with pytest.raises(ConfigError, match=r"Cybersecurity Law \(article 23\).*184 days"):
            act(young)


async def test_one_archiver_at_a_time(
    any_store: SqlStore, archiver: Callable[..., Archiver], folder: Path
) -> None:
    await finished(any_store, 1)
    refused: list[Exception] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        for other in (folder, folder.parent / "elsewhere") if "postgres" in archiver().url else (folder,):
            try:
                replace(archiver(), folder=other).run(EVERYTHING)
            except ConfigError as error:
                refused.append(error)

    made = await asyncio.to_thread(archiver(told=meanwhile).run, EVERYTHING)
    assert len(made) == 1
    assert refused
    assert all("just now" in str(error) for error in refused)


async def test_an_archive_whose_manifest_is_there_is_never_removed(
    store: SqlStore, url: str, folder: Path
) -> None:
    """The disk fails between the two names: from the first on it counts, and the second can wait."""
    await finished(store, 1)
    frozen = datetime(2026, 11, 29, 12, tzinfo=UTC)
    stop = folder / "exchanges-2020-03-20261129T120000Z.jsonl.gz" / "a folder where the archive should be"
    stop.mkdir(parents=True)
    with pytest.raises(StoreError, match="archive"):
        await asyncio.to_thread(Archiver(url, folder, "cli:test", 1.0, lambda: frozen).run, EVERYTHING)
    assert (await left(store))["exchanges"] == 1
    stop.rmdir()
    stop.parent.rmdir()
    await asyncio.to_thread(Archiver(url, folder, "cli:test", 1.0, lambda: frozen + HOUR).run, EVERYTHING)
    assert (await left(store))["exchanges"] == 0
    assert ids(folder) == ["exchange-1"]
    assert await problems(store, folder) == []


def test_a_folder_that_cannot_be_made_is_a_store_error(
    any_url: str, archiver: Callable[..., Archiver], folder: Path
) -> None:
    folder.write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="archive"):
        archiver().run(EVERYTHING)
