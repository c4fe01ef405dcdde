"""A backup of PostgreSQL records: pg_dump's archive, read back and compared, row by row, with what it was
made from."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from app.core.errors import ConfigError, StoreError
from app.storage import schema, trail
from app.storage.engines import open_engine
from app.storage.failures import store_errors
from app.storage.location import database_url

TAKES_S = 4 * 3_600.0
"""The longest backup."""
_COUNTED = (schema.exchanges, schema.holds, schema.deliveries, schema.audit)
COPY = re.compile(rb"COPY (?:\w+\.)?\"?(\w+)\"? \(.*\) FROM stdin;\n")


def dump(url: str, unproved: Path, waits_s: float) -> dict[str, int]:
    """Write an archive to `unproved` and prove it; how many rows it holds of each of the four tables.

    Raises ConfigError where there is no pg_dump, StoreError.
    """
    programs = [program("pg_dump"), program("pg_restore")]
    engine = open_engine(url, waits_s, read_only=True, statement_timeout_s=TAKES_S)
    try:
        with store_errors(), engine.connect() as connection:
            # The rows, the chain and the archive are of this one moment, whatever is written meanwhile.
            moment = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            trail.prove(connection)
            wanted = _of_the_server(connection)
            _run([programs[0], "--format=custom", f"--snapshot={moment}", f"--file={unproved}"], engine, url)
    finally:
        engine.dispose()
    _prove(programs[1], unproved, wanted)
    return {table.name: wanted[table.name].rows for table in _COUNTED}


def program(name: str) -> str:
    """Where it is. Raises ConfigError."""
    found = shutil.which(name)
    if found is None:
        raise ConfigError(
            f"{name} is not on this machine: install PostgreSQL's client programs (postgresql-client, not "
            "older than the server), or back the server up by itself (pg_basebackup and its archived log, "
            "for any moment)"
        )
    return found


def _run(command: Sequence[str], engine: Engine, url: str) -> None:
    from psycopg.conninfo import make_conninfo

    _, arguments = engine.dialect.create_connect_args(database_url(url))
    arguments.pop("context", None)  # the driver's own, nothing of libpq's
    password = arguments.pop("password", None)  # the command line is for everybody to read
    done = subprocess.run(  # noqa: S603  # our own command
        [*command, "--no-password", f"--dbname={make_conninfo(**arguments)}"],
        env={**os.environ, "LC_ALL": "C", "PGTZ": "UTC", **({"PGPASSWORD": password} if password else {})},
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        return
    said = done.stderr.decode(errors="replace")
    if "version mismatch" in said:
        raise StoreError(
            "the backup failed: pg_dump is older than the server; install the server's version of it"
        )
    raise StoreError(f"the backup failed: pg_dump ended with {done.returncode}")


@dataclass(slots=True)
class _Fingerprint:
    """Of a table's rows as COPY writes them, in whatever order they come."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(sha256(line).digest())) % 2**256


def _of_the_server(connection: Connection) -> dict[str, _Fingerprint]:
    driver: Any = connection.connection.driver_connection
    found: dict[str, _Fingerprint] = {}
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL extra_float_digits = 3")  # as pg_dump sets it
        there = set(connection.dialect.get_table_names(connection))  # fewer, before an upgrade
        for table in (name for name in schema.metadata.tables if name in there):
            found[table] = _Fingerprint()
            with cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
                for row in rows:
                    found[table].add(bytes(row))
    return found


def _of_the_archive(lines: Iterable[bytes]) -> dict[str, _Fingerprint]:
    found: dict[str, _Fingerprint] = {}
    table = ""
    for line in lines:
        if not table:
            if copy := COPY.match(line):
                table = copy[1].decode()
                found[table] = _Fingerprint()
        elif line == b"\\.\n":
            table = ""
        else:
            found[table].add(line)
    return found


def _prove(pg_restore: str, archive: Path, wanted: Mapping[str, _Fingerprint]) -> None:
    """Read the whole archive back. Raises StoreError."""
    with subprocess.Popen(  # noqa: S603  # our own command
        [pg_restore, "--file=-", str(archive)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reading:
        assert reading.stdout is not None
        found = _of_the_archive(reading.stdout)
    if reading.returncode:
        raise StoreError("the copy is damaged: pg_restore cannot read it")
    if any(found.get(table) != fingerprint for table, fingerprint in wanted.items()):
        raise StoreError("the copy is damaged: it does not hold what the records hold")
