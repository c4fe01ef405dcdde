"""The Coordinator of several processes, by Redis; in its absence each does by itself what it can.

Nothing here raises what Redis raises, or waits for it longer than the time-out.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.coordination.bus import Bus
from app.coordination.link import PATIENCE, Away, Link
from app.coordination.local import LocalCoordinator, Topics
from app.coordination.sealing import Seal, Unreadable
from app.coordination.servers import way_of
from app.ports import Observer
from app.settings.coordination import Coordination, key_of

LONGEST_MS = 7 * 86_400_000
"""Nothing is put for longer; a life that somebody else has stretched is not believed."""
TRY_AGAIN_S = 0.25
"""Who waits for a lock looks so often, should the word of its release be lost."""
MOST_LEASES = 4
"""After so many leases of waiting, whoever holds it is none of us: this process's own lock must do."""

READ = "return {redis.call('get', KEYS[1]), redis.call('pttl', KEYS[1])}"
TAKE = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return math.max(1, redis.call('pttl', KEYS[1])) end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
"""
"""Milliseconds for which somebody else holds it, at least 1; 0: taken. The same holder may ask again."""
GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisCoordinator:
    def __init__(self, settings: Coordination, observer: Observer) -> None:
        """`settings` hold an address and a key. Raises ValueError for a key that is none."""
        keys = [key_of(one) for one in (settings.secret_key, settings.previous_secret_key) if one]
        self._seal = Seal([AESGCM(key) for key in keys])
        self._prefix = settings.prefix
        self._observer = observer
        self._local = LocalCoordinator()
        """What this process knows by itself; the better part while Redis is away."""
        self._way = way_of(settings)
        self.client = self._way.client
        self._topics = Topics()
        # Nobody knows what was called meanwhile: let everybody look.
        self.link = Link(
            self.client, settings.prefix, settings.timeout_s, observer, self._topics.announce_all
        )
        self._bus = Bus(self.client, f"{settings.prefix}:topics", self.link, self._topics, settings.timeout_s)
        self._read, self._take, self._give_back = (
            self.client.register_script(script) for script in (READ, TAKE, GIVE_BACK)
        )
        self._timeout_s = settings.timeout_s
        self._loops: list[asyncio.Task[None]] = []
        self._short: set[asyncio.Task[None]] = set()
        """Tasks that end by themselves."""

    async def open(self) -> None:
        """Start, also where Redis is away: it is found when it comes."""
        await self.link.look()
        listening = asyncio.Event()
        self._beside(self._bus.call())
        self._loops = [asyncio.create_task(one) for one in (self.link.keep(), self._bus.listen(listening))]
        if not self.link.trouble:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE * self._timeout_s):
                    await listening.wait()

    @property
    def trouble(self) -> str:
        return self.link.trouble

    async def announce(self, topic: str) -> None:
        self._bus.announce(topic)

    async def wait(self, topic: str, timeout_s: float) -> bool:
        return await self._topics.wait(topic, timeout_s)

    async def get(self, key: str) -> str | None:
        """What Redis has, else what this process has put or seen there and still lives."""
        name = self._name("value", key)
        try:
            sealed, left_ms = await self.link.ask(lambda: self._read(keys=[name]))
            if sealed is not None:
                value = self._seal.open(name, sealed)
                await self._local.put(key, value, timedelta(milliseconds=min(max(left_ms, 0), LONGEST_MS)))
                return value
        except Unreadable as error:
            self._observer.failed("coordination", error)
        except Away:
            pass
        return await self._local.get(key)

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        await self._local.put(key, value, lifetime)
        name = self._name("value", key)
        sealed = self._seal.seal(name, value)
        milliseconds = max(1, round(lifetime.total_seconds() * 1000))
        with suppress(Away):
            await self.link.ask(lambda: self.client.set(name, sealed, px=milliseconds))

    def lock(self, key: str, lease: timedelta) -> AbstractAsyncContextManager[None]:
        return self._lock(key, lease)

    async def aclose(self) -> None:
        self._bus.end()
        if self._short:
            await asyncio.wait(self._short, timeout=2 * self._timeout_s)
        for task in (*self._short, *self._loops):
            task.cancel()
        await asyncio.gather(*self._short, *self._loops, return_exceptions=True)
        for client in self._way.clients:
            with suppress(Exception):  # closing what is broken may fail; it is closed all the same
                async with asyncio.timeout(self._timeout_s):
                    await client.aclose()

    # --- locks --------------------------------------------------------------------------------

    @asynccontextmanager
    async def _lock(self, key: str, lease: timedelta) -> AsyncIterator[None]:
        """Of this process first: one at a time asks Redis, and where Redis is away this one lock remains."""
        async with self._local.lock(key, lease):
            holder = uuid4().hex
            try:
                await self._take_lock(key, holder, lease)
                yield
            finally:
                # Also where nobody knows whether it was taken. Beside: who was cancelled may be so again.
                await asyncio.shield(self._beside(self._give_back_lock(key, holder)))

    async def _take_lock(self, key: str, holder: str, lease: timedelta) -> None:
        """Returns when it is taken, or when there is no Redis to take it from."""
        name, lease_ms = self._name("lock", key), max(1, round(lease.total_seconds() * 1000))
        give_up_at = time.monotonic() + MOST_LEASES * lease.total_seconds()
        with suppress(Away):
            while (left_ms := await self.link.ask(lambda: self._take([name], [holder, lease_ms]))) != 0:
                if time.monotonic() >= give_up_at:
                    return
                await self.wait(_released(key), min(left_ms / 1000, TRY_AGAIN_S))

    async def _give_back_lock(self, key: str, holder: str) -> None:
        name = self._name("lock", key)
        with suppress(Away):
            if await self.link.ask(lambda: self._give_back([name], [holder])):
                self._bus.announce(_released(key))

    # --- steps --------------------------------------------------------------------------------

    def _name(self, kind: str, key: str) -> str:
        """What belongs to one key lies on one node of a cluster."""
        return f"{self._prefix}:{kind}:{{{key}}}"

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._short.add(task)
        task.add_done_callback(self._short.discard)
        return task


def _released(key: str) -> str:
    return f"released:{key}"
