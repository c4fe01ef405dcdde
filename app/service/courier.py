"""Sends what is due by the platforms' APIs, once, and never what nobody knows the fate of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from app.core.delivery import Backoff, concluded, too_late
from app.core.errors import (
    Conflict,
    ContentChanged,
    FateUnknown,
    GuardError,
    PlatformBusy,
    PlatformError,
    QuotaExhausted,
    StoreError,
    WindowClosed,
)
from app.core.records import Delivery
from app.ports import Clock, Coordinator, Observer, PlatformClient, Store
from app.service import topics
from app.service.share import BUSY, Share

RECORD_RETRIES_S = (0.2, 0.5, 1.0, 2.0, 4.0)

AT_ONCE, PATIENCE_S = 16, 5.0

IN_HAND = 0.2
"""The part of a lease that is left for writing down what came of the send."""

OVERSLEPT = "overslept"
"""The code of a delivery that was certainly not sent, since its courier came to it too late."""


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
    changed: Mapping[str, Callable[[Delivery], Awaitable[object]]] = field(default_factory=dict)
    """By channel: who hears of a delivery whose draft was changed after it was released."""
    shares: Mapping[str, Share] = field(default_factory=dict)
    """By channel: what may be on its way at once, so that a platform that hangs holds up no other channel."""
    on_time: Callable[[], bool] = lambda: True
    """Whether the clock may be trusted: by one that was set ahead, every window would be closed."""
    _other: Share = field(default_factory=lambda: Share(AT_ONCE, PATIENCE_S))
    """Of channels that are no longer configured."""
    _under_way: set[asyncio.Task[Delivery]] = field(default_factory=set)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    taken = await self._take() if self.on_time() else ()
                except StoreError as error:
                    self.observer.failed("courier", error)
                    taken = ()
                for delivery in taken:
                    self._start(delivery)
                if not taken:
                    await self._pause()
        finally:
            for one in self._under_way:
                one.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def run_once(self) -> int:
        """Lease what there is room for, and send it; how many there were."""
        taken = await self._take()
        await asyncio.gather(*map(self._start, taken))
        return len(taken)

    async def carry(self, delivery: Delivery, *, allowed: bool = False) -> Delivery:
        """Send what is leased to the caller, once, and write down what became of it.

        `allowed`: the caller has just seen that the window is open and the quota not used up.
        """
        share = self._share(delivery.channel)
        if not await share.take():
            return await self._conclude(delivery, Try(PlatformBusy("too many are on their way", code=BUSY)))
        try:
            return await self._conclude(delivery, await self._send(delivery, allowed=allowed))
        finally:
            share.give()

    # --- the rounds ---------------------------------------------------------------------------

    async def _take(self) -> Sequence[Delivery]:
        """Leased, each with a place of its channel's share. Raises StoreError where none could be."""
        now = self.clock()
        self._freed.clear()
        wanted = [(channel, self._reserve(channel)) for channel in await self.store.waiting(now)]
        wanted = [(channel, room) for channel, room in wanted if room]
        found = await asyncio.gather(
            *(self.store.due(now, room, self.lease, channel) for channel, room in wanted),
            return_exceptions=True,  # what one channel has leased is not lost by another's error
        )
        taken: list[Delivery] = []
        troubles: list[BaseException] = []
        for (channel, room), leased in zip(wanted, found, strict=True):
            mine = () if isinstance(leased, BaseException) else leased
            taken.extend(mine)
            troubles += [leased] if isinstance(leased, BaseException) else []
            for _ in range(room - len(mine)):
                self._share(channel).give()
        for trouble in troubles:
            if not taken:
                raise trouble
            self.observer.failed("courier", trouble)
        return taken

    def _reserve(self, channel: str) -> int:
        """How many places of its share are now the courier's."""
        share, room = self._share(channel), 0
        while share.take_now():
            room += 1
        return room

    def _share(self, channel: str) -> Share:
        return self.shares.get(channel, self._other)

    async def _pause(self) -> None:
        """Until there is something new, or room again, or it is time to look."""
        news = asyncio.create_task(self.coordinator.wait(topics.DELIVERIES, timeout_s=self.poll_every_s))
        room = asyncio.create_task(self._freed.wait())
        try:
            await asyncio.wait((news, room), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (news, room):
                one.cancel()
            await asyncio.gather(news, room, return_exceptions=True)

    def _start(self, delivery: Delivery) -> asyncio.Task[Delivery]:
        """On its way, in the place that was reserved for it."""

        async def carry() -> Delivery:
            return await self._conclude(delivery, await self._send(delivery))

        task = asyncio.create_task(carry())
        self._under_way.add(task)
        task.add_done_callback(partial(self._done, self._share(delivery.channel)))
        return task

    def _done(self, share: Share, task: asyncio.Task[Delivery]) -> None:
        """Of those that never began, too."""
        self._under_way.discard(task)
        share.give()
        if share.free * 2 >= share.at_once:  # several at once are cheaper than one by one
            self._freed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.observer.failed("courier", error)

    # --- one delivery -------------------------------------------------------------------------

    async def _conclude(self, delivery: Delivery, tried: Try) -> Delivery:
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

    async def _send(self, delivery: Delivery, *, allowed: bool = False) -> Try:
        """Whatever breaks here that is no word of the platform's leaves its fate unknown."""
        client = self.clients.get(delivery.channel)
        if client is None:
            return Try(PlatformError("the channel has no credentials to send with", code="no-client"))
        try:
            refused = None if allowed else await self._forbidden(delivery)
            if refused is not None:
                return Try(refused)
            if (left_s := self._left_s(delivery)) <= 0:
                return Try(PlatformBusy("its lease was over before it was sent", code=OVERSLEPT))
            async with asyncio.timeout(left_s):
                return Try(receipt=await client.send(delivery))
        except PlatformError as error:
            return Try(error)
        except Exception as error:
            self.observer.failed("courier", error, delivery=delivery.id)
            return Try(FateUnknown("the send broke off", code="broke-off"))

    def _left_s(self, delivery: Delivery) -> float:
        """How long a send may take. Past its lease a delivery is doubted, a person may have it sent again: a
        courier that was stopped meanwhile must not send it, too."""
        if delivery.leased_until is None:
            return 0
        return (delivery.leased_until - self.clock() - self.lease * IN_HAND).total_seconds()

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
