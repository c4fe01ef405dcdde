"""Processes that share a real server: what reaches whom, and what lies there."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Connection, Redis

from app.coordination.bus import Bus
from app.coordination.link import Link
from app.coordination.local import Topics
from app.coordination.servers import way_of
from app.core.pace import Limit
from app.platforms.wechat.tokens import AccessTokens
from app.settings.coordination import Coordination
from tests.coordination.replicas import PATIENCE_S, Ear, pair, replica, shared, together
from tests.coordination.valkey import (
    KEY,
    OTHER_KEY,
    PASSWORD,
    Valkey,
    plain,
    running,
    settings_for,
    url_of,
)
from tests.platforms.test_wechat_tokens import StableToken

LONG = timedelta(seconds=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with running(plain(tmp_path_factory.mktemp("valkey"))) as started:
        yield started


@pytest.fixture
def settings(server: Valkey) -> Coordination:
    """An installation of its own on the shared server; patient, for a busy machine is not what is tested."""
    return settings_for(url_of(server), prefix=f"t{uuid4().hex[:8]}", timeout_s=2.0)


def straight(server: Valkey) -> Redis:
    """As somebody who has got at the server."""
    return Redis(host="127.0.0.1", port=server.port, password=PASSWORD)


# --- the end ----------------------------------------------------------------------------------


@pytest.fixture
def when_written(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes, Callable[[], object]], None]:
    """Has something done in the moment a command has been written, before the client resumes."""
    write = Connection._send_packed_command

    def arrange(command: bytes, what: Callable[[], object]) -> None:
        async def then(connection: Connection, packed: tuple[bytes, ...]) -> None:
            await write(connection, packed)
            if command in b"".join(packed):
                what()

        monkeypatch.setattr(Connection, "_send_packed_command", then)

    return arrange


async def test_who_is_cancelled_in_the_moment_a_question_was_written_ends(
    settings: Coordination, when_written: Callable[[bytes, Callable[[], object]], None]
) -> None:
    """The client forgets that it was cancelled: see `heeded`."""
    async with replica(settings) as one:
        await one.coordinator.put("k", "v", LONG)
        asking = asyncio.create_task(one.coordinator.get("k"))
        when_written(b"EVALSHA", asking.cancel)
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert one.coordinator.trouble == ""


async def test_a_listener_that_is_cancelled_in_the_moment_it_asked_for_life_ends(
    settings: Coordination,
    when_written: Callable[[bytes, Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the process would wait for it for ever instead of ending."""
    monkeypatch.setattr("app.coordination.bus.HEARTBEAT_S", 0.01)
    way, ready = way_of(settings), asyncio.Event()
    link = Link(way.client, settings.prefix, settings.timeout_s, Ear(), lambda: None)
    bus = Bus(way.client, f"{settings.prefix}:topics", link, Topics(), settings.timeout_s)
    listening = asyncio.create_task(bus.listen(ready))
    await ready.wait()
    when_written(b"PING", listening.cancel)
    done, _ = await asyncio.wait([listening], timeout=PATIENCE_S)
    assert done
    assert listening.cancelled()
    await way.client.aclose()


# --- announcements ----------------------------------------------------------------------------


async def test_an_announcement_reaches_every_waiter_of_the_other_process(settings: Coordination) -> None:
    async with pair(settings) as (one, two):
        waiting = [asyncio.create_task(two.coordinator.wait(f"t{n % 10}", PATIENCE_S)) for n in range(200)]
        await asyncio.sleep(0)
        for number in range(10):
            await one.coordinator.announce(f"t{number}")
        assert await asyncio.gather(*waiting) == [True] * 200


async def test_many_waiters_share_one_connection(server: Valkey, settings: Coordination) -> None:
    async with replica(settings) as one, straight(server) as client:
        waiting = [asyncio.create_task(one.coordinator.wait(f"t{n}", PATIENCE_S)) for n in range(500)]
        await asyncio.sleep(0)
        listening = [await client.pubsub_numsub(f"{settings.prefix}:topics")]
        assert listening == [[(f"{settings.prefix}:topics".encode(), 1)]]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_installations_with_other_prefixes_do_not_hear_each_other(settings: Coordination) -> None:
    other = settings.model_copy(update={"prefix": f"{settings.prefix}x"})
    async with replica(settings) as one, replica(other) as two:
        waiting = asyncio.create_task(two.coordinator.wait("t", 0.3))
        for _ in range(10):
            await one.coordinator.announce("t")
            await asyncio.sleep(0.01)
        await one.coordinator.put("k", "v", LONG)
        assert not await waiting
        assert await two.coordinator.get("k") is None


