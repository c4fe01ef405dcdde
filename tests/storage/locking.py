"""Another program at the records."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from app.storage.database import Database


@contextmanager
def open_lock(database: Database, table: str = "pulse") -> Iterator[None]:
    """Keep the records really locked against writing: an SQLite file as a whole, on PostgreSQL `table`."""
    url = database.writer.url
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        with closing(sqlite3.connect(url.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()
