"""What is posted, signed, to other systems: taken by one worker at a time until the other side has it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic

from sqlalchemy import Connection, Row, Table, select, update

from app.core.records import AuditEntry, PostState
from app.ports import Posted
from app.storage import trail
from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class SqlOutbox(Generic[Posted]):
    database: Database
    table: Table
    """Keyed by `hold_id`."""
    kind: type[Posted]

    async def take(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Posted]:
        columns = self.table.c
        query = (
            select(self.table)
            .where(columns.state == PostState.QUEUED.value, columns.next_at <= now)
            .order_by(columns.next_at, columns.created_at, columns.hold_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

        def work(connection: Connection) -> list[Posted]:
            taken = [
                replace(item, attempts=item.attempts + 1, next_at=now + lease)
                for item in map(self.item_of, connection.execute(query))
            ]
            for item in taken:
                self._write(connection, item, item.attempts - 1)
            return taken

        return await self.database.change(work)

    async def mark(self, item: Posted, audit: AuditEntry | None = None) -> None:
        def work(connection: Connection) -> None:
            if self._write(connection, item, item.attempts) and audit is not None:
                trail.append(connection, (audit,))

        await self.database.change(work)

    def _write(self, connection: Connection, item: Posted, attempts: int) -> bool:
        """False: who slept through the lease has nothing to say."""
        columns, fields = self.table.c, asdict(item)
        changes = {name: fields[name] for name in ("state", "attempts", "next_at", "why")}
        where = (columns.hold_id == item.hold_id, columns.attempts == attempts)
        return connection.execute(update(self.table).where(*where), changes).rowcount == 1

    def item_of(self, row: Row[Any]) -> Posted:
        fields = dict(row._mapping)
        return self.kind(state=PostState(fields.pop("state")), **fields)
