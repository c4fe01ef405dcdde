"""Rows of which there is one for each key: written anew or over the old one, in one statement.

Deleting and inserting would collide where two processes do it at once.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """`values`: one for each column; the later writer's stay."""
    keys = [column.name for column in table.primary_key]
    changes = {name: value for name, value in values.items() if name not in keys}
    if connection.dialect.name == "sqlite":
        connection.execute(
            sqlite.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=changes)
        )
    else:
        connection.execute(
            postgresql.insert(table).values(values).on_conflict_do_update(index_elements=keys, set_=changes)
        )
