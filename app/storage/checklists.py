"""Who has seen, and when, that the platform's own automatic replies are off. Only ever appended."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from app.core.checklist import Tick
from app.core.records import AuditEntry
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import checklist_ticks


@dataclass(frozen=True, slots=True)
class SqlChecklists:
    database: Database

    async def latest(self) -> Mapping[tuple[str, str], Tick]:
        """The last tick of each item, by channel and item."""
        newest = (
            select(
                checklist_ticks.c.channel, checklist_ticks.c.item, func.max(checklist_ticks.c.at).label("at")
            )
            .group_by(checklist_ticks.c.channel, checklist_ticks.c.item)
            .subquery()
        )
        query = (
            select(checklist_ticks)
            .join(
                newest,
                (checklist_ticks.c.channel == newest.c.channel)
                & (checklist_ticks.c.item == newest.c.item)
                & (checklist_ticks.c.at == newest.c.at),
            )
            .order_by(checklist_ticks.c.id)
        )
        found = await self.database.read(lambda connection: connection.execute(query).all())
        return {(row.channel, row.item): _tick(row) for row in found}

    async def sign(self, ticks: Sequence[Tick], audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(insert(checklist_ticks), [asdict(one) for one in ticks])
            trail.append(connection, (audit,))

        await self.database.change(work)


def _tick(row: Row[Any]) -> Tick:
    return Tick(**row._asdict())
