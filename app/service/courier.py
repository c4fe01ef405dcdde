"""Sends what is due by the platforms' APIs, once, and never what nobody knows the fate of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.delivery import Backoff, concluded, too_late
from app.core.errors import (
    Conflict,
    ContentChanged,
    FateUnknown,
    GuardError,
    PlatformError,
    QuotaExhausted,
    StoreError,
    WindowClosed,
)
from app.core.records import Delivery
from app.ports import Clock, Coordinator, Observer, PlatformClient, Store
from app.service.relay import DELIVERIES_TOPIC

RECORD_RETRIES_S = (0.2, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one."""

    error: PlatformError | None = None
    """None: the platform confirmed it."""
    receipt: str = ""
    """What it answered beside that."""


@dataclass(frozen=True, slots=True)
class Courier:
    store: Store
    clients: Mapping[str, PlatformClient]
    """By channel; a channel without one cannot deliver."""
    coordinator: Coordinator
    observer: Observer
    clock: Clock
    backoff: Backoff
    lease: timedelta
    margin: timedelta
    """Nothing is sent in the last moments of a window."""
    poll_every_s: float
    at_once: int = 16
    changed: Mapping[str, Callable[[Delivery], Awaitable[object]]] = field(default_factory=dict)
    """By channel: who hears of a delivery whose draft was changed after it was released."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                sent = await self.run_once()
            except StoreError as error:
                self.observer.failed("courier", error)
                sent = 0
            if not sent:
                await self.coordinator.wait(DELIVERIES_TOPIC, timeout_s=self.poll_every_s)

    async def run_once(self) -> int:
        """Lease and send one batch; how many there were."""
        due = await self.store.due(self.clock(), self.at_once, self.lease)
        await asyncio.gather(*(self.carry(delivery) for delivery in due))
        return len(due)

    async def carry(self, delivery: Delivery) -> Delivery:
        """Send what is leased to the caller, once, and write down what became of it."""
        tried = await self._send(delivery)
        error = tried.error
        if error is not None:
            self.observer.failed("delivery", error, channel=delivery.channel, delivery=delivery.id)
        after = concluded(delivery, error, self.clock(), self.backoff, tried.receipt)
        await self._record(after)
        if isinstance(error, ContentChanged) and delivery.channel in self.changed:
            await self._tell_changed(after)
        return after

    async def _tell_changed(self, delivery: Delivery) -> None:
        """Where that fails, the failed delivery stays listed, and a retry of it comes here again."""
        try:
            await self.changed[delivery.channel](delivery)
        except GuardError as error:
            self.observer.failed("courier", error, delivery=delivery.id)

    async def _send(self, delivery: Delivery) -> Try:
        """Whatever breaks here that is no word of the platform's leaves its fate unknown."""
        client = self.clients.get(delivery.channel)
        if client is None:
            return Try(PlatformError("the channel has no credentials to send with", code="no-client"))
        try:
            refused = await self._forbidden(delivery)
            if refused is not None:
                return Try(refused)
            async with asyncio.timeout(self.lease.total_seconds() * 0.8):
                return Try(receipt=await client.send(delivery))
        except PlatformError as error:
            return Try(error)
        except Exception as error:
            self.observer.failed("courier", error, delivery=delivery.id)
            return Try(FateUnknown("the send broke off", code="broke-off"))

    async def _forbidden(self, delivery: Delivery) -> PlatformError | None:
        now = self.clock()
        if too_late(delivery, now, self.margin):
            return WindowClosed("the window has closed", code="window-closed")
        allowance = await self.store.allowance(delivery.channel, delivery.user, excluding=delivery.id)
        if allowance.left <= 0:
            return QuotaExhausted("the follower's quota is used up", code="quota")
        return None

    async def _record(self, delivery: Delivery) -> None:
        for wait_s in (*RECORD_RETRIES_S, None):
            try:
                await self.store.deliver(delivery)
            except Conflict as error:  # the lease ran out and somebody has judged it already
                self.observer.failed("courier", error, delivery=delivery.id)
                return
            except StoreError as error:
                self.observer.failed("courier", error, delivery=delivery.id)
                if wait_s is None:
                    return  # stays SENDING: the sweeper will call it uncertain
                await asyncio.sleep(wait_s)
            else:
                self.observer.delivery_finished(delivery)
                return
