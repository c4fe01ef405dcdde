"""What the records' connections are set to, and which URLs they can be had from."""

from pathlib import Path

import pytest

from app.core.errors import ConfigError, StoreError
from app.storage.database import Database
from app.storage.engines import open_engine
from app.storage.failures import NoTransaction
from app.storage.location import database_url, sqlite_file
from app.storage.sql import SqlStore


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:///var/x.db", id="plain"),
        pytest.param("sqlite:///var/x.db", id="with an async driver, which is not needed"),
        pytest.param("sqlite+pysqlite:///var/x.db", id="with its own driver"),
    ],
)
def test_an_sqlite_url_names_a_file(url: str) -> None:
    assert sqlite_file(url) == Path("var/x.db")
    assert database_url(url).drivername == "sqlite"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("var/x.db", "no database URL", id="a path"),
        pytest.param("", "no database URL", id="nothing"),
        pytest.param("postgresql://u:p@h:port/d", "no database URL", id="a port that is no number"),
        pytest.param("sqlite://", "need a file", id="in memory, which forgets"),
        pytest.param("sqlite:///:memory:", "need a file", id="in memory, spelled out"),
        pytest.param("oracledb7://h/d", "no such database driver", id="a database we do not know"),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        open_engine(url, 1.0)


async def test_the_writer_is_durable_and_checks_references(store: SqlStore) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 50}
    found = await store.database.write(
        lambda connection: {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas
        }
    )
    assert found == pragmas


async def test_a_reader_cannot_write(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="READONLY"):
        await store.database.read(lambda connection: connection.exec_driver_sql("UPDATE pulse SET beat = 0"))


async def test_a_reader_sees_one_moment_while_the_writer_goes_on(store: SqlStore, url: str) -> None:
    beat = "SELECT beat FROM pulse"
    await store.ping()
    with store.database.reader.connect() as connection:
        before = connection.exec_driver_sql(beat).scalar_one()
        await store.ping()
        assert connection.exec_driver_sql(beat).scalar_one() == before
    assert await store.database.read(lambda c: c.exec_driver_sql(beat).scalar_one()) == before + 1


async def test_a_failed_transaction_leaves_nothing(store: SqlStore) -> None:
    def fail(connection: object) -> None:
        connection.exec_driver_sql("UPDATE pulse SET beat = 99")  # type: ignore[attr-defined]
        raise LookupError

    with pytest.raises(LookupError):
        await store.database.write(fail)
    assert await store.database.read(lambda c: c.exec_driver_sql("SELECT beat FROM pulse").scalar_one()) == 0


async def test_where_there_is_no_file_there_is_no_transaction(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/records.db", 0.1)
    with pytest.raises(NoTransaction, match="SQLITE_CANTOPEN"):
        await database.write(lambda _: None)
    with pytest.raises(StoreError, match="SQLITE_CANTOPEN"):
        await database.read(lambda _: None)
    await database.aclose()
