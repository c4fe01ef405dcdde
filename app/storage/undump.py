"""An archive of pg_dump restored into PostgreSQL in one transaction: all of it, proved, or nothing at all.

`pg_restore` writes the archive out as SQL; it is carried out here, on one connection, so that what was there
before goes and what was archived comes at once.
"""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.core.errors import ConfigError, StoreError
from app.storage import migrate, schema
from app.storage.dump import COPY, TAKES_S, program
from app.storage.engines import open_engine
from app.storage.failures import store_errors

T = TypeVar("T")

FUNCTIONS = (
    "audit_forget",
    "audit_refuse_new",
    "audit_anchor_moves",
    "audit_refuse",
    "pairs_of",
    "note_exchanges_change",
    "note_holds_change",
    "note_deliveries_change",
)
"""All that the migrations make beside tables."""
_MARGIN_S = 30.0
_LEAVES_WITHIN_S = 5.0
_LOOKS_EACH_S = 0.05
_PIECE = 1 << 20
_NOT_OURS = (b"\\", b"SET transaction_timeout")
"""psql's own commands; a setting that servers before 17 do not know."""

Grant = tuple[str, str, str]
"""Table, privilege, role."""


def restore_archive(url: str, archive: Path, settle_in: Callable[[Connection], T]) -> T:
    """Raises ConfigError (no pg_restore, records in use, a newer version's), StoreError."""
    pg_restore = program("pg_restore")
    for _ in _script(
        pg_restore, archive
    ):  # to its end: a damaged archive is found before anything is touched
        pass
    engine = open_engine(url, _MARGIN_S, statement_timeout_s=TAKES_S)
    try:
        with store_errors(), engine.connect() as connection, connection.begin():
            place: str = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
            _require_nobody(connection)
            grants = _grants(connection)
            _drop_ours(connection)
            _carry_out(connection, _script(pg_restore, archive))
            connection.exec_driver_sql(f"SET LOCAL search_path = {place}")
            migrate.require_records(connection)
            migrate.upgrade_on(connection)
            made = settle_in(connection)
            _grant(connection, grants)
            return made
    finally:
        engine.dispose()


def _script(pg_restore: str, archive: Path) -> Iterator[bytes]:
    """The archive as SQL, line by line. Raises StoreError where it cannot be read to its end."""
    options = ["--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--file=-", str(archive)]
    with subprocess.Popen(  # noqa: S603  # our own command
        [pg_restore, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reading:
        assert reading.stdout is not None
        yield from reading.stdout
    if reading.returncode:
        raise StoreError("the backup is damaged, or is none: pg_restore cannot read it")


def _carry_out(connection: Connection, lines: Iterable[bytes]) -> None:
    driver: Any = connection.connection.driver_connection
    statements: list[bytes] = []
    left = iter(lines)
    with driver.cursor() as cursor:
        for line in left:
            if COPY.match(line):
                _execute(cursor, statements)
                statements = []
                with cursor.copy(line.removesuffix(b";\n")) as copy:
                    for piece in _pieces(left):
                        copy.write(piece)
            elif not line.startswith(_NOT_OURS):
                statements.append(line)
        _execute(cursor, statements)


def _execute(cursor: Any, statements: Sequence[bytes]) -> None:
    script = b"".join(statements)
    if script.strip():
        cursor.execute(script)


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The rows of one table, up to the mark that ends them, many at once."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if line == b"\\.\n":
            yield b"".join(piece)
            return
        piece.append(line)
        size += len(line)
        if size > _PIECE:
            yield b"".join(piece)
            piece, size = [], 0
    raise StoreError("the backup is damaged: a table has no end")


# --- what was there before --------------------------------------------------------------------


def _require_nobody(connection: Connection) -> None:
    """Raises ConfigError where another process of ours is connected, and stays so.

    A session ends a moment after its process has gone: whoever stops the guards and restores at once
    is not refused for what is only on its way out.
    """
    patience_until = time.monotonic() + _LEAVES_WITHIN_S
    while _others(connection):
        if time.monotonic() > patience_until:
            raise ConfigError("the records are in use: stop every process of Shenyan first")
        time.sleep(_LOOKS_EACH_S)


def _others(connection: Connection) -> int:
    """How many other sessions of ours the database has now (a transaction remembers its first look)."""
    connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
    count: int = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'shenyan' AND pid <> pg_backend_pid()"
    ).scalar_one()
    return count


def _drop_ours(connection: Connection) -> None:
    """Everything of ours in this schema, tables of newer or older versions too."""
    there = connection.dialect.get_table_names(connection)
    ours = {*schema.metadata.tables, "alembic_version"}
    for table in (name for name in there if name in ours):
        connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
    for function in FUNCTIONS:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {function} CASCADE")


def _grants(connection: Connection) -> Sequence[Grant]:
    """What other roles may do to the tables that are there: as it was, so it stays."""
    return [
        tuple(row)
        for row in connection.exec_driver_sql(
            "SELECT c.relname, a.privilege_type, quote_ident(pg_get_userbyid(a.grantee)) "
            "FROM pg_class c, aclexplode(c.relacl) a "
            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
            "AND a.grantee <> c.relowner AND a.grantee <> 0"
        )
    ]


def _grant(connection: Connection, grants: Sequence[Grant]) -> None:
    there = set(connection.dialect.get_table_names(connection))
    for table in {table for table, _, _ in grants} & there:
        for role in {role for name, _, role in grants if name == table}:
            connection.exec_driver_sql(f'REVOKE ALL ON "{table}" FROM {role}')
    for table, privilege, role in grants:
        if table in there:
            connection.exec_driver_sql(f'GRANT {privilege} ON "{table}" TO {role}')
