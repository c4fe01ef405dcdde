"""Another program at the records' file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from app.storage.database import Database


@contextmanager
def open_lock(database: Database) -> Iterator[None]:
    """Keep the records really locked against writing."""
    file = database.writer.url.database
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
