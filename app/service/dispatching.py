"""Posts work orders and callbacks, signed, to the systems they are for, until these have them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic

from app.core.errors import PostError, StoreError
from app.core.records import AuditEntry, PostState
from app.ports import Clock, Coordinator, Observer, Outbox, Posted
from app.service import topics
from app.service.sweeper import SYSTEM

LEASE = timedelta(seconds=60)
"""Longer than one post with its time-outs; those of a batch go out side by side."""
BATCH = 8
"""The connections are shared with citizens' deliveries, and the other side may hang."""
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Dispatcher(Generic[Posted]):
    outbox: Outbox[Posted]
    post: Callable[[Posted], Awaitable[None]]
    """Returns when the other side has it. Raises PostError."""
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    every_s: float = 5.0
    topic: str = topics.WORK_ORDERS
    given_up: str = "work-order.give-up"
    """The audit trail's name for it."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
            except Exception as error:  # nobody would see that the worker is gone
                self.observer.failed("dispatcher", error)
            await self.coordinator.wait(self.topic, self.every_s)

    async def run_once(self) -> None:
        taken = await self.outbox.take(self.clock(), LEASE, BATCH)
        await asyncio.gather(*map(self._carry, taken))

    async def _carry(self, item: Posted) -> None:
        try:
            await self.post(item)
        except Exception as error:  # one that cannot be posted keeps no other from being posted
            self.observer.failed("dispatcher", error, hold=item.hold_id)
            await self._again(item, str(error) if isinstance(error, PostError) else type(error).__name__)
        else:
            await self._mark(replace(item, state=PostState.SENT, next_at=None, why=""))

    async def _again(self, item: Posted, why: str) -> None:
        """After 10 s, 20 s, 40 s, ... an hour; then it waits for a person."""
        now = self.clock()
        if item.attempts >= MOST_ATTEMPTS:
            entry = AuditEntry(now, SYSTEM, self.given_up, f"hold:{item.hold_id}", reason=why)
            await self._mark(replace(item, state=PostState.FAILED, next_at=None, why=why), entry)
            return
        wait = min(timedelta(seconds=10) * 2 ** (item.attempts - 1), LONGEST_WAIT)
        await self._mark(replace(item, next_at=now + wait, why=why))

    async def _mark(self, item: Posted, audit: AuditEntry | None = None) -> None:
        try:
            await self.outbox.mark(item, audit)
        except StoreError as error:  # when its lease is over it is posted once more
            self.observer.failed("dispatcher", error, hold=item.hold_id)
