"""The worker that has old records archived: at most once a day, by one of all processes."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.errors import GuardError
from app.core.retention import Archive
from app.ports import Coordinator, Observer

EVERY = timedelta(days=1)
_LOOKS_EVERY_S = 600.0
_DONE = "retention:done"
_CHOOSING = timedelta(seconds=30)

ArchiveOld = Callable[[Callable[[], bool]], Sequence[Archive]]
"""Blocks until all is archived, or until what it is given, asked between short steps, says no.

Raises GuardError.
"""


@dataclass(frozen=True, slots=True)
class Retention:
    archive: ArchiveOld
    coordinator: Coordinator
    observer: Observer
    on_time: Callable[[], bool] = lambda: True
    """Whether the clock may be trusted: by one that was set ahead, everything would be old."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self.on_time():
                await self.run_once()
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def run_once(self) -> None:
        if not await self._is_ours():
            return
        over = threading.Event()
        try:
            await asyncio.to_thread(self.archive, lambda: not over.is_set())
        except GuardError as error:
            self.observer.failed("retention", error)
        finally:
            over.set()  # whoever is cancelled leaves no thread at work

    async def _is_ours(self) -> bool:
        """While processes are apart each may think so: the records let one archive at a time all the same."""
        async with self.coordinator.lock("retention", _CHOOSING):
            if await self.coordinator.get(_DONE) is not None:
                return False
            await self.coordinator.put(_DONE, "begun", EVERY * 0.9)
            return True
