"""How far the platform's lists were looked through, and what of ours to compare them with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from app.core import canary
from app.core.records import DeliveryState
from app.core.shown import Said
from app.storage.database import Database
from app.storage.records import delivery_of, exchange_of
from app.storage.schema import deliveries, exchanges, watch_marks

_MAY_HAVE_LEFT = (
    DeliveryState.DELIVERED.value,
    DeliveryState.UNCERTAIN.value,
    DeliveryState.SENDING.value,
)


@dataclass(frozen=True, slots=True)
class Mark:
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SqlWatching:
    database: Database

    async def mark(self, channel: str, name: str) -> Mark | None:
        query = select(watch_marks.c.value, watch_marks.c.at).where(
            watch_marks.c.channel == channel, watch_marks.c.name == name
        )
        row = await self.database.read(lambda connection: connection.execute(query).one_or_none())
        return Mark(row.value, row.at) if row is not None else None

    async def put(self, channel: str, name: str, value: str, at: datetime) -> None:
        def work(connection: Connection) -> None:
            same = (watch_marks.c.channel == channel, watch_marks.c.name == name)
            connection.execute(delete(watch_marks).where(*same))
            connection.execute(
                insert(watch_marks), {"channel": channel, "name": name, "value": value, "at": at}
            )

        await self.database.change(work)

    async def said(self, channel: str, first: datetime, last: datetime) -> Sequence[Said]:
        """What left, or may have left, between the two: passive answers and deliveries."""
        at = func.coalesce(deliveries.c.finished_at, deliveries.c.leased_until)
        sent = (
            select(deliveries, exchanges.c.message, exchanges.c.raw)
            .join(exchanges, exchanges.c.id == deliveries.c.exchange_id)
            .where(
                deliveries.c.channel == channel,
                deliveries.c.state.in_(_MAY_HAVE_LEFT),
                at >= first,
                at <= last,
            )
        )
        answered = select(exchanges).where(
            exchanges.c.channel == channel,
            exchanges.c.answer.is_not(None),
            exchanges.c.finished_at >= first,
            exchanges.c.finished_at <= last,
        )

        def work(connection: Connection) -> Sequence[Said]:
            found = [
                Said(one.user, one.finished_at or one.leased_until or one.created_at, one.reply)
                for one in map(delivery_of, connection.execute(sent))
            ]
            return found + [
                Said(one.message.user, one.finished_at, one.answer)
                for one in map(exchange_of, connection.execute(answered))
                if one.answer is not None and one.finished_at is not None
            ]

        return await self.database.read(work)

    async def last_canary(self, channel: str, users: Sequence[str]) -> datetime | None:
        """When a test message last came through the webhook."""
        query = select(func.max(exchanges.c.received_at)).where(
            exchanges.c.channel == channel, exchanges.c.user_id.in_(users), exchanges.c.bot == canary.BOT
        )
        found: datetime | None = await self.database.read(
            lambda connection: connection.execute(query).scalar()
        )
        return found
