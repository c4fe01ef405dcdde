"""Connections and transactions: one writer, a few readers beside it, each in a thread of its own.

A transaction is one function over a plain connection and one trip to its thread. Through an async driver
every single statement would be several trips: measured at four times the latency of a lone write.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from app.core.errors import ConfigError, StoreError

T = TypeVar("T")


class NoTransaction(Exception):
    """A transaction could not be begun (locked, away, read-only) or not be committed (full, away)."""


class Database:
    def __init__(self, url: str, busy_timeout_s: float, readers: int = 2) -> None:
        """Opens nothing yet. Raises ConfigError for a URL that cannot be used."""
        self.writer = open_engine(url, busy_timeout_s, size=1)
        self.reader = open_engine(url, busy_timeout_s, size=readers, read_only=True)
        self._writing = ThreadPoolExecutor(1, "records-writer")
        self._reading = ThreadPoolExecutor(readers, "records-reader")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; durable when this returns.

        Raises NoTransaction; whatever `work` raises, after a rollback.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writing, _transact, self.writer, work)

    async def change(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for those who need no way to tell a lost transaction from another failure.

        Raises StoreError; IntegrityError where the records refuse a value; what `work` itself raises.
        """
        try:
            return await self.write(work)
        except NoTransaction as error:
            raise StoreError(str(error)) from error
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StoreError(described(error)) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent view of the records. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, _look, self.reader, work)

    async def aclose(self) -> None:
        """Waits for what is running."""
        for threads, engine in ((self._reading, self.reader), (self._writing, self.writer)):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with _no_transaction():
        connection = engine.connect()
    with connection:
        with _no_transaction():
            transaction = connection.begin()
        with transaction:
            result = work(connection)
            try:
                transaction.commit()
            except SQLAlchemyError as error:
                connection.invalidate()  # a commit that failed may have left its transaction open
                raise NoTransaction(described(error)) from error
        return result


@contextmanager
def _no_transaction() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise NoTransaction(described(error)) from error


def _look(engine: Engine, work: Callable[[Connection], T]) -> T:
    with store_errors(), engine.connect() as connection:
        return work(connection)


# --- engines ----------------------------------------------------------------------------------


def open_engine(url: str, busy_timeout_s: float, *, size: int = 1, read_only: bool = False) -> Engine:
    """An engine with `size` connections. Raises ConfigError."""
    parsed = database_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            parsed,
            pool_size=size,
            max_overflow=0,
            hide_parameters=True,  # an error text must not quote what people wrote
            connect_args={"timeout": busy_timeout_s} if sqlite else {},
        )
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"storage.url: {type(error).__name__}: no such database driver") from error
    if engine.dialect.is_async:
        raise ConfigError(
            f"storage.url: {parsed.drivername} is an async driver; use one without, like psycopg"
        )
    if sqlite:
        event.listen(engine, "connect", _read_only if read_only else _read_and_write)
        event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


def database_url(url: str) -> URL:
    """The URL as SQLAlchemy sees it. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise ConfigError("storage.url: no database URL, like sqlite:///var/shenyan.db") from error
    if parsed.get_backend_name() != "sqlite":
        return parsed
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("storage.url: records need a file, like sqlite:///var/shenyan.db")
    return parsed.set(drivername="sqlite")


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None for a database server."""
    parsed = database_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _read_and_write(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # WAL's usual NORMAL may lose the newest commits
    connection.execute("PRAGMA foreign_keys = ON")


def _read_only(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


# --- errors -----------------------------------------------------------------------------------


@contextmanager
def store_errors() -> Iterator[None]:
    """Turns the database's errors into StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(described(error)) from error


def described(error: BaseException) -> str:
    """The database's own code for it, never its text: that may quote what people wrote."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return f"the records failed: {code or type(original).__name__}"
