"""Which followers people answer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, update

from app.core.records import AuditEntry
from app.core.takeover import Reason, Takeover
from app.storage import trail
from app.storage.database import Database
from app.storage.schema import takeovers
from app.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class SqlTakeovers:
    database: Database

    async def takeovers(self, since: datetime) -> Sequence[Takeover]:
        query = select(takeovers).where(takeovers.c.last_at > since)
        return await self.database.read(
            lambda connection: [_takeover(row) for row in connection.execute(query)]
        )

    async def take(self, takeover: Takeover, audit: AuditEntry) -> None:
        """Taken twice, the later one counts."""

        def work(connection: Connection) -> None:
            upsert(connection, takeovers, _values(takeover))
            trail.append(connection, (audit,))

        await self.database.change(work)

    async def heard(self, takeover: Takeover) -> None:
        statement = (
            update(takeovers).where(_of(takeover.channel, takeover.user)).values(last_at=takeover.last_at)
        )
        await self.database.change(lambda connection: connection.execute(statement))

    async def hand_back(self, channel: str, user: str, audit: AuditEntry) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(takeovers).where(_of(channel, user)))
            trail.append(connection, (audit,))

        await self.database.change(work)


def _of(channel: str, user: str) -> Any:
    return and_(takeovers.c.channel == channel, takeovers.c.user_id == user)


def _values(takeover: Takeover) -> dict[str, object]:
    fields = asdict(takeover)
    user = fields.pop("user")
    return {**fields, "user_id": user, "reason": takeover.reason.value}


def _takeover(row: Row[Any]) -> Takeover:
    return Takeover(row.channel, row.user_id, Reason(row.reason), row.since, row.last_at)
