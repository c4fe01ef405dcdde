"""The worker that looks for ways past the guard."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.ports import Coordinator, Observer


@dataclass(frozen=True, slots=True)
class Round:
    """Something that is looked at again and again. On many replicas: once, by whoever comes first."""

    name: str
    every: timedelta
    look: Callable[[], Awaitable[None]]
    everywhere: bool = False
    """Every process looks for itself: what it finds is its own to know."""
    after: timedelta = timedelta()
    """So long after the start it is first looked at."""


@dataclass(frozen=True, slots=True)
class Watchman:
    rounds: Sequence[Round]
    coordinator: Coordinator
    observer: Observer

    async def run(self) -> None:
        """Until cancelled. No round keeps another one waiting."""
        async with asyncio.TaskGroup() as tasks:
            for one in self.rounds:
                tasks.create_task(self._go(one))

    async def _go(self, one: Round) -> None:
        await asyncio.sleep(one.after.total_seconds())
        while True:
            await self.look(one)
            await asyncio.sleep(one.every.total_seconds())

    async def look(self, one: Round) -> None:
        try:
            if one.everywhere or await self._is_ours(one):
                await one.look()
        except Exception as error:  # whatever it is, the next round comes
            self.observer.failed("bypass", error, round=one.name)

    async def _is_ours(self, one: Round) -> bool:
        """A little less than the whole interval, so that the one process there is finds it over."""
        key = f"bypass:{one.name}"
        if await self.coordinator.get(key) is not None:
            return False
        await self.coordinator.put(key, "looked", one.every * 0.9)
        return True
