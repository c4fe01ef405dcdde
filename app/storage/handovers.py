"""Handover sheets, each with its audit row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from app.core.errors import Conflict
from app.core.records import AuditEntry, Handover
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import handovers


@dataclass(frozen=True, slots=True)
class SqlHandovers:
    database: Database

    async def handovers(self, limit: int) -> Sequence[Handover]:
        query = select(handovers).order_by(handovers.c.written_at.desc(), handovers.c.id.desc()).limit(limit)
        return await self.database.read(
            lambda connection: [Handover(**row._mapping) for row in connection.execute(query)]
        )

    async def write(self, handover: Handover, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(handovers), asdict(handover))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def take_over(self, handover_id: str, by: str, at: datetime, audit: AuditEntry) -> None:
        """Raises Conflict."""
        statement = (
            update(handovers)
            .where(handovers.c.id == handover_id, handovers.c.to_user == by, handovers.c.taken_at.is_(None))
            .values(taken_at=at)
        )

        def work(connection: Connection) -> None:
            if connection.execute(statement).rowcount != 1:
                raise Conflict("the handover does not wait for you")
            trail.append(connection, (audit,))

        await self.database.change(work)
