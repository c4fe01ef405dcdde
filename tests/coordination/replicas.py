"""Several processes' ends of the coordination, in one loop, so that a test sees all of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from app.coordination.redis import RedisCoordinator
from app.coordination.shared_pace import SharedPace
from app.settings.coordination import Coordination
from tests.service.stage import Heard

PATIENCE_S = 20.0


@dataclass
class Ear(Heard):
    """An Observer that also remembers how the coordination fared."""

    changes: list[str] = field(default_factory=list)

    def coordination_changed(self, trouble: str) -> None:
        self.changes.append(trouble)


@dataclass
class Replica:
    coordinator: RedisCoordinator
    ear: Ear
    pace: SharedPace


@asynccontextmanager
async def replica(settings: Coordination) -> AsyncIterator[Replica]:
    ear = Ear()
    coordinator = RedisCoordinator(settings, ear)
    await coordinator.open()
    try:
        yield Replica(coordinator, ear, SharedPace(coordinator.client, settings.prefix, coordinator.link))
    finally:
        await coordinator.aclose()


@asynccontextmanager
async def pair(settings: Coordination) -> AsyncIterator[tuple[Replica, Replica]]:
    async with replica(settings) as one, replica(settings) as two:
        yield one, two


async def until(there: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not there():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)


async def together(one: Replica, two: Replica, topic: str = "together") -> None:
    """Returns when an announcement of the one has reached the other: a listener may still be on its way."""
    waiting = asyncio.create_task(two.coordinator.wait(topic, PATIENCE_S))
    while not waiting.done():
        await one.coordinator.announce(topic)
        await asyncio.wait([waiting], timeout=0.05)
    assert await waiting


async def shared(one: Replica, two: Replica) -> None:
    """Returns when a value that the one has put has reached the other, of whatever server they know."""
    async with asyncio.timeout(PATIENCE_S):
        number = 0
        while await two.coordinator.get(f"shared{number}") is None:
            number += 1
            await one.coordinator.put(f"shared{number}", "v", timedelta(seconds=60))
            await asyncio.sleep(0.05)


class Stopwatch:
    def __enter__(self) -> "Stopwatch":
        self._began = time.monotonic()
        self.seconds = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began
