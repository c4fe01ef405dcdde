"""The way to Redis: every call is bounded in time, and there is none while Redis is known to be away."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.coordination.servers import CONNECTIONS, Client
from app.core.errors import GuardError
from app.ports import Observer

T = TypeVar("T")

AT_ONCE = CONNECTIONS // 2
"""Calls under way; the others wait for their turn, within their own time."""
LOOK_EVERY_S = 5.0
"""So that it is noticed when nobody calls."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
STEADY_S = 30.0
"""Up for so long, a fall begins with the first pause again: one that flaps is asked ever more rarely."""
PATIENCE = 4
"""A connection may be made anew, by the second Sentinel or node, in so many times the usual time."""
PROBES = 64
"""Keys that spread over a cluster's nodes."""


class Away(GuardError):
    """Redis does not answer, or refuses. The caller does without."""


async def heeded(call: Awaitable[T]) -> T:
    """What `call` gives; raises CancelledError where its task was cancelled meanwhile and `call` went on.

    The client writes within asyncio.wait_for, which before Python 3.12 forgets a cancellation that comes in
    the moment the writing is done: who waits for the end of such a task would wait for ever.
    Source: https://github.com/python/cpython/issues/86296.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await call
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


class Link:
    def __init__(
        self,
        client: Client,
        prefix: str,
        timeout_s: float,
        observer: Observer,
        when_found: Callable[[], None],
    ) -> None:
        """`when_found`: called when Redis is there again."""
        self._client = client
        self._prefix = prefix
        self._timeout_s = timeout_s
        self._observer = observer
        self._when_found = when_found
        self._room = asyncio.Semaphore(AT_ONCE)
        self.times_up = 0
        """How often it was found again: another number, another server perhaps."""
        self._up_since = time.monotonic()
        self._lost = asyncio.Event()
        self._found = asyncio.Event()
        self._found.set()
        self.trouble = ""
        """The kind of error for which Redis counts as away; empty while it is there."""

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Raises Away: after the time-out at the latest, and at once while Redis is known to be away."""
        times_up = self.times_up
        try:
            async with asyncio.timeout(self._timeout_s), self._room:
                if self.trouble:
                    raise Away(self.trouble)
                return await heeded(call())
        except Away:
            raise
        except Exception as error:  # the client raises also what it does not document: nothing may pass on
            if times_up == self.times_up:  # else this is news of an earlier fall
                self.lose(error)
            raise Away(type(error).__name__) from error

    async def whenever_up(self) -> None:
        await self._found.wait()

    async def keep(self) -> None:
        """Look after the way until cancelled: notice its loss, find it again with ever longer pauses."""
        pause_s = FIRST_PAUSE_S
        while True:
            if self.trouble:
                # Not all processes at the same moment.
                await asyncio.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._lost.wait()
                except TimeoutError:
                    pass
                if time.monotonic() - self._up_since >= STEADY_S:
                    pause_s = FIRST_PAUSE_S
                if self.trouble:
                    continue
            await self.look()

    async def look(self) -> None:
        """Ask whether it takes a write: one that is full, or follows another, is no use."""
        name = f"{self._prefix}:probe:{{{random.randrange(PROBES)}}}"  # noqa: S311
        try:
            async with asyncio.timeout(PATIENCE * self._timeout_s):
                await heeded(self._client.get(name))
            async with asyncio.timeout(self._timeout_s):
                await heeded(self._client.set(name, b"", px=10_000))
        except Exception as error:
            self.lose(error)
        else:
            self._find()

    def lose(self, error: Exception) -> None:
        """From now on nobody waits for Redis."""
        if self.trouble:
            return
        self.trouble = type(error).__name__
        self._found.clear()
        self._lost.set()
        self._observer.failed("coordination", error)
        self._observer.coordination_changed(self.trouble)

    def _find(self) -> None:
        if not self.trouble:
            return
        self.trouble = ""
        self.times_up += 1
        self._up_since = time.monotonic()
        self._lost.clear()
        self._found.set()
        self._observer.coordination_changed("")
        self._when_found()
