"""What becomes of each use when the server is killed, frozen, full, emptied, or was never there."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.pace import Limit
from tests.coordination.replicas import PATIENCE_S, Stopwatch, pair, replica, shared, together, until
from tests.coordination.valkey import (
    Valkey,
    cluster_of_one,
    found_cluster,
    free_port,
    plain,
    running,
    settings_for,
    url_of,
    watched,
)

LONG = timedelta(seconds=60)
TIMEOUT_S = 0.5
SLACK_S = 0.5
"""What a busy machine may add."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with running(plain(tmp_path / "valkey")) as started:
        yield started


@dataclass(frozen=True)
class Harm:
    do: Callable[[Valkey], object]
    undo: Callable[[Valkey], object]


def fill(server: Valkey) -> None:
    server.tell("CONFIG", "SET", "maxmemory", "1")


HARMS = {
    "killed": Harm(Valkey.kill, Valkey.start),
    "frozen": Harm(Valkey.freeze, Valkey.thaw),
    "full": Harm(fill, lambda server: server.tell("CONFIG", "SET", "maxmemory", "0")),
    "made a follower": Harm(
        lambda server: server.tell("REPLICAOF", "127.0.0.1", str(free_port())),
        lambda server: server.tell("REPLICAOF", "NO", "ONE"),
    ),
    "closed to us": Harm(
        lambda server: server.tell("ACL", "SETUSER", "default", "-@all", "+acl", "+auth"),
        lambda server: server.tell("ACL", "SETUSER", "default", "+@all"),
    ),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=list(HARMS))
async def test_a_lost_server_costs_one_time_out_and_nothing_after(server: Valkey, harm: Harm) -> None:
    limit = Limit("guesses", 3, LONG)
    async with pair(settings_for(url_of(server))) as (one, two):
        await one.coordinator.put("mine", "1", LONG)
        await two.coordinator.put("theirs", "2", LONG)
        assert await one.coordinator.get("theirs") == "2"
        await together(one, two)
        harm.do(server)

        with Stopwatch() as first:
            await one.coordinator.put("now", "3", LONG)
        assert first.seconds < TIMEOUT_S + SLACK_S
        assert one.coordinator.trouble != ""
        with Stopwatch() as later:
            for number in range(100):
                await one.coordinator.announce("t")
                assert await one.coordinator.get("mine") == "1", "what this process has put"
                assert await one.coordinator.get("theirs") == "2", "what it has seen"
                assert await one.coordinator.get("now") == "3"
                assert await one.coordinator.get("never") is None
                await one.coordinator.put(f"k{number}", "v", LONG)
                async with one.coordinator.lock("k", LONG):
                    pass
        assert later.seconds < TIMEOUT_S, "600 calls and none that waits"

        waiting = asyncio.create_task(one.coordinator.wait("here", PATIENCE_S))
        await asyncio.sleep(0)
        await one.coordinator.announce("here")
        assert await waiting, "this process still hears itself"
        assert [await one.pace.allows(limit, "10.0.0.1") for _ in range(4)] == [True] * 3 + [False]

        harm.undo(server)
        await until(lambda: one.coordinator.trouble == two.coordinator.trouble == "")
        await together(one, two)
        await one.coordinator.put("again", "4", LONG)
        assert await two.coordinator.get("again") == "4"
        assert one.ear.changes[0] != ""
        assert one.ear.changes[-1] == ""
        assert {where for where, _ in one.ear.failures} == {"coordination"}


@pytest.mark.parametrize("harm", [HARMS["killed"], HARMS["frozen"]], ids=["killed", "frozen"])
async def test_many_calls_at_once_wait_no_longer_than_one(server: Valkey, harm: Harm) -> None:
    async with replica(settings_for(url_of(server))) as one:
        harm.do(server)
        with Stopwatch() as all_of_them:
            await asyncio.gather(*(one.coordinator.get(f"k{number}") for number in range(500)))
        assert all_of_them.seconds < TIMEOUT_S + SLACK_S
        assert len(one.ear.failures) == 1, "told once, not five hundred times"


async def test_an_announcement_never_waits_even_for_the_first_failure(server: Valkey) -> None:
    async with replica(settings_for(url_of(server))) as one:
        server.freeze()
        with Stopwatch() as calling:
            for number in range(1_000):
                await one.coordinator.announce(f"t{number}")
        assert calling.seconds < TIMEOUT_S / 2
        await until(lambda: one.coordinator.trouble != "")


async def test_a_loss_is_noticed_when_nobody_calls(server: Valkey) -> None:
    async with replica(settings_for(url_of(server))) as one:
        server.kill()
        await until(lambda: one.coordinator.trouble != "", within_s=10)
        assert one.ear.changes == [one.coordinator.trouble]


async def test_locks_exclude_within_the_process_while_the_server_is_away(server: Valkey) -> None:
    inside = most = 0
    async with replica(settings_for(url_of(server))) as one:
        server.kill()

        async def work() -> None:
            nonlocal inside, most
            async with one.coordinator.lock("k", LONG):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(work() for _ in range(20)))
    assert most == 1


async def test_who_waits_for_a_lock_goes_on_when_the_server_dies(server: Valkey) -> None:
    async with pair(settings_for(url_of(server))) as (one, two), one.coordinator.lock("k", LONG):
        waiting = asyncio.create_task(two.coordinator.lock("k", LONG).__aenter__())
        done, _ = await asyncio.wait([waiting], timeout=0.4)
        assert not done
        server.kill()
        async with asyncio.timeout(TIMEOUT_S + SLACK_S + 1):
            await waiting


