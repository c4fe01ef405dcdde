"""Texts that other systems handed in, with what became of them and of telling it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from app.core.errors import Conflict, NotFound
from app.core.manuscripts import Manuscript
from app.core.records import AuditEntry, Callback, Exchange, Hold, PostState
from app.ports import Page
from app.storage import exchanges, holds, trail
from app.storage.columns import storable
from app.storage.database import Database
from app.storage.outbox import SqlOutbox
from app.storage.paging import SortKey, page
from app.storage.schema import callbacks
from app.storage.schema import exchanges as exchange_rows
from app.storage.schema import holds as hold_rows

_LATEST_FIRST = (
    SortKey(callbacks.c.created_at, descending=True),
    SortKey(callbacks.c.hold_id, descending=True),
)


@dataclass(frozen=True, slots=True)
class SqlCallbacks(SqlOutbox[Callback]):
    table: Table = callbacks
    kind: type[Callback] = Callback


@dataclass(frozen=True, slots=True)
class SqlManuscripts:
    database: Database
    _outbox: SqlCallbacks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_outbox", SqlCallbacks(self.database))

    async def manuscript(self, exchange_id: str) -> Manuscript:
        return await self.database.read(lambda connection: self._whole(connection, exchange_id))

    async def key_elsewhere(self, channel: str, channels: Sequence[str], key: str) -> bool:
        query = (
            select(exchange_rows.c.id)
            .where(
                exchange_rows.c.channel.in_([one for one in channels if one != channel]),
                exchange_rows.c.message_key == storable(key),
            )
            .limit(1)
        )
        return await self.database.read(lambda connection: connection.execute(query).first() is not None)

    async def decided(
        self,
        token: str,
        states: Sequence[PostState],
        channels: Sequence[str] | None,
        after: str,
        limit: int,
    ) -> Page[Manuscript]:
        query = select(callbacks).where(
            callbacks.c.token == token, callbacks.c.state.in_([state.value for state in states])
        )
        if channels is not None:
            query = query.where(callbacks.c.channel.in_(channels))

        def work(connection: Connection) -> Page[Manuscript]:
            found = page(connection, query, _LATEST_FIRST, after, limit, _exchange_id)
            return Page(tuple(self._whole(connection, one) for one in found.items), found.next)

        return await self.database.read(work)

    async def tell_again(self, hold_id: str, now: datetime, audit: AuditEntry) -> None:
        statement = (
            update(callbacks)
            .where(callbacks.c.hold_id == hold_id, callbacks.c.state != PostState.QUEUED.value)
            .values(state=PostState.QUEUED.value, attempts=0, next_at=now, why="")
        )

        def work(connection: Connection) -> None:
            if connection.execute(statement).rowcount != 1:
                raise Conflict("its callback is on its way", state=PostState.QUEUED.value)
            trail.append(connection, (audit,))

        await self.database.change(work)

    def _whole(self, connection: Connection, exchange_id: str) -> Manuscript:
        """Raises NotFound."""
        exchange: Exchange = exchanges.one(connection, exchange_rows.c.id == exchange_id)
        if not exchange.message.submitted:
            raise NotFound("there is no such manuscript")
        return Manuscript(exchange, _hold(connection, exchange_id), self._callback(connection, exchange_id))

    def _callback(self, connection: Connection, exchange_id: str) -> Callback | None:
        query = select(callbacks).where(callbacks.c.exchange_id == exchange_id)
        row = connection.execute(query).one_or_none()
        return self._outbox.item_of(row) if row else None


def _hold(connection: Connection, exchange_id: str) -> Hold | None:
    query = select(hold_rows.c.id).where(hold_rows.c.exchange_id == exchange_id)
    hold_id = connection.execute(query).scalar_one_or_none()
    return None if hold_id is None else holds.one(connection, hold_id)


def _exchange_id(row: Row[Any]) -> str:
    return str(row.exchange_id)
