"""The journal groups what waits into one transaction, and answers everybody whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from app.core.errors import Conflict, GuardError, StoreError
from app.storage.database import Database
from app.storage.journal import AT_ONCE, Journal
from tests.storage.locking import open_lock


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/journal.db" if sqlite else str(request.getfixturevalue("postgresql_url"))
    made = Database(url, 0.05 if sqlite else 1.0)
    await made.write(_make_table)
    yield made
    await made.write(lambda connection: connection.exec_driver_sql("DROP TABLE t"))
    await made.aclose()


def _make_table(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE t (n INTEGER UNIQUE)")


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    made = Journal(database)
    made.start()
    yield made
    await made.aclose()


@pytest.fixture
def commits(database: Database) -> list[Connection]:
    """Grows by one with each commit."""
    made: list[Connection] = []
    event.listen(database.writer, "commit", made.append)
    return made


def keep(connection: Connection, items: Sequence[int]) -> Sequence[int | GuardError]:
    """The plan of these tests: a negative number is refused, zero breaks, one that is there already fails."""
    if 0 in items:
        raise ZeroDivisionError
    for item in items:
        if item > 0:
            connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": item})
    return [item * 10 if item > 0 else Conflict(str(item)) for item in items]


def double(_: Connection, items: Sequence[int]) -> Sequence[int]:
    return [item * 2 for item in items]


async def kept(database: Database) -> list[int]:
    return await database.read(
        lambda connection: list(connection.exec_driver_sql("SELECT n FROM t ORDER BY n").scalars())
    )


async def test_what_waits_together_is_committed_together(
    journal: Journal, database: Database, commits: list[Connection]
) -> None:
    results = await asyncio.gather(*(journal.submit(keep, n) for n in range(1, 101)))
    assert results == [n * 10 for n in range(1, 101)]
    assert await kept(database) == list(range(1, 101))
    assert len(commits) == 1


async def test_a_transaction_does_not_grow_without_end(journal: Journal, commits: list[Connection]) -> None:
    await asyncio.gather(*(journal.submit(keep, n) for n in range(1, AT_ONCE + 2)))
    assert len(commits) == 2


async def test_different_plans_share_a_transaction(journal: Journal, commits: list[Connection]) -> None:
    plans = [journal.submit(keep, 1), journal.submit(double, 4), journal.submit(keep, 2)]
    assert await asyncio.gather(*plans) == [10, 8, 20]
    assert len(commits) == 1


async def test_who_is_refused_disturbs_nobody(
    journal: Journal, database: Database, commits: list[Connection]
) -> None:
    results = await asyncio.gather(*(journal.submit(keep, n) for n in (1, -2, 3)), return_exceptions=True)
    assert [type(result) for result in results] == [int, Conflict, int]
    assert await kept(database) == [1, 3]
    assert len(commits) == 1


@pytest.mark.parametrize("poison", [pytest.param(0, id="an error in the plan"), pytest.param(7, id="in SQL")])
async def test_poison_fails_alone(journal: Journal, database: Database, poison: int) -> None:
    await journal.submit(keep, 7)
    numbers = (1, 2, poison, 3)
    results = await asyncio.gather(*(journal.submit(keep, n) for n in numbers), return_exceptions=True)
    assert [type(result) for result in results] == [int, int, StoreError, int]
    assert await kept(database) == [1, 2, 3, 7]


async def test_where_nothing_can_be_written_all_hear_it_at_once(journal: Journal, database: Database) -> None:
    """Not one wait of the busy timeout for each."""
    with open_lock(database, "t"):
        results = await asyncio.gather(*(journal.submit(keep, n) for n in (1, 2, 3)), return_exceptions=True)
    (said,) = {str(result) for result in results}
    assert said in {"the records failed: SQLITE_BUSY", "the records failed: 55P03 LockNotAvailable"}
    assert await kept(database) == []
    assert await journal.submit(keep, 1) == 10


async def test_a_failed_commit_fails_everybody(journal: Journal, database: Database) -> None:
    def refuse(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT * FROM no_such_table")

    event.listen(database.writer, "commit", refuse)
    results = await asyncio.gather(*(journal.submit(keep, n) for n in (1, 2)), return_exceptions=True)
    event.remove(database.writer, "commit", refuse)
    assert [type(result) for result in results] == [StoreError, StoreError]
    assert await kept(database) == []
    assert await journal.submit(keep, 1) == 10


async def test_a_caller_that_goes_away_stops_neither_its_write_nor_others(
    journal: Journal, database: Database
) -> None:
    impatient = asyncio.create_task(journal.submit(keep, 1))
    patient = asyncio.create_task(journal.submit(keep, 2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 20
    assert impatient.cancelled()
    assert await kept(database) == [1, 2]


async def test_closing_writes_what_waits_and_takes_no_more(journal: Journal, database: Database) -> None:
    waiting = [asyncio.create_task(journal.submit(keep, n)) for n in range(1, 2 * AT_ONCE)]
    await asyncio.sleep(0)
    await journal.aclose()
    assert sorted(await asyncio.gather(*waiting)) == [n * 10 for n in range(1, 2 * AT_ONCE)]
    with pytest.raises(StoreError, match="closed"):
        await journal.submit(keep, 0)


async def test_a_writer_that_is_stopped_leaves_nobody_waiting(journal: Journal, database: Database) -> None:
    with open_lock(database, "t"):
        waiting = [asyncio.create_task(journal.submit(keep, n)) for n in (1, 2)]
        await asyncio.sleep(0)
        (writer,) = [task for task in asyncio.all_tasks() if "Journal._run" in repr(task.get_coro())]
        writer.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [StoreError, StoreError]
