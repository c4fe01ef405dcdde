"""The worker that counts days that are over, so that figures of a year need not count them again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import StoreError
from app.ports import Coordinator, Observer

EVERY_S = 60.0
_REST = "counting:rest"
"""While this is there, nobody begins."""
_CHOOSING = timedelta(seconds=10)
_BEGUN = timedelta(minutes=5)
"""What was killed is taken up after so long."""
_SHARE = 4.0
"""After each day so many times what it took is left to those who answer citizens."""


@dataclass(frozen=True, slots=True)
class Counting:
    announce: Callable[[], Awaitable[object]]
    """Say of days that are over that they will be counted. Raises StoreError."""
    count_next: Callable[[], Awaitable[date | None]]
    """Count one; None: all are counted. Raises StoreError."""
    coordinator: Coordinator
    observer: Observer

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                self.observer.failed("counting", error)
            await asyncio.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Raises StoreError."""
        if not await self._is_ours():
            return
        await self.announce()
        ends = time.monotonic() + _BEGUN.total_seconds() / 2
        while time.monotonic() < ends:
            began = time.monotonic()
            if await self.count_next() is None:
                break
            await asyncio.sleep(_SHARE * (time.monotonic() - began))
        await self.coordinator.put(_REST, "done", timedelta(seconds=EVERY_S) * 0.9)

    async def _is_ours(self) -> bool:
        """Where two think so, days are counted twice, and nothing else comes of it."""
        async with self.coordinator.lock("counting", _CHOOSING):
            if await self.coordinator.get(_REST) is not None:
                return False
            await self.coordinator.put(_REST, "begun", _BEGUN)
            return True
