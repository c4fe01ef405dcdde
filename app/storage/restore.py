"""Records restored from a backup: proved before anything is touched, put in place in one step, audited.

What was under way when the backup was made may have left since: such deliveries wait for a person. Whoever
was signed in is not any more.
"""

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update

from app.core.errors import ConfigError, StoreError
from app.core.records import AuditEntry, DeliveryState
from app.storage import archive_files, migrate, schema, trail
from app.storage.backup import WAITS_S, prove
from app.storage.engines import open_engine
from app.storage.failures import described, store_errors
from app.storage.folders import make_folder, sync
from app.storage.location import sqlite_file
from app.storage.undump import restore_archive

RESTORED = "records.restore"
_NO_RECORDS = (
    *(schema.audit_head, schema.audit_anchor, schema.pulse, schema.compatibility),  # of one row, never empty
    schema.replicas,  # a guard that was killed leaves its row
    *(schema.counted_days, schema.day_changes, schema.day_figures),  # counted from the others
)
_UNSENT = tuple(
    state.value for state in (DeliveryState.QUEUED, DeliveryState.RETRYING, DeliveryState.SENDING)
)


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants which backup restored, and when."""

    archive: Path
    actor: str
    at: datetime
    replace: bool


@dataclass(frozen=True, slots=True)
class Restored:
    exchanges: int
    holds: int
    deliveries: int
    audit: int
    """As they were in the backup."""
    doubtful: int
    """Deliveries that may have left since; a person decides."""


def rows_there(url: str) -> int:
    """How many exchanges, holds, audit entries, ... there are at `url`; 0: empty records, or none.

    Raises ConfigError, StoreError.
    """
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        return 0
    engine = open_engine(url, WAITS_S, read_only=True, statement_timeout_s=600)
    try:
        with store_errors(), engine.connect() as connection:
            return count_rows(connection)
    finally:
        engine.dispose()


def count_rows(connection: Connection) -> int:
    there = set(connection.dialect.get_table_names(connection))
    return sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in schema.metadata.sorted_tables
        if table.name in there and table not in _NO_RECORDS
    )


def restore(url: str, order: Order) -> Restored:
    """Put a backup in the place of the records.

    Raises ConfigError (no such backup, records that are not empty or in use), StoreError (a damaged backup).
    """
    if not order.archive.is_file():
        raise ConfigError(f"there is no backup at {order.archive}")
    try:
        if not order.replace and (count := rows_there(url)):
            raise ConfigError(
                f"the records are not empty ({count} rows): --replace puts the backup in their place"
            )
        file = sqlite_file(url)
        if file is not None:
            return _restore_file(file, order)
        return restore_archive(url, order.archive, partial(settle_in, order=order))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the restore failed: {described(error)}") from error


def settle_in(connection: Connection, order: Order) -> Restored:
    """Prove what was restored, and write down that it was. Raises StoreError."""
    trail.prove(connection)
    counts = {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in (schema.exchanges, schema.holds, schema.deliveries, schema.audit)
    }
    doubtful = connection.execute(
        update(schema.deliveries)
        .where(schema.deliveries.c.state.in_(_UNSENT))
        .values(state=DeliveryState.UNCERTAIN.value, next_at=None, leased_until=None, why="restored")
    ).rowcount
    connection.execute(delete(schema.sessions))
    connection.execute(delete(schema.replicas))
    made = Restored(**counts, doubtful=doubtful)
    said: Mapping[str, object] = {
        "file": order.archive.name,
        "sha256": archive_files.digest(order.archive),
        **asdict(made),
    }
    entry = AuditEntry(order.at, order.actor, RESTORED, "records", after=json.dumps(said, ensure_ascii=False))
    trail.append(connection, [entry])
    return made


# --- SQLite -----------------------------------------------------------------------------------


def _restore_file(target: Path, order: Order) -> Restored:
    """Everything happens to a copy beside the records, which takes their place when it is whole."""
    make_folder(target.parent, 0o777)
    unproved = target.with_name(f"{target.name}.unproved")
    try:
        unproved.unlink(missing_ok=True)
        unproved.touch(mode=0o600)
        shutil.copyfile(order.archive, unproved)
        copy = f"sqlite:///{unproved}"
        _require_records(copy)
        migrate.upgrade(copy)  # a backup of an older version; a newer one is refused
        prove(unproved)
        engine = open_engine(copy, WAITS_S)
        try:
            with store_errors(), engine.begin() as connection:
                made = settle_in(connection, order)
        finally:
            engine.dispose()
        _make_one_file(unproved)
        with closing(_nobody_at(target)):
            sync(unproved)
            _remove_logs(target)
            unproved.rename(target)
            sync(target.parent)
        return made
    finally:
        unproved.unlink(missing_ok=True)
        _remove_logs(unproved)


def _require_records(copy: str) -> None:
    """Raises ConfigError: an empty file is a sound database too, and would become empty records."""
    engine = open_engine(copy, WAITS_S, read_only=True)
    try:
        with store_errors(), engine.connect() as connection:
            migrate.require_records(connection)
    finally:
        engine.dispose()


def _remove_logs(path: Path) -> None:
    """What was to be carried out on the file that had this name, and not on the next one. Where the records
    could be opened, SQLite has taken these away itself."""
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _make_one_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = DELETE")


def _nobody_at(target: Path) -> sqlite3.Connection:
    """The old records, which nobody else has open and nobody opens while this is held. Raises ConfigError.

    Leaving WAL is only granted to the sole connection, and takes the two files beside the records away.
    """
    held = sqlite3.connect(target, timeout=0.5, isolation_level=None)
    try:
        held.execute("PRAGMA journal_mode = DELETE")
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        raise ConfigError("the records are in use: stop every process of Shenyan first") from error
    except sqlite3.DatabaseError:
        held.close()  # no database (any more): nobody can be using it
        return sqlite3.connect(":memory:")
    return held
