"""Finds what time or a crash has left behind, and puts it where a person sees it."""

import asyncio
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import timedelta

from app.core.delivery import lost
from app.core.disposition import abandon
from app.core.errors import Conflict, StoreError
from app.core.manuscripts import callback_of
from app.core.records import AuditEntry, Decision, ExchangeState, Outcome
from app.core.review import Ruling, settle
from app.ports import Clock, Observer, Store

SYSTEM = "system"
BATCH = 200


@dataclass(frozen=True, slots=True)
class Sweeper:
    store: Store
    observer: Observer
    clock: Clock
    every_s: float
    abandoned_after: timedelta
    called_back: Set[str] = frozenset()
    """The API tokens whose submitted texts are reported on, to an address of theirs."""
    on_time: Callable[[], bool] = lambda: True
    """Whether the clock may be trusted: by one that was set ahead, every hold would expire at once."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                if self.on_time():
                    await self.run_once()
            except StoreError as error:
                self.observer.failed("sweeper", error)
            await asyncio.sleep(self.every_s)

    async def run_once(self) -> None:
        await self._expire_holds()
        await self._doubt_lost_deliveries()
        await self._list_abandoned()

    async def _expire_holds(self) -> None:
        now = self.clock()
        for hold in await self.store.expired_holds(now, BATCH):
            ruling = Ruling(Decision.EXPIRE, SYSTEM, hold.version, reason="window-closed")
            expired = settle(hold, ruling, now, timedelta(0))
            entry = AuditEntry(
                now, SYSTEM, "hold.expire", f"hold:{hold.id}", hold.state.value, expired.state.value
            )
            try:
                await self.store.settle(expired, None, entry, callback=callback_of(expired, self.called_back))
            except Conflict:
                continue  # a person was faster
            self.observer.hold_settled(expired)

    async def _doubt_lost_deliveries(self) -> None:
        now = self.clock()
        for delivery in await self.store.lost_deliveries(now, BATCH):
            uncertain = lost(delivery, now)
            try:
                await self.store.deliver(uncertain)
            except Conflict:
                continue  # its courier came back in time
            self.observer.delivery_finished(uncertain)

    async def _list_abandoned(self) -> None:
        now = self.clock()
        for exchange in await self.store.abandoned(now, self.abandoned_after, BATCH):
            listed = abandon(exchange, now)
            try:
                await self.store.amend(Outcome(listed), ExchangeState.CLAIMED)
            except Conflict:
                continue  # a resend took it over
            self.observer.exchange_finished(listed)
