"""The worker that counts days that are over, so that figures of a year need not count them again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import StoreError
from app.ports import Coordinator, Observer
from app.service.turns import is_ours, rest_of

EVERY_S = 60.0
_WORK = "counting"
_BEGUN = timedelta(minutes=5)
"""What was killed is taken up after so long."""
_SHARE = 4.0
"""After each day so many times what it took is left to those who answer citizens."""


@dataclass(frozen=True, slots=True)
class Counting:
    announce: Callable[[], Awaitable[object]]
    """Say of days that are over that they will be counted. Raises StoreError."""
    to_count: Callable[[date | None], Awaitable[date | None]]
    """The latest day that is not counted, before the given one; None: all are. Raises StoreError."""
    count: Callable[[date], Awaitable[None]]
    """Raises StoreError."""
    coordinator: Coordinator
    observer: Observer

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                self.observer.failed(_WORK, error)
            await asyncio.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Raises StoreError. Where two processes are at it, days are counted twice: no harm comes of it."""
        if not await is_ours(self.coordinator, _WORK, _BEGUN):
            return
        await self.announce()
        ends = time.monotonic() + _BEGUN.total_seconds() / 2
        day, all_counted = None, True
        while time.monotonic() < ends and (day := await self.to_count(day)) is not None:
            began = time.monotonic()
            try:
                await self.count(day)
            except StoreError as error:  # one that takes too long keeps no other from being counted
                self.observer.failed(_WORK, error, day=day.isoformat())
                all_counted = False
            await asyncio.sleep(_SHARE * (time.monotonic() - began))
        if not all_counted:
            return  # the next turn is when what was begun counts as killed
        await self.coordinator.put(rest_of(_WORK), "done", timedelta(seconds=EVERY_S) * 0.9)
