"""The store on a disk that is locked, full, read-only or whose process is killed."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from app.core.audit import broken_link
from app.core.errors import StoreError
from app.core.records import ExchangeState, HoldState
from app.storage.sql import SqlStore
from tests.contract.given import answered, claimed, entry, held
from tests.storage.locking import open_lock
from tests.values import NOON, exchange, message

ROOT = Path(__file__).parents[2]


WRITES: list[Callable[[SqlStore], Awaitable[object]]] = [
    lambda store: store.ping(),
    claimed,
    lambda store: store.append_audit(entry()),
    lambda store: store.due(NOON, 1, timedelta(seconds=60)),
]


async def test_a_locked_file_is_a_store_error_and_passes(store: SqlStore) -> None:
    with open_lock(store.database):
        for write in WRITES:
            with pytest.raises(StoreError, match="SQLITE_BUSY"):
                await write(store)
        assert (await store.counts())["unanswered"] == 0, "reading goes on"
    assert (await claimed(store)).fresh
    assert [one async for one in store.audit_trail()] == []


async def test_a_full_disk_is_a_store_error_and_what_was_written_stays(store: SqlStore) -> None:
    pages = await store.database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    )
    await store.database.write(
        lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 40}")
    )
    written: list[str] = []

    async def write_on() -> None:
        for number in range(1_000):
            await claimed(store, number, raw=bytes(4_000))
            written.append(f"exchange-{number}")

    with pytest.raises(StoreError, match="SQLITE_FULL"):
        await write_on()
    assert len(written) > 5
    page = await store.exchanges((ExchangeState.CLAIMED,), None, "", 1_000)
    assert {one.id for one in page.items} == set(written)
    await store.database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    )
    assert (await claimed(store, 1_001, raw=bytes(4_000))).fresh


async def test_on_a_full_disk_small_messages_do_not_suffer_for_a_large_one(store: SqlStore) -> None:
    pages = await store.database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    )
    await store.database.write(
        lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")
    )
    results = await asyncio.gather(
        claimed(store, 1), claimed(store, 2, raw=bytes(500_000)), claimed(store, 3), return_exceptions=True
    )
    assert [isinstance(result, StoreError) for result in results] == [False, True, False]


async def test_a_read_only_file_is_a_store_error(url: str, path: Path) -> None:
    store = await SqlStore.open(url, 0.05)
    await store.database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only = ON"))
    for write in WRITES[:3]:
        with pytest.raises(StoreError, match="SQLITE_READONLY"):
            await write(store)
    await store.aclose()


async def test_a_naive_time_is_a_store_error_for_its_message_alone(any_store: SqlStore) -> None:
    naive = exchange("naive", message=message("naive", received_at=NOON.replace(tzinfo=None)))
    results = await asyncio.gather(
        any_store.claim(exchange(), NOON), any_store.claim(naive, NOON), return_exceptions=True
    )
    assert [isinstance(result, StoreError) for result in results] == [False, True]


async def test_errors_quote_nothing_that_people_wrote(any_store: SqlStore) -> None:
    await held(any_store, 1)
    claim = await claimed(any_store, 2)
    again = replace(await any_store.hold("hold-1"), exchange_id="exchange-2", message=claim.exchange.message)
    with pytest.raises(StoreError) as error:
        await any_store.record(replace(answered(claim.exchange), hold=again))
    told = f"{error.value} {error.value.__cause__}"
    assert "SQLITE_CONSTRAINT" in told or "23505 UniqueViolation" in told
    assert not [words for words in ("呵呵", "citizen-1", "开门") if words in told]


async def test_a_batch_of_claims_and_records_is_two_transactions(any_store: SqlStore) -> None:
    """The hot path: were a statement not fit for many rows, all would quietly be written one by one."""
    commits: list[Connection] = []
    event.listen(any_store.database.writer, "commit", commits.append)
    claims = await asyncio.gather(*(claimed(any_store, number) for number in range(50)))
    await asyncio.gather(*(any_store.record(answered(claim.exchange)) for claim in claims))
    assert len(commits) == 2


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE audit SET reason = 'x'", id="change"),
        pytest.param("DELETE FROM audit", id="removal"),
        pytest.param("DELETE FROM audit WHERE seq = 1", id="removal of one"),
    ],
)
async def test_an_audit_row_cannot_be_changed_or_removed(any_store: SqlStore, statement: str) -> None:
    await any_store.append_audit(entry())
    with pytest.raises(DBAPIError, match="only appended"):
        await any_store.database.write(lambda connection: connection.exec_driver_sql(statement))
    assert len([one async for one in any_store.audit_trail()]) == 1


async def test_an_audit_row_changed_behind_our_back_is_found(store: SqlStore, path: Path) -> None:
    for number in range(3):
        await store.append_audit(entry(f"hold:{number}"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TRIGGER audit_no_update")
        other.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        other.commit()
    broken = broken_link([one async for one in store.audit_trail()])
    assert broken is not None
    assert broken.seq == 2


async def test_a_trail_that_was_cut_off_says_so(store: SqlStore, path: Path) -> None:
    for number in range(3):
        await store.append_audit(entry(f"hold:{number}"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TRIGGER audit_no_delete")
        other.execute("DELETE FROM audit WHERE seq = 3")
        other.commit()
    seen: list[int] = []

    async def read_all() -> None:
        async for one in store.audit_trail():
            seen.append(one.seq)

    with pytest.raises(StoreError, match="ends at entry 2, but 3 were written"):
        await read_all()
    assert seen == [1, 2]


# --- kill -9 ----------------------------------------------------------------------------------


async def test_what_was_acknowledged_outlives_a_killed_process(any_url: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.busy_writer",
        any_url,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    assert child.stdout is not None
    acknowledged = [(await child.stdout.readline()).decode().split() for _ in range(300)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [line.split() for line in (await child.stdout.read()).decode().splitlines()]
    assert await child.wait() == -signal.SIGKILL

    store = await SqlStore.open(any_url, 2.0)
    for what, number in (line for line in acknowledged if len(line) == 2):
        found = await store.exchange(f"exchange-{number}")
        if what == "recorded":
            assert found.state is ExchangeState.HELD
            assert (await store.hold(f"hold-{number}")).state is HoldState.PENDING
    trail = [one async for one in store.audit_trail()]
    assert broken_link(trail) is None
    recorded = {f"hold:{line[1]}" for line in acknowledged if line[0] == "recorded" and len(line) == 2}
    assert recorded <= {one.subject for one in trail}
    assert (await claimed(store, 10**6)).fresh
    await store.aclose()
