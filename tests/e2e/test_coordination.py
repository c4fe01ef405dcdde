"""The whole guard beside a real server of the Redis protocol, and without it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.inbox import Via
from app.settings.channels import HOLDING_TEXT
from tests.coordination.valkey import KEY, PASSWORD, Valkey, plain, running, url_of
from tests.e2e.surroundings import APP_ID, Town, listener, serving, town
from tests.e2e.test_conversation import Scripted, chat_bot, seen


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with running(plain(tmp_path / "valkey")) as started:
        yield started


def tables(server: Valkey) -> dict[str, object]:
    return {"coordination": {"url": url_of(server), "password": PASSWORD, "secret_key": KEY}}


async def readiness(here: Town) -> tuple[int, dict[str, str]]:
    answer = await here.http.get("/readyz")
    return answer.status_code, answer.json()["degraded"]


async def gauge(here: Town) -> str:
    text = (await here.http.get("/metrics")).text
    return next(line for line in text.splitlines() if line.startswith("guard_coordination_up"))


async def test_citizens_are_answered_as_before_when_the_server_hangs(tmp_path: Path, server: Valkey) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with (
        serving(bot, listener()) as url,
        town(tmp_path, chat_bot(url), tables=tables(server)) as here,
    ):
        async with asyncio.timeout(20):
            while await readiness(here) != (200, {}):  # noqa: ASYNC110 - a slow machine takes its time
                await asyncio.sleep(0.05)
        assert await gauge(here) == "guard_coordination_up 1.0"
        server.freeze()
        for number in range(3):
            began = time.monotonic()
            await here.emulator.wechat.push(f"o-citizen{number}", fields={"Content": "几点开门？"})
            assert time.monotonic() - began < 2, "the platform hangs up at 5 s"
            assert [via for via, _ in seen(here.emulator.inbox.of(f"o-citizen{number}"))] == [Via.PASSIVE]
        async with asyncio.timeout(10):
            while (await readiness(here))[1] == {}:  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0.05)
        status, degraded = await readiness(here)
        assert (status, set(degraded)) == (200, {"coordination"})
        assert await gauge(here) == "guard_coordination_up 0.0"


async def test_late_replies_are_delivered_with_the_server_and_without(tmp_path: Path, server: Valkey) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with (
        serving(bot, listener()) as url,
        town(tmp_path, chat_bot(url), tables=tables(server), answer_within_s=0.2) as here,
    ):
        for citizen in ("o-first", "o-second"):
            if citizen == "o-second":
                server.freeze()
            bot.may_answer.clear()
            await here.emulator.wechat.push(citizen, fields={"Content": "几点开门？"})
            bot.may_answer.set()
            received = await here.emulator.inbox.at_least(citizen, 2, within_s=10)
            assert seen(received) == [(Via.PASSIVE, HOLDING_TEXT), (Via.API, bot.says)]
        server.thaw()
        assert server.tell("EXISTS", f"shenyan:value:{{wechat:{APP_ID}:token}}") == ":1"
