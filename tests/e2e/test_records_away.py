"""The records go away, a citizen writes, the guard is killed: he has heard the holding text, and a person
finds his message."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.core.errors import NotFound
from app.core.records import Exchange
from app.settings.channels import HOLDING_TEXT
from app.storage.migrate import upgrade
from app.storage.sql import SqlStore
from scripts.postgres import Postgres, running_postgres
from tests.e2e import processes
from tests.e2e.surroundings import listener, serving
from tests.e2e.test_conversation import Scripted
from tests.e2e.test_process import Running, configuration, guard

SOON = """
[sweeper]
every_s = 0.2
abandoned_after_s = 0
"""
PLATFORM_HANGS_UP_S = 5.0
KEY = "MsgId:24800000000000077"


@dataclass(frozen=True)
class Records:
    url: str
    away: Callable[[], AbstractContextManager[None]]

    async def found(self) -> Exchange | None:
        store = await SqlStore.open(self.url, busy_timeout_s=2)
        try:
            return await store.find_exchange("hall", KEY)
        except NotFound:
            return None
        finally:
            await store.aclose()

    async def listed(self) -> Exchange:
        """Once somebody has put it there. Raises TimeoutError."""
        async with asyncio.timeout(30):
            while True:
                exchange = await self.found()
                if exchange is not None and exchange.finished_at is not None:
                    return exchange
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that these tests may stop."""
    with running_postgres() as started:
        yield started


@pytest.fixture
def postgresql(server: Postgres) -> Iterator[str]:
    with server.connect() as connection:
        connection.execute("CREATE DATABASE records")
    upgrade(server.url("records"))
    yield server.url("records")
    with server.connect() as connection:
        connection.execute("DROP DATABASE records WITH (FORCE)")


@pytest.fixture(params=["an SQLite file that is locked", "a PostgreSQL that is stopped", "one that hangs"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Records:
    if "SQLite" in request.param:
        path = tmp_path / "records.db"
        return Records(f"sqlite:///{path}", lambda: locked(path))
    server: Postgres = request.getfixturevalue("server")
    url: str = request.getfixturevalue("postgresql")
    return Records(url, lambda: hanging(server) if "hangs" in request.param else stopped(server))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: Postgres) -> Iterator[None]:
    held = server.processes()
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def a_guard(folder: Path, records: Records, bot: str) -> AsyncIterator[Running]:
    async with guard(folder, bot, SOON, records.url) as running:
        yield running


@asynccontextmanager
async def started_without_records(folder: Path, records: Records, bot: str) -> AsyncIterator[Running]:
    """It lives, and has not told its address yet."""
    with closing(listener()) as free:
        port = free.getsockname()[1]
    config = folder / "shenyan.toml"
    text = configuration(folder, bot, records.url).replace("port = 0", f"port = {port}")
    config.write_text(text + SOON, encoding="utf-8")
    async with processes.running(config) as process:
        running = Running(process, f"http://127.0.0.1:{port}")
        await until(running, "/healthz", 200)
        yield running


async def until(running: Running, path: str, status: int) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False, timeout=20) as http:
        while True:
            with suppress(httpx.HTTPError):
                if (await http.get(running.url + path)).status_code == status:
                    return
            assert running.process.returncode is None
            await asyncio.sleep(0.1)


async def push_is_answered_with_the_holding_text(running: Running) -> None:
    began = time.monotonic()
    pushed = await running.push()
    assert (pushed.status_code, HOLDING_TEXT in pushed.text) == (200, True)
    assert time.monotonic() - began < PLATFORM_HANGS_UP_S


async def missing(running: Running) -> list[str]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        return list((await http.get(f"{running.url}/readyz")).json()["missing"])


@pytest.mark.timeout(180)
async def test_killed_while_the_records_are_away(tmp_path: Path, records: Records) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url:
        async with a_guard(tmp_path, records, url) as running:
            with records.away():
                await push_is_answered_with_the_holding_text(running)
                assert "records" in await missing(running)  # of long absence the rules, too: nobody saw them
                running.process.kill()
                await running.process.wait()
        assert await records.found() is None
        async with a_guard(tmp_path, records, url):
            exchange = await records.listed()
    assert (exchange.state.value, exchange.why) == ("unanswered", "records-away")
    assert exchange.answer is not None
    assert exchange.answer.text == HOLDING_TEXT
    assert not bot.asked.is_set()
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.timeout(180)
async def test_the_process_beside_it_lists_what_the_dead_one_has_kept(
    tmp_path: Path, server: Postgres, postgresql: str
) -> None:
    records = Records(postgresql, lambda: stopped(server))
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with (
        serving(bot, listener()) as url,
        a_guard(tmp_path, records, url) as dying,
        a_guard(tmp_path, records, url),
    ):
        with records.away():
            await push_is_answered_with_the_holding_text(dying)
            dying.process.kill()
            await dying.process.wait()
        exchange = await records.listed()
    assert (exchange.state.value, exchange.why) == ("unanswered", "records-away")


@pytest.mark.timeout(180)
async def test_alive_when_the_records_are_back_it_answers_late(
    tmp_path: Path, server: Postgres, postgresql: str
) -> None:
    records = Records(postgresql, lambda: stopped(server))
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url, a_guard(tmp_path, records, url) as running:
        with records.away():
            await push_is_answered_with_the_holding_text(running)
            assert not bot.asked.is_set()
        exchange = await records.listed()
        assert (exchange.state.value, exchange.why) == ("queued", "")


@pytest.mark.timeout(240)
async def test_started_while_the_records_are_away(tmp_path: Path, server: Postgres, postgresql: str) -> None:
    """A door that keeps messages; once the records are back, a guard like any other."""
    records = Records(postgresql, lambda: stopped(server))
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url, AsyncExitStack() as stack:
        with records.away():
            running = await stack.enter_async_context(started_without_records(tmp_path, records, url))
            await push_is_answered_with_the_holding_text(running)
            assert await missing(running) == ["records"]
            await until(running, "/v1/holds", 503)
        await until(running, "/readyz", 200)
        exchange = await records.listed()
        assert (exchange.state.value, exchange.why) == ("unanswered", "records-away")
        await push_is_answered_with_the_holding_text(running)  # the same, from the record
        running.process.send_signal(signal.SIGTERM)
        assert await running.process.wait() == 0
    assert not bot.asked.is_set()


@pytest.mark.timeout(120)
async def test_asked_to_stop_while_the_records_are_away_it_stops(
    tmp_path: Path, server: Postgres, postgresql: str
) -> None:
    records = Records(postgresql, lambda: stopped(server))
    with records.away():
        async with started_without_records(tmp_path, records, "http://127.0.0.1:9") as running:
            await push_is_answered_with_the_holding_text(running)
            running.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                await running.process.wait()
    assert len(list((tmp_path / "spool").iterdir())) == 1
