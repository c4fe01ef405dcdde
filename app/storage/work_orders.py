"""Work orders: written with the decision they come from, then passed on."""

from dataclasses import dataclass

from sqlalchemy import Table, select

from app.core.records import WorkOrder
from app.storage.outbox import SqlOutbox
from app.storage.schema import work_orders


@dataclass(frozen=True, slots=True)
class SqlWorkOrders(SqlOutbox[WorkOrder]):
    table: Table = work_orders
    kind: type[WorkOrder] = WorkOrder

    async def work_order(self, hold_id: str) -> WorkOrder | None:
        query = select(work_orders).where(work_orders.c.hold_id == hold_id)
        row = await self.database.read(lambda connection: connection.execute(query).one_or_none())
        return self.item_of(row) if row else None
