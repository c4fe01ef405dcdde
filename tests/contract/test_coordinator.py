"""What every Coordinator promises, whatever carries it. Times are real, so that a server's clock will do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from app.coordination.local import LocalCoordinator
from app.coordination.redis import RedisCoordinator
from app.ports import Coordinator
from tests.coordination.valkey import (
    cluster_of_one,
    found_cluster,
    plain,
    running,
    settings_for,
    url_of,
    watched,
)
from tests.service.stage import Heard

PATIENCE_S = 10.0
"""Never waited out where all is well."""

SHORT = timedelta(milliseconds=50)
LONG = timedelta(seconds=60)


@pytest.fixture(scope="module")
def plain_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(plain(tmp_path_factory.mktemp("valkey"))) as server:
        yield url_of(server)


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(cluster_of_one(tmp_path_factory.mktemp("cluster"))) as server:
        found_cluster(server)
        yield url_of(server, "redis+cluster")


@pytest.fixture(scope="module")
def sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with watched(tmp_path_factory.mktemp("watched")) as servers:
        yield servers.url


@pytest.fixture(params=["in process", "plain", "cluster", "sentinel"])
async def coordinator(request: pytest.FixtureRequest) -> AsyncIterator[Coordinator]:
    if request.param == "in process":
        made: LocalCoordinator | RedisCoordinator = LocalCoordinator()
    else:
        url = request.getfixturevalue(f"{request.param}_url")
        made = RedisCoordinator(settings_for(url, timeout_s=2.0), Heard())
        await made.open()
    yield made
    assert made.trouble == "", "else this was about the lack of a server"
    await made.aclose()


@pytest.fixture
def name() -> str:
    """Nobody else's, on a server that others use too."""
    return f"test:{uuid4().hex}"


async def heard(coordinator: Coordinator, topic: str, waiting: list[asyncio.Task[bool]]) -> list[bool]:
    """Announce until all have heard: a waiter on a server needs a moment before it listens."""
    while not all(task.done() for task in waiting):
        await coordinator.announce(topic)
        await asyncio.wait(waiting, timeout=0.05)
    return [task.result() for task in waiting]


async def gone(coordinator: Coordinator, key: str) -> None:
    """Return when it has expired: nothing announces that, so it is asked for."""
    while await coordinator.get(key) is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


# --- topics -----------------------------------------------------------------------------------


async def test_an_announcement_wakes_everybody_who_waits(coordinator: Coordinator, name: str) -> None:
    waiting = [asyncio.create_task(coordinator.wait(name, PATIENCE_S)) for _ in range(50)]
    assert await heard(coordinator, name, waiting) == [True] * 50


async def test_an_announcement_before_the_wait_is_forgotten(coordinator: Coordinator, name: str) -> None:
    await coordinator.announce(name)
    assert not await coordinator.wait(name, 0.05)


async def test_topics_are_apart(coordinator: Coordinator, name: str) -> None:
    other = asyncio.create_task(coordinator.wait(f"{name}:other", 0.3))
    mine = asyncio.create_task(coordinator.wait(name, PATIENCE_S))
    assert await heard(coordinator, name, [mine]) == [True]
    assert not await other


async def test_one_who_gives_up_disturbs_nobody(coordinator: Coordinator, name: str) -> None:
    gone = asyncio.create_task(coordinator.wait(name, PATIENCE_S))
    staying = asyncio.create_task(coordinator.wait(name, PATIENCE_S))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await heard(coordinator, name, [staying]) == [True]


async def test_a_topic_can_be_waited_for_again(coordinator: Coordinator, name: str) -> None:
    for _ in range(3):
        waiting = [asyncio.create_task(coordinator.wait(name, PATIENCE_S))]
        assert await heard(coordinator, name, waiting) == [True]
    assert not await coordinator.wait(name, 0.05)


# --- values -----------------------------------------------------------------------------------


async def test_what_is_put_is_there(coordinator: Coordinator, name: str) -> None:
    assert await coordinator.get(name) is None
    await coordinator.put(name, "一", LONG)
    assert await coordinator.get(name) == "一"
    await coordinator.put(name, "", LONG)
    assert await coordinator.get(name) == "", "an empty value is a value"


async def test_a_value_expires(coordinator: Coordinator, name: str) -> None:
    await coordinator.put(name, "x", SHORT)
    await gone(coordinator, name)


async def test_putting_again_starts_a_new_life(coordinator: Coordinator, name: str) -> None:
    await coordinator.put(name, "x", SHORT)
    await coordinator.put(f"{name}:witness", "x", SHORT)
    await coordinator.put(name, "y", LONG)
    await gone(coordinator, f"{name}:witness")
    assert await coordinator.get(name) == "y"


# --- locks ------------------------------------------------------------------------------------


async def test_holders_exclude_each_other(coordinator: Coordinator, name: str) -> None:
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with coordinator.lock(name, LONG):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 1


async def test_locks_are_apart(coordinator: Coordinator, name: str) -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        coordinator.lock(name, LONG),
        coordinator.lock(f"{name}:other", LONG),
    ):
        entered_both = True
    assert entered_both


async def test_an_error_inside_frees_the_lock(coordinator: Coordinator, name: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with coordinator.lock(name, LONG):
            raise ZeroDivisionError
    async with asyncio.timeout(PATIENCE_S), coordinator.lock(name, LONG):
        pass


async def test_a_cancelled_holder_frees_the_lock(coordinator: Coordinator, name: str) -> None:
    entered = asyncio.Event()

    async def hold() -> None:
        async with coordinator.lock(name, LONG):
            entered.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await entered.wait()
    holder.cancel()
    async with asyncio.timeout(PATIENCE_S), coordinator.lock(name, LONG):
        assert holder.done()


async def test_a_cancelled_waiter_leaves_the_lock_alone(coordinator: Coordinator, name: str) -> None:
    async with coordinator.lock(name, LONG):
        waiter = asyncio.create_task(coordinator.lock(name, LONG).__aenter__())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    async with asyncio.timeout(PATIENCE_S), coordinator.lock(name, LONG):
        pass


async def test_a_lease_runs_out_under_a_holder_that_sleeps(coordinator: Coordinator, name: str) -> None:
    async with (
        asyncio.timeout(PATIENCE_S),
        coordinator.lock(name, SHORT),
        coordinator.lock(name, LONG),
    ):
        second_is_in = True
    assert second_is_in


async def test_a_sleeper_does_not_free_its_successors_lock(coordinator: Coordinator, name: str) -> None:
    sleeper = coordinator.lock(name, SHORT)
    await sleeper.__aenter__()
    async with asyncio.timeout(PATIENCE_S), coordinator.lock(name, LONG):
        await sleeper.__aexit__(None, None, None)
        third = asyncio.create_task(coordinator.lock(name, LONG).__aenter__())
        done, _ = await asyncio.wait([third], timeout=0.1)
        assert not done, "the second still holds it"
        third.cancel()
        with pytest.raises(asyncio.CancelledError):
            await third