@pytest.mark.parametrize("noise", [b"", b"\n", b"\xff\n\xfe", b"x" * 1_000_000, b"x" + b"\nt" * 100_000])
async def test_noise_on_the_channel_harms_nobody(
    server: Valkey, settings: Coordination, noise: bytes
) -> None:
    async with pair(settings) as (one, two), straight(server) as client:
        await client.publish(f"{settings.prefix}:topics", noise)
        waiting = asyncio.create_task(two.coordinator.wait("after", PATIENCE_S))
        await asyncio.sleep(0)
        await one.coordinator.announce("after")
        assert await waiting
        assert (one.coordinator.trouble, one.ear.failures) == ("", [])


async def test_what_was_announced_last_leaves_before_the_end(settings: Coordination) -> None:
    async with replica(settings) as two:
        waiting = asyncio.create_task(two.coordinator.wait("last", PATIENCE_S))
        async with replica(settings) as one:
            await one.coordinator.announce("last")
        assert await waiting


# --- values -----------------------------------------------------------------------------------


async def test_what_one_puts_another_gets_for_as_long_as_it_lives(settings: Coordination) -> None:
    async with pair(settings) as (one, two):
        await one.coordinator.put("k", "值", timedelta(seconds=0.4))
        assert await two.coordinator.get("k") == "值"
        await asyncio.sleep(0.5)
        assert await two.coordinator.get("k") is None, "neither there nor in this process's memory"


async def test_nothing_that_lies_there_can_be_read(server: Valkey, settings: Coordination) -> None:
    async with replica(settings) as one, straight(server) as client:
        await one.coordinator.put("wechat:wx1:token", "SECRET-TOKEN", LONG)
        names = [name async for name in client.scan_iter(f"{settings.prefix}:value:*")]
        (lying,) = [await client.get(name) for name in names]
    assert isinstance(lying, bytes)
    assert b"SECRET-TOKEN" not in lying


async def test_a_value_moved_to_another_name_is_not_taken(server: Valkey, settings: Coordination) -> None:
    async with pair(settings) as (one, two), straight(server) as client:
        await one.coordinator.put("mine", "x", LONG)
        await client.rename(f"{settings.prefix}:value:{{mine}}", f"{settings.prefix}:value:{{other}}")
        assert await two.coordinator.get("other") is None
        assert two.ear.failures == [("coordination", "Unreadable")]
        assert two.coordinator.trouble == "", "the server is not to blame"


@pytest.mark.parametrize("life_ms", [-1, 10**18], ids=["for ever", "for ages"])
async def test_a_life_that_was_stretched_by_somebody_is_not_believed(
    server: Valkey, settings: Coordination, life_ms: int
) -> None:
    async with pair(settings) as (one, two), straight(server) as client:
        await one.coordinator.put("k", "v", LONG)
        name = f"{settings.prefix}:value:{{k}}"
        await (client.persist(name) if life_ms < 0 else client.pexpire(name, life_ms))
        assert await two.coordinator.get("k") == "v"
        assert (two.coordinator.trouble, two.ear.failures) == ("", [])


async def test_while_keys_are_changed_old_and_new_read_each_other(settings: Coordination) -> None:
    def with_keys(new: str, old: str | None = None) -> Coordination:
        return settings_for(settings.url, prefix=settings.prefix, secret_key=new, previous_secret_key=old)

    steps = (with_keys(KEY), with_keys(KEY, OTHER_KEY), with_keys(OTHER_KEY, KEY), with_keys(OTHER_KEY))
    for before, after in pairwise(steps):  # two that run beside each other
        async with replica(before) as one, replica(after) as two:
            await one.coordinator.put("from one", "1", LONG)
            await two.coordinator.put("from two", "2", LONG)
            assert await two.coordinator.get("from one") == "1"
            assert await one.coordinator.get("from two") == "2"
    async with replica(steps[0]) as one, replica(steps[3]) as two:
        await one.coordinator.put("k", "v", LONG)
        assert await two.coordinator.get("k") is None


# --- locks ------------------------------------------------------------------------------------


async def test_holders_in_two_processes_exclude_each_other(settings: Coordination) -> None:
    inside = most = 0
    async with pair(settings) as replicas:

        async def work(number: int) -> None:
            nonlocal inside, most
            async with replicas[number % 2].coordinator.lock("k", LONG):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.002)
                inside -= 1

        await asyncio.gather(*(work(number) for number in range(40)))
    assert most == 1


async def test_a_lock_whose_holder_has_died_is_free_after_its_lease(settings: Coordination) -> None:
    async with replica(settings) as two:
        async with replica(settings) as one:
            held = one.coordinator.lock("k", timedelta(seconds=0.5))
            await held.__aenter__()
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(PATIENCE_S), two.coordinator.lock("k", LONG):
            assert asyncio.get_running_loop().time() - began < 5


