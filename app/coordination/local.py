"""The Coordinator of a single process: dictionaries and events, nothing to install."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

SWEEP_FROM = 1024
"""So many values may lie about before expired ones are looked for."""


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    expires_at: float


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """One holder of a lock; compared by identity."""

    ends_at: float


class LocalCoordinator:
    """`monotonic`: seconds of a clock that never goes back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._topics = Topics()
        self._values: dict[str, Value] = {}
        self._sweep_at = SWEEP_FROM
        self._leases: dict[str, Lease] = {}
        self._released = Topics()

    @property
    def trouble(self) -> str:
        return ""

    async def announce(self, topic: str) -> None:
        self._topics.announce(topic)

    async def wait(self, topic: str, timeout_s: float) -> bool:
        return await self._topics.wait(topic, timeout_s)

    async def get(self, key: str) -> str | None:
        value = self._values.get(key)
        if value is None:
            return None
        if value.expires_at <= self._monotonic():
            del self._values[key]
            return None
        return value.text

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        now = self._monotonic()
        self._values[key] = Value(value, now + lifetime.total_seconds())
        if len(self._values) >= self._sweep_at:
            self._values = {name: kept for name, kept in self._values.items() if kept.expires_at > now}
            self._sweep_at = max(SWEEP_FROM, 2 * len(self._values))

    def lock(self, key: str, lease: timedelta) -> AbstractAsyncContextManager[None]:
        return self._lock(key, lease.total_seconds())

    async def aclose(self) -> None:
        self._values.clear()

    @asynccontextmanager
    async def _lock(self, key: str, lease_s: float) -> AsyncIterator[None]:
        # Nothing is awaited between the look and the entry, so nobody comes between.
        while (left_s := self._left(key)) > 0:
            await self._released.wait(key, left_s)
        mine = Lease(self._monotonic() + lease_s)
        self._leases[key] = mine
        try:
            yield
        finally:
            if self._leases.get(key) is mine:  # else the lease ran out and somebody else is in
                del self._leases[key]
                self._released.announce(key)

    def _left(self, key: str) -> float:
        """Seconds for which somebody else may still hold the lock."""
        lease = self._leases.get(key)
        return 0.0 if lease is None else lease.ends_at - self._monotonic()


class Topics:
    """Who waits for what. A topic nobody waits for takes no room."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def announce(self, topic: str) -> None:
        for event in self._waiting.pop(topic, ()):
            event.set()

    def announce_all(self) -> None:
        for topic in tuple(self._waiting):
            self.announce(topic)

    async def wait(self, topic: str, timeout_s: float) -> bool:
        event = asyncio.Event()
        self._waiting.setdefault(topic, set()).add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        finally:
            self._forget(topic, event)
        return True

    def _forget(self, topic: str, event: asyncio.Event) -> None:
        waiting = self._waiting.get(topic)
        if waiting is not None:
            waiting.discard(event)
            if not waiting:
                del self._waiting[topic]

    def __len__(self) -> int:
        return len(self._waiting)
