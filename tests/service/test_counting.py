"""The worker that counts days that are over."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from app.coordination.local import LocalCoordinator
from app.core.errors import StoreError
from app.service.counting import EVERY_S, Counting
from tests.service.stage import Heard


@dataclass(slots=True)
class Calendar:
    """`days` are still to be counted, the latest first; those that are `hard` never are."""

    days: list[date]
    announced: int = 0
    counted: list[date] = field(default_factory=list)
    error: StoreError | None = None
    hard: set[date] = field(default_factory=set)

    async def announce(self) -> None:
        self.announced += 1
        if self.error:
            raise self.error

    async def to_count(self, before: date | None) -> date | None:
        return max((day for day in self.days if before is None or day < before), default=None)

    async def count(self, day: date) -> None:
        if day in self.hard:
            raise StoreError("it takes too long")
        self.days.remove(day)
        self.counted.append(day)


def days(count: int) -> list[date]:
    return [date(2026, 3, 1) + timedelta(days=number) for number in range(count)]


def worker(calendar: Calendar, shared: LocalCoordinator, heard: Heard | None = None) -> Counting:
    return Counting(calendar.announce, calendar.to_count, calendar.count, shared, heard or Heard())


async def test_of_many_processes_one_counts_all_days_each_minute() -> None:
    clock = [0.0]
    shared, calendar = LocalCoordinator(lambda: clock[0]), Calendar(days(3))
    workers = [worker(calendar, shared) for _ in range(3)]
    await asyncio.gather(*(one.run_once() for one in workers))
    assert (calendar.announced, len(calendar.counted)) == (1, 3)
    clock[0] += EVERY_S
    await asyncio.gather(*(one.run_once() for one in workers))
    assert calendar.announced == 2


async def test_a_day_that_takes_too_long_is_told_of_keeps_no_other_waiting_and_is_tried_again() -> None:
    clock = [0.0]
    shared, heard = LocalCoordinator(lambda: clock[0]), Heard()
    calendar = Calendar(days(3), hard={days(3)[1]})
    await worker(calendar, shared, heard).run_once()
    assert (calendar.counted, heard.failures) == (
        [days(3)[2], days(3)[0]],
        [("counting", "StoreError")],
    )
    calendar.hard.clear()
    clock[0] += 301
    await worker(calendar, shared, heard).run_once()
    assert not calendar.days


async def test_records_that_are_away_are_told_of_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.service.counting.EVERY_S", 0.01)
    heard, calendar = Heard(), Calendar(days(1), error=StoreError("away"))
    # Each look finds the other's rest over, as after minutes.
    times = iter(range(0, 1_000_000, 400))
    running = asyncio.create_task(worker(calendar, LocalCoordinator(lambda: next(times)), heard).run())
    async with asyncio.timeout(5):
        while not heard.failures:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        calendar.error = None
        while not calendar.counted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
