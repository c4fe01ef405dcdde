"""The worker that has old records archived."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.coordination.local import LocalCoordinator
from app.core.errors import StoreError
from app.core.retention import Archive
from app.service.retention import Retention
from tests.service.stage import Heard


@dataclass(slots=True)
class Archiving:
    """`error` is raised by the next run; a run lasts `seconds`, unless it is told to stop."""

    seconds: float = 0
    error: StoreError | None = None
    began: int = 0
    stopped: bool = False

    def __call__(self, keep_going: Callable[[], bool]) -> Sequence[Archive]:
        self.began += 1
        if self.error:
            raise self.error
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            if not keep_going():
                self.stopped = True
                break
            time.sleep(0.01)
        return []


async def test_of_many_processes_one_archives_and_once_a_day() -> None:
    clock = [0.0]
    shared, archiving = LocalCoordinator(lambda: clock[0]), Archiving()
    workers = [Retention(archiving, shared, Heard()) for _ in range(3)]
    await asyncio.gather(*(worker.run_once() for worker in workers))
    assert archiving.began == 1
    clock[0] += 23 * 3_600
    await asyncio.gather(*(worker.run_once() for worker in workers))
    assert archiving.began == 2


async def test_a_failure_is_told_and_tomorrow_is_another_day() -> None:
    heard = Heard()
    await Retention(Archiving(error=StoreError("full")), LocalCoordinator(), heard).run_once()
    assert heard.failures == [("retention", "StoreError")]


async def test_a_guard_that_stops_leaves_no_archiver_at_work() -> None:
    archiving = Archiving(seconds=30)
    task = asyncio.create_task(Retention(archiving, LocalCoordinator(), Heard()).run())
    assert await soon(lambda: archiving.began == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await soon(lambda: archiving.stopped)


async def soon(holds: Callable[[], bool]) -> bool:
    for _ in range(500):
        if holds():
            return True
        await asyncio.sleep(0.01)
    return False