async def test_an_error_under_a_lock_passes_while_the_server_is_away(server: Valkey) -> None:
    async with replica(settings_for(url_of(server))) as one:

        async def fail() -> None:
            async with one.coordinator.lock("k", LONG):
                server.kill()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()


async def test_whoever_waited_through_a_gap_is_told_to_look(server: Valkey) -> None:
    async with pair(settings_for(url_of(server))) as (one, two):
        waiting = asyncio.create_task(two.coordinator.wait("t", PATIENCE_S))
        server.kill()
        await until(lambda: one.coordinator.trouble != "" and two.coordinator.trouble != "")
        await one.coordinator.announce("t")  # nobody carries it
        server.start()
        assert await waiting


async def test_a_server_that_comes_back_empty_takes_nothing_from_who_knew_it(server: Valkey) -> None:
    limit = Limit("guesses", 2, LONG)
    async with pair(settings_for(url_of(server))) as (one, two):
        await one.coordinator.put("k", "v", LONG)
        for _ in range(2):
            assert await one.pace.allows(limit, "10.0.0.1")
        server.tell("FLUSHALL")
        assert await one.coordinator.get("k") == "v"
        assert await two.coordinator.get("k") is None, "it never saw it"
        assert not await one.pace.allows(limit, "10.0.0.1"), "its own count still says so"
        async with asyncio.timeout(PATIENCE_S), two.coordinator.lock("k", LONG):
            pass
        assert (one.coordinator.trouble, two.coordinator.trouble) == ("", "")


async def test_a_connection_that_was_cut_is_made_anew_and_nobody_notices(server: Valkey) -> None:
    async with pair(settings_for(url_of(server))) as (one, two):
        await one.coordinator.put("k", "v", LONG)
        for _ in range(3):
            server.tell("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            assert await one.coordinator.get("k") == "v"
            assert one.coordinator.trouble == ""
        await together(one, two)


async def test_a_server_that_was_not_there_at_the_start_is_found_when_it_comes(tmp_path: Path) -> None:
    late = plain(tmp_path / "late")
    late.port = free_port()
    with Stopwatch() as starting:
        opening = pair(settings_for(url_of(late)))
        one, two = await opening.__aenter__()
    try:
        assert starting.seconds < 10 * TIMEOUT_S
        assert one.coordinator.trouble != ""
        with running(late):
            await until(lambda: one.coordinator.trouble == two.coordinator.trouble == "")
            await together(one, two)
    finally:
        await opening.__aexit__(None, None, None)


async def test_a_wrong_password_is_as_good_as_no_server(server: Valkey) -> None:
    async with replica(settings_for(url_of(server), password="guessed")) as one:
        await one.coordinator.put("k", "v", LONG)
        assert await one.coordinator.get("k") == "v"
        assert one.coordinator.trouble == "AuthenticationError"
    assert ("coordination", "AuthenticationError") in one.ear.failures


async def test_a_dead_server_is_asked_ever_more_rarely() -> None:
    asked = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    door = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    async with door, replica(settings_for(f"redis://127.0.0.1:{port}")):
        await asyncio.sleep(3.0)
    # At once, then after pauses of 0.25, 0.5, 1 and 2 seconds at the most; each knocks twice.
    assert 2 * 3 <= asked <= 2 * 6


@pytest.mark.parametrize("harm", [HARMS["killed"], HARMS["frozen"]], ids=["killed", "frozen"])
async def test_a_cluster_is_lost_and_found_like_one_server(tmp_path: Path, harm: Harm) -> None:
    with running(cluster_of_one(tmp_path / "cluster")) as node:
        found_cluster(node)
        async with pair(settings_for(url_of(node, "redis+cluster"))) as (one, two):
            await together(one, two)
            await one.coordinator.put("k", "v", LONG)
            limit = Limit("guesses", 1, LONG)
            assert [await here.pace.allows(limit, "10.0.0.1") for here in (one, two)] == [True, False]
            harm.do(node)
            with Stopwatch() as first:
                assert await one.coordinator.get("k") == "v"
            assert first.seconds < TIMEOUT_S + SLACK_S
            harm.undo(node)
            await until(lambda: one.coordinator.trouble == two.coordinator.trouble == "")
            await together(one, two)
            await one.coordinator.put("again", "x", LONG)
            assert await two.coordinator.get("again") == "x"


@pytest.mark.parametrize("harm", [HARMS["killed"], HARMS["frozen"]], ids=["killed", "frozen"])
async def test_sentinels_name_another_master_and_all_go_there(tmp_path: Path, harm: Harm) -> None:
    with watched(tmp_path) as servers:
        async with pair(settings_for(servers.url)) as (one, two):
            await together(one, two)
            harm.do(servers.master)
            await until(lambda: "role:master" in servers.replica.tell("INFO", "replication"))
            await until(lambda: one.coordinator.trouble == two.coordinator.trouble == "")
            await shared(one, two)
            await together(one, two)
            async with asyncio.timeout(PATIENCE_S), one.coordinator.lock("k", LONG):
                pass
            assert (one.ear.changes[-1], two.ear.changes[-1]) == ("", "")
