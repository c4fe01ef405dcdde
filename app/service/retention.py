"""The worker that has old records archived: once a day, by one of all processes; again where it failed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from app.core.delivery import Backoff
from app.core.errors import GuardError
from app.core.retention import Archive
from app.ports import Coordinator, Observer
from app.service.turns import is_ours, rest_of

EVERY = timedelta(days=1) * 0.9
"""Less than a day, so that it does not wander through the day."""
AGAIN = Backoff(first=timedelta(minutes=10), cap=timedelta(hours=6))
_LOOKS_EVERY_S = 60.0
_WORK = "retention"
_REST = rest_of(_WORK)
_FAILURES = "retention:failures"
"""How many runs have failed since the last one that did not."""
_BEGUN = timedelta(minutes=30)
"""What was killed or stopped is taken up after so long."""
_SAYS_EVERY_S = 600.0

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
        """Raises what the archiver does not say it raises."""
        if not await is_ours(self.coordinator, _WORK, _BEGUN):
            return
        over = threading.Event()
        try:
            async with self._under_way():
                await asyncio.to_thread(self.archive, lambda: not over.is_set())
        except GuardError as error:
            self.observer.failed("retention", error, again_after=str(await self._failed()))
        except Exception:
            await self._failed()
            raise
        else:
            await self.coordinator.put(_REST, "done", EVERY)
            await self.coordinator.put(_FAILURES, "0", AGAIN.cap)
        finally:
            over.set()  # whoever is cancelled leaves no thread at work

    @asynccontextmanager
    async def _under_way(self) -> AsyncIterator[None]:
        """Says again and again that it is, however long it takes."""

        async def say() -> None:
            while True:
                await asyncio.sleep(_SAYS_EVERY_S)
                await self.coordinator.put(_REST, "begun", _BEGUN)

        saying = asyncio.create_task(say())
        try:
            yield
        finally:
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)

    async def _failed(self) -> timedelta:
        """How long everybody rests now: the longer, the more often it failed."""
        failures = int(await self.coordinator.get(_FAILURES) or 0) + 1
        pause = AGAIN.after(failures)
        await self.coordinator.put(_FAILURES, str(failures), pause + EVERY)
        await self.coordinator.put(_REST, "failed", pause)
        return pause
