"""Work orders: written with the decision they come from, then passed on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.core.records import WorkOrder, WorkOrderState
from app.storage.database import Database
from app.storage.schema import work_orders


@dataclass(frozen=True, slots=True)
class SqlWorkOrders:
    database: Database

    async def work_order(self, hold_id: str) -> WorkOrder | None:
        query = select(work_orders).where(work_orders.c.hold_id == hold_id)
        row = await self.database.read(lambda connection: connection.execute(query).one_or_none())
        return _order(row) if row else None

    async def take(self, now: datetime, lease: timedelta, limit: int) -> Sequence[WorkOrder]:
        query = (
            select(work_orders)
            .where(work_orders.c.state == WorkOrderState.QUEUED.value, work_orders.c.next_at <= now)
            .order_by(work_orders.c.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

        def work(connection: Connection) -> list[WorkOrder]:
            taken = [
                replace(order, attempts=order.attempts + 1, next_at=now + lease)
                for order in map(_order, connection.execute(query))
            ]
            for order in taken:
                _write(connection, order)
            return taken

        return await self.database.change(work)

    async def mark(self, order: WorkOrder) -> None:
        await self.database.change(lambda connection: _write(connection, order))


def _write(connection: Connection, order: WorkOrder) -> None:
    changes = {name: asdict(order)[name] for name in ("state", "attempts", "next_at", "why")}
    connection.execute(update(work_orders).where(work_orders.c.hold_id == order.hold_id), changes)


def _order(row: Row[Any]) -> WorkOrder:
    fields = dict(row._mapping)
    return WorkOrder(state=WorkOrderState(fields.pop("state")), **fields)
