"""A machine whose clock is off does nothing that cannot be undone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.model import SendWindow
from app.core.records import DeliveryState, HoldState
from app.ports import HoldFilter
from app.service.clocks import Jumps
from app.service.following import Following
from app.service.retention import Retention
from tests.service.stage import MOCKING, Stage, ToyClock, stage
from tests.service.test_following import Here, here, terms
from tests.service.test_retention import Archiving
from tests.values import NOON, message

__all__ = ["here", "terms"]  # fixtures


@dataclass(slots=True)
class Watchful:
    """Says whether the clock may be trusted; knows how often it was asked."""

    trusted: bool = False
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def __call__(self) -> bool:
        self.asked.release()
        return self.trusted

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.asked.acquire()


@asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def states(here: Stage) -> list[HoldState]:
    return [one.state for one in (await here.store.holds(HoldFilter(states=tuple(HoldState)))).items]


async def test_no_hold_expires_by_a_clock_that_was_set_ahead(tmp_path: Path) -> None:
    async with stage(tmp_path) as office:
        office.bot.reply = MOCKING
        office.bot.may_answer.set()
        window = SendWindow(NOON + timedelta(hours=48), 5, reviewable=True)
        await office.relay.respond(message(window=window))
        office.clock.forward(minutes=3 * 24 * 60)
        watchful = Watchful()
        async with running(replace(office.sweeper, every_s=0.01, on_time=watchful).run):
            await watchful.rounds(3)
            assert await states(office) == [HoldState.PENDING]
            watchful.trusted = True
            while await states(office) != [HoldState.EXPIRED]:
                await watchful.rounds(1)


async def test_no_delivery_is_given_up_by_a_clock_that_was_set_ahead(tmp_path: Path) -> None:
    async with stage(tmp_path) as office:
        office.bot.may_answer.set()
        await office.relay.respond(message(passive=False))
        office.clock.forward(minutes=3 * 24 * 60)
        watchful = Watchful()
        async with running(replace(office.courier, poll_every_s=0.01, on_time=watchful).run):
            await watchful.rounds(3)
            (delivery,) = (await office.store.deliveries(list(DeliveryState), None, "", 10)).items
            assert delivery.state is DeliveryState.QUEUED
            watchful.trusted = True
            while not (await office.store.deliveries([DeliveryState.EXPIRED], None, "", 10)).items:
                await watchful.rounds(1)


async def test_nothing_is_archived_by_a_clock_that_was_set_ahead(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.retention._LOOKS_EVERY_S", 0.01)
    archiving, watchful = Archiving(), Watchful()
    worker = Retention(archiving, here.replica().coordinator, here.heard, watchful)
    async with running(worker.run):
        await watchful.rounds(3)
        assert archiving.began == 0
        watchful.trusted = True
        while not archiving.began:
            await watchful.rounds(1)


async def off_by(following: Following, by: timedelta) -> None:
    clock = following.clock
    following.clock = lambda: clock() + by
    await following.look()
    following.clock = clock


async def test_a_clock_is_off_once_it_is_further_from_the_records_than_allowed(here: Here) -> None:
    following = here.replica()
    await following.open()
    assert following.is_on_time()
    for by in (timedelta(minutes=-10), timedelta(days=3)):
        await off_by(following, by)
        assert not following.is_on_time()
        assert "set it by NTP" in following.clock_trouble
    assert here.heard.failures == [("clock", "StoreError")]  # told when it begins, not at every look
    await following.look()
    assert following.is_on_time()


@dataclass(slots=True)
class Hall:
    """A guard with a file, whose clock is the records'."""

    following: Following
    machine: ToyClock
    seconds: list[float]
    """Of the clock that nobody sets; it has gone as far as the other."""

    async def later(self, *, set_by: timedelta = timedelta(0), **by: float) -> None:
        self.machine.forward(**by)
        self.seconds[0] += timedelta(**by).total_seconds()
        self.machine.now += set_by
        await self.following.look()


@pytest.fixture
async def hall(here: Here) -> Hall:
    machine, seconds = ToyClock(), [0.0]
    following = here.replica()
    following.jumps = Jumps(machine, timedelta(seconds=5), lambda: seconds[0])
    await following.open()
    return Hall(following, machine, seconds)


@pytest.mark.parametrize("by", [timedelta(days=3), timedelta(hours=-1), timedelta(seconds=6)])
async def test_where_there_is_no_other_clock_one_that_was_set_is_noticed_and_trusted_after_a_while(
    here: Here, hall: Hall, by: timedelta
) -> None:
    await hall.later(minutes=20)
    assert hall.following.is_on_time()
    await hall.later(seconds=1, set_by=by)
    await hall.later(minutes=9)
    assert not hall.following.is_on_time()
    assert f"{by.total_seconds():+.1f} s" in hall.following.jump_trouble
    assert hall.following.clock_off_s == pytest.approx(by.total_seconds())
    assert here.heard.failures == [("clock", "StoreError")]
    await hall.later(minutes=2)
    assert (hall.following.is_on_time(), hall.following.clock_off_s) == (True, 0)


async def test_nothing_final_is_done_between_the_setting_and_the_next_look(hall: Hall) -> None:
    hall.machine.forward(hours=72)
    assert not hall.following.is_on_time()


async def test_a_clock_that_is_set_back_to_where_it_was_is_trusted_at_once(hall: Hall) -> None:
    await hall.later(set_by=timedelta(days=1))
    await hall.later(set_by=timedelta(days=-1))
    assert hall.following.is_on_time()


async def test_small_steps_and_a_long_sleep_are_no_jumps(hall: Hall) -> None:
    await hall.later(hours=8)
    await hall.later(set_by=timedelta(seconds=2))
    assert hall.following.is_on_time()
    assert hall.following.jump_trouble == ""
