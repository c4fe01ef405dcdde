"""Passes work orders on to the configured webhook, until it has them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.errors import PostError, StoreError
from app.core.records import WorkOrder, WorkOrderState
from app.ports import Clock, Coordinator, Observer, WorkOrders
from app.service.review import WORK_ORDERS_TOPIC

Post = Callable[[WorkOrder], Awaitable[None]]
"""Returns when the other side has it. Raises PostError."""

LEASE = timedelta(seconds=60)
"""Longer than one post with its time-outs."""
BATCH = 20
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    work_orders: WorkOrders
    post: Post
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    every_s: float = 5.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                self.observer.failed("dispatcher", error)
            await self.coordinator.wait(WORK_ORDERS_TOPIC, self.every_s)

    async def run_once(self) -> None:
        for order in await self.work_orders.take(self.clock(), LEASE, BATCH):
            try:
                await self.post(order)
            except PostError as error:
                self.observer.failed("dispatcher", error, hold=order.hold_id)
                await self.work_orders.mark(self._again(order, str(error)))
            else:
                await self.work_orders.mark(replace(order, state=WorkOrderState.SENT, next_at=None, why=""))

    def _again(self, order: WorkOrder, why: str) -> WorkOrder:
        """After 10 s, 20 s, 40 s, ... an hour; then it waits for a person."""
        if order.attempts >= MOST_ATTEMPTS:
            return replace(order, state=WorkOrderState.FAILED, next_at=None, why=why)
        wait = min(timedelta(seconds=10) * 2 ** (order.attempts - 1), LONGEST_WAIT)
        return replace(order, next_at=self.clock() + wait, why=why)
