"""Stopped channels, each with who stopped it and why; written with its audit row or not at all."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from app.core.records import AuditEntry, Stop
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import stops
from app.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class SqlSwitches:
    database: Database

    async def stops(self) -> Sequence[Stop]:
        return await self.database.read(
            lambda connection: [Stop(**row._mapping) for row in connection.execute(select(stops))]
        )

    async def stop(self, stop: Stop, audit: AuditEntry) -> None:
        """Stopped twice, the later one counts."""

        def work(connection: Connection) -> None:
            upsert(connection, stops, asdict(stop))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def resume(self, channel: str, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(stops).where(stops.c.channel == channel))
            trail.append(connection, (audit,))

        await self.database.change(work)
