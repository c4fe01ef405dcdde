"""Engines: how each kind of database is opened and what its connections are set to."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import ConfigError
from app.storage import postgres
from app.storage.location import database_url
from app.storage.pairs import pairs_of
from app.storage.postgres import Limits


def open_engine(
    url: str,
    busy_timeout_s: float,
    *,
    size: int = 1,
    read_only: bool = False,
    statement_timeout_s: float | None = None,
) -> Engine:
    """An engine with `size` connections; nothing is opened yet. Raises ConfigError.

    `statement_timeout_s` (PostgreSQL): the longest for one statement; None: twice what a lock is waited for.
    """
    parsed = database_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    limits = Limits(busy_timeout_s, statement_timeout_s or 2 * busy_timeout_s)
    try:
        engine = create_engine(
            parsed,
            pool_size=size,
            max_overflow=0,
            hide_parameters=True,  # an error text must not quote what people wrote
            connect_args={"timeout": busy_timeout_s} if sqlite else postgres.connect_args(parsed, limits),
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
    elif engine.dialect.driver == "psycopg":
        postgres.set_up(engine, limits, read_only=read_only)
    else:
        raise ConfigError(
            f"storage.url: {parsed.drivername}: the records need SQLite or PostgreSQL (psycopg)"
        )
    return engine


def _read_and_write(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # WAL's usual NORMAL may lose the newest commits
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = ON")  # some builds let no trigger call a function of ours
    connection.create_function("pairs_of", 1, pairs_of, deterministic=True)


def _read_only(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