async def test_one_who_gave_up_while_asking_leaves_no_lock_behind(settings: Coordination) -> None:
    async with pair(settings) as (one, two):
        for turns in range(12):  # cancelled at every step of the way
            asking = asyncio.create_task(one.coordinator.lock("k", LONG).__aenter__())
            for _ in range(turns):
                await asyncio.sleep(0)
            if asking.done():
                break
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            async with asyncio.timeout(5), two.coordinator.lock("k", LONG):
                pass


@pytest.mark.parametrize("lifetime_ms", [None, 3_600_000], ids=["for ever", "for an hour"])
async def test_a_lock_that_none_of_us_holds_does_not_stop_us(
    server: Valkey, settings: Coordination, lifetime_ms: int | None
) -> None:
    async with replica(settings) as one, straight(server) as client:
        await client.set(f"{settings.prefix}:lock:{{k}}", "a stranger", px=lifetime_ms)
        async with asyncio.timeout(10), one.coordinator.lock("k", timedelta(seconds=0.2)):
            pass
        assert await client.get(f"{settings.prefix}:lock:{{k}}") == b"a stranger", "nor is it ours to free"


# --- what is built on it ----------------------------------------------------------------------


async def test_two_processes_fetch_one_access_token(settings: Coordination) -> None:
    wechat = StableToken()
    http = httpx.AsyncClient(transport=httpx.MockTransport(wechat))
    async with pair(settings) as replicas, http:
        tokens = [
            AccessTokens(http, "https://api.weixin", "wx1", "secret", one.coordinator, wechat.clock)
            for one in replicas
        ]
        got = await asyncio.gather(*(tokens[number % 2].current() for number in range(20)))
        assert (set(got), len(wechat.requests)) == ({"T1"}, 1)
        got = await asyncio.gather(*(tokens[number % 2].renew("T1") for number in range(20)))
        assert (set(got), wechat.forced) == ({"T2"}, [False, False, True])


async def test_tries_are_counted_by_all_processes_together(settings: Coordination) -> None:
    limit = Limit("guesses", 6, LONG)
    async with pair(settings) as replicas:
        allowed = [await replicas[number % 2].pace.allows(limit, "10.0.0.1") for number in range(8)]
        assert allowed == [True] * 6 + [False] * 2
        assert await replicas[0].pace.allows(limit, "10.0.0.2")
        assert await replicas[0].pace.allows(Limit("others", 6, LONG), "10.0.0.1")


async def test_what_was_refused_for_what_others_spent_costs_nothing_here(
    server: Valkey, settings: Coordination
) -> None:
    """Else who asks again and again would be kept out longer by each process than by all together."""
    limit = Limit("api", 5, LONG)
    async with pair(settings) as (one, two):
        assert (await two.pace.spend(limit, "li", 5)).allowed
        for _ in range(5):
            refused = await one.pace.spend(limit, "li", 1)
            assert (refused.allowed, refused.left) == (False, 0)
            assert not await one.pace.allows(limit, "li")
        server.tell("FLUSHALL")  # as if those of the other had grown old
        assert [await one.pace.allows(limit, "li") for _ in range(6)] == [True] * 5 + [False]


RIGHTS = (
    "+get +set +del +pttl +eval +evalsha +script|load +publish +subscribe +unsubscribe +ping "
    "+lindex +lpush +ltrim +expire"
)


async def test_it_needs_no_more_rights_than_the_manual_says(server: Valkey, settings: Coordination) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    assert RIGHTS in manual
    names = (f"~{settings.prefix}:*", f"&{settings.prefix}:*")
    server.tell("ACL", "SETUSER", settings.prefix, "on", f">{PASSWORD}", "-@all", *names, RIGHTS)
    limited = settings.model_copy(update={"url": settings.url.replace("://", f"://{settings.prefix}@")})
    async with pair(limited) as (one, two):
        await together(one, two)
        await shared(one, two)
        async with one.coordinator.lock("k", LONG):
            assert (await one.pace.spend(Limit("guesses", 1, LONG), "10.0.0.1", 1)).allowed
        assert not await two.pace.allows(Limit("guesses", 1, LONG), "10.0.0.1")
        assert (one.ear.failures, two.ear.failures) == ([], [])
    assert one.coordinator.trouble == ""


async def test_a_server_whose_scripts_were_forgotten_is_told_them_again(
    server: Valkey, settings: Coordination
) -> None:
    async with pair(settings) as (one, two), straight(server) as client:
        await one.coordinator.put("k", "v", LONG)
        await client.script_flush()
        assert await two.coordinator.get("k") == "v"
        await client.script_flush()
        async with one.coordinator.lock("k", LONG):
            assert await client.exists(f"{settings.prefix}:lock:{{k}}")
        assert (one.ear.failures, two.ear.failures) == ([], [])
