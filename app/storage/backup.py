"""A copy of the records while they are in use, proved to be readable before it gets its name."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from app.core.errors import ConfigError, StoreError
from app.storage import schema, trail
from app.storage.dump import dump
from app.storage.engines import open_engine
from app.storage.failures import described, store_errors
from app.storage.folders import sync
from app.storage.location import sqlite_file

WAITS_S = 30.0
"""How long a locked database is waited for."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a finished copy holds: numbers of rows."""

    path: Path
    exchanges: int
    holds: int
    deliveries: int
    audit: int


def backup(url: str, target: Path) -> Backup:
    """Copy the records to a new file `target`, verified. An existing file is never overwritten.

    An SQLite file's copy is one; a server's is an archive for pg_restore.
    Raises ConfigError (target exists, no pg_dump), StoreError (cannot be copied or fails the proof).
    """
    source = sqlite_file(url)
    if source is not None and not source.is_file():
        raise ConfigError("there are no records to back up at storage.url")
    if target.exists():
        raise ConfigError(f"{target} is there already; name a new file")
    unproved = target.with_name(f"{target.name}.unproved")
    try:
        try:
            _make_private(unproved)
            if source is None:
                proved = dump(url, unproved, WAITS_S)
            else:
                _copy(source, unproved)
                proved = prove(unproved)
            _keep(unproved, target)
        finally:
            unproved.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the backup failed: {described(error)}") from error
    return Backup(target, **proved)


def _make_private(unproved: Path) -> None:
    unproved.unlink(missing_ok=True)
    unproved.touch(mode=0o600)


def _copy(source: Path, unproved: Path) -> None:
    with (
        closing(sqlite3.connect(source, timeout=WAITS_S)) as records,
        closing(sqlite3.connect(unproved)) as copy,
    ):
        records.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def prove(unproved: Path) -> dict[str, int]:
    """Row counts, once structure, references and audit chain were found whole. Raises StoreError."""
    engine = open_engine(f"sqlite:///{unproved}", WAITS_S, read_only=True)
    try:
        with store_errors(), engine.connect() as connection:
            _check(connection)
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (schema.exchanges, schema.holds, schema.deliveries, schema.audit)
            }
    finally:
        engine.dispose()


def _check(connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    if found != "ok":
        raise StoreError("the copy is damaged: PRAGMA integrity_check says so")
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise StoreError("the copy is damaged: a hold or delivery has lost its exchange")
    trail.prove(connection)


def _keep(unproved: Path, target: Path) -> None:
    """Give the copy its name, durably."""
    sync(unproved)
    unproved.rename(target)
    sync(target.parent)
