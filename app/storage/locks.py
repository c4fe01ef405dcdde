"""Row locks, taken in one order by everybody."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select


def take(connection: Connection, key: ColumnElement[str], wanted: Sequence[str]) -> None:
    """Lock the rows of several items before the first is written: each of them goes on to lock the end of the
    audit chain, and two processes with the same rows in another order would wait for each other crosswise.

    SQLite has one writer; a single row is locked by who reads it.
    """
    if len(wanted) > 1 and connection.dialect.name != "sqlite":
        connection.execute(
            select(key).where(key.in_(sorted(set(wanted)))).order_by(key).with_for_update()
        ).all()
