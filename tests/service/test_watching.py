"""The worker that looks again and again, whatever happens to one look."""

import asyncio
from datetime import timedelta

from app.coordination.local import LocalCoordinator
from app.service.watching import Round, Watchman
from tests.service.stage import Heard

TICK = timedelta(milliseconds=10)


def watchman(*rounds: Round, coordinator: LocalCoordinator | None = None) -> Watchman:
    return Watchman(rounds, coordinator or LocalCoordinator(), Heard())


async def test_what_nobody_foresaw_ends_neither_its_own_round_nor_another() -> None:
    looks: list[str] = []
    enough = asyncio.Event()

    async def breaks() -> None:
        looks.append("breaks")
        raise RecursionError

    async def works() -> None:
        looks.append("works")
        if looks.count("works") >= 3 and looks.count("breaks") >= 3:
            enough.set()

    here = watchman(Round("a", TICK, breaks, everywhere=True), Round("b", TICK, works, everywhere=True))
    task = asyncio.create_task(here.run())
    async with asyncio.timeout(10):
        await enough.wait()
    task.cancel()
    assert isinstance(here.observer, Heard)
    assert set(here.observer.failures) == {("bypass", "RecursionError")}


async def test_a_round_that_hangs_keeps_no_other_waiting() -> None:
    looked = asyncio.Event()

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def works() -> None:
        looked.set()

    task = asyncio.create_task(watchman(Round("a", TICK, hangs), Round("b", TICK, works)).run())
    async with asyncio.timeout(10):
        await looked.wait()
    task.cancel()


async def test_of_two_processes_one_asks_the_platform_and_each_looks_for_itself_where_it_must() -> None:
    looks: list[str] = []

    async def platform() -> None:
        looks.append("platform")

    async def own() -> None:
        looks.append("own")

    hour, shared = timedelta(hours=1), LocalCoordinator()
    rounds = (Round("autoreply:hall", hour, platform), Round("alarms", hour, own, everywhere=True))
    for process in (watchman(*rounds, coordinator=shared), watchman(*rounds, coordinator=shared)):
        for one in process.rounds:
            await process.look(one)
    assert sorted(looks) == ["own", "own", "platform"]


async def test_one_process_does_not_miss_its_own_next_turn() -> None:
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)

    every = timedelta(milliseconds=200)
    here = watchman(Round("autoreply:hall", every, look))
    for _ in range(3):
        await here.look(here.rounds[0])
        await asyncio.sleep(every.total_seconds())
    assert len(looks) == 3
