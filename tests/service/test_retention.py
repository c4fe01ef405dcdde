"""The worker that has old records archived."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

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


async def test_what_failed_is_tried_again_after_ever_longer_pauses_by_whoever_looks() -> None:
    clock, heard = [0.0], Heard()
    shared, archiving = LocalCoordinator(lambda: clock[0]), Archiving(error=StoreError("full"))
    workers = [Retention(archiving, shared, heard) for _ in range(3)]
    began_at: list[float] = []
    while clock[0] < 24 * 3_600:
        before = archiving.began
        await asyncio.gather(*(worker.run_once() for worker in workers))
        began_at += [clock[0] / 60] * (archiving.began - before)
        clock[0] += 60
    assert began_at == [0, 10, 40, 130, 400, 760, 1_120], "after 10, 30, 90 minutes, at last 6 hours"
    assert heard.failures == [("retention", "StoreError")] * 7


async def test_after_a_run_that_went_well_the_pauses_begin_anew() -> None:
    clock, heard = [0.0], Heard()
    shared, archiving = LocalCoordinator(lambda: clock[0]), Archiving(error=StoreError("full"))
    worker = Retention(archiving, shared, heard)
    for _ in range(3):
        await worker.run_once()
        clock[0] += 2 * 3_600
    archiving.error = None
    await worker.run_once()
    clock[0] += 20 * 3_600
    await worker.run_once()
    assert archiving.began == 4, "once a day"
    clock[0] += 2 * 3_600
    archiving.error = StoreError("full")
    for _ in range(2):
        await worker.run_once()
        clock[0] += 11 * 60
    assert (archiving.began, len(heard.failures)) == (6, 5)


async def test_what_nobody_foresaw_rests_too(tmp_path: Path) -> None:
    """Else it would begin again each second, all day."""

    def archive(_: Callable[[], bool]) -> Sequence[Archive]:
        raise IsADirectoryError(tmp_path)

    clock, heard = [0.0], Heard()
    worker = Retention(archive, LocalCoordinator(lambda: clock[0]), heard)
    with pytest.raises(IsADirectoryError):
        await worker.run_once()
    await worker.run_once()
    clock[0] += 11 * 60
    with pytest.raises(IsADirectoryError):
        await worker.run_once()


async def test_what_was_killed_is_taken_up_within_the_hour() -> None:
    """By another process: the one that had begun says no more that it is at it."""
    clock = [0.0]
    shared = LocalCoordinator(lambda: clock[0])
    killed, other = Archiving(seconds=30), Archiving()
    task = asyncio.create_task(Retention(killed, shared, Heard()).run_once())
    assert await soon(lambda: killed.began == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await Retention(other, shared, Heard()).run_once()
    assert other.began == 0, "it may be at it still"
    clock[0] += 3_600
    await Retention(other, shared, Heard()).run_once()
    assert other.began == 1


class Watched(LocalCoordinator):
    has_put = False

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        await super().put(key, value, lifetime)
        self.has_put = True


async def test_nobody_begins_beside_a_run_that_takes_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.service.retention._SAYS_EVERY_S", 0.001)
    clock = [0.0]
    shared, long, other = Watched(lambda: clock[0]), Archiving(seconds=30), Archiving()
    task = asyncio.create_task(Retention(long, shared, Heard()).run_once())
    assert await soon(lambda: long.began == 1)
    for _ in range(10):
        clock[0] += 20 * 60
        shared.has_put = False
        assert await soon(lambda: shared.has_put)
        await Retention(other, shared, Heard()).run_once()
    assert other.began == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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
