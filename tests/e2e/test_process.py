"""The guard as a process: what a signal, or a kill at the worst moment, does to a conversation."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.storage.sql import SqlStore
from tests.e2e import processes
from tests.e2e.surroundings import APP_ID, TOKEN, listener, peer_wire, serving
from tests.e2e.test_conversation import Scripted

CONFIG = """
[server]
port = 0
[storage]
url = "{records}"
spool_dir = "{folder}/spool"
[bots.chat]
kind = "chat"
url = "{bot}/v1/chat/completions"
model = "m"
[channels.hall]
platform = "wechat"
bot = "chat"
app_id = "{app_id}"
token = "{token}"
mode = "plaintext"
"""

PUSH = (
    "<xml><ToUserName>gh_hall</ToUserName><FromUserName>o-citizen</FromUserName>"
    f"<CreateTime>{int(time.time())}</CreateTime>"
    "<MsgType>text</MsgType><Content>几点开门？</Content><MsgId>24800000000000077</MsgId></xml>"
)


@dataclass(frozen=True, slots=True)
class Running:
    process: asyncio.subprocess.Process
    url: str

    async def push(self) -> httpx.Response:
        sealed = peer_wire("plaintext").seal(PUSH.encode())
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            return await http.post(f"{self.url}/hooks/hall", params=dict(sealed.query), content=sealed.body)


def configuration(folder: Path, bot: str, records: str = "") -> str:
    records = records or f"sqlite:///{folder}/records.db"
    return CONFIG.format(folder=folder, bot=bot, app_id=APP_ID, token=TOKEN, records=records)


@asynccontextmanager
async def guard(folder: Path, bot: str, more: str = "", records: str = "") -> AsyncIterator[Running]:
    """`more`: further tables of the configuration. `records`: their URL; empty: a file in `folder`."""
    config = folder / "shenyan.toml"
    config.write_text(configuration(folder, bot, records) + more, encoding="utf-8")
    async with processes.running(config) as process:
        yield Running(process, await processes.address(process))


async def outcomes(folder: Path) -> list[tuple[str, str]]:
    """State and answer of every exchange on record."""
    store = await SqlStore.open(f"sqlite:///{folder}/records.db", busy_timeout_s=2)
    try:
        exchange = await store.find_exchange("hall", "MsgId:24800000000000077")
    finally:
        await store.aclose()
    return [(exchange.state.value, exchange.answer.text if exchange.answer else "")]


@pytest.mark.timeout(120)
async def test_sigterm_lets_a_conversation_finish(tmp_path: Path) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    bot.may_answer.clear()
    async with serving(bot, listener()) as url, guard(tmp_path, url) as running:
        push = asyncio.create_task(running.push())
        await bot.asked.wait()
        running.process.send_signal(signal.SIGTERM)
        bot.may_answer.set()
        assert bot.says in (await push).text
        assert await running.process.wait() == 0
    assert await outcomes(tmp_path) == [("answered", bot.says)]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"POST /hooks/hall HTTP/1.1\r\n" + b"X: y\r\n" * 100_000, id="a head"),
        pytest.param(b"POST /hooks/" + b"y" * 1_000_000, id="an address"),
        pytest.param(
            b"POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000,
            id="trailers",
        ),
    ],
)
async def test_whoever_sends_what_never_ends_fills_no_memory(tmp_path: Path, endless: bytes) -> None:
    async with guard(tmp_path, "http://127.0.0.1:9") as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url.rsplit(":", 1)[1]))
        writer.write(endless)
        with suppress(ConnectionError):
            async with asyncio.timeout(3):  # uvicorn itself closes only a connection on which nothing comes
                await reader.read()
        writer.close()


@pytest.mark.timeout(120)
async def test_a_kill_while_the_bot_is_asked_loses_nothing(tmp_path: Path) -> None:
    """The platform's resend meets the restarted guard, and gets the answer."""
    bot = Scripted("您好，办事大厅工作日九点开门。")
    bot.may_answer.clear()
    async with serving(bot, listener()) as url:
        async with guard(tmp_path, url) as running:
            push = asyncio.create_task(running.push())
            await bot.asked.wait()
            running.process.kill()
            with pytest.raises(httpx.HTTPError):
                await push
        assert await outcomes(tmp_path) == [("claimed", "")]
        bot.may_answer.set()
        async with guard(tmp_path, url) as running:
            assert bot.says in (await running.push()).text
            assert bot.says in (await running.push()).text  # once more: from the record
    assert await outcomes(tmp_path) == [("answered", bot.says)]


@pytest.mark.timeout(60)
async def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    taken = listener()
    config = tmp_path / "shenyan.toml"
    text = configuration(tmp_path, "http://127.0.0.1:9")
    config.write_text(text.replace("port = 0", f"port = {taken.getsockname()[1]}"), encoding="utf-8")
    told = await processes.refused(config)
    taken.close()
    assert "server.port" in told
    assert "Traceback" not in told


@pytest.mark.timeout(120)
async def test_sighup_is_answered_with_what_to_do_and_the_guard_goes_on(tmp_path: Path) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url, guard(tmp_path, url) as running:
        for _ in range(2):
            running.process.send_signal(signal.SIGHUP)
            assert "restart it" in await processes.told(running.process, "reload.needs-restart")
        assert bot.says in (await running.push()).text
        running.process.send_signal(signal.SIGTERM)
        assert await running.process.wait() == 0


@pytest.mark.timeout(120)
async def test_a_guard_that_waits_for_its_records_outlives_a_sighup(tmp_path: Path) -> None:
    config = tmp_path / "shenyan.toml"
    nowhere = "postgresql://nobody@127.0.0.1:1/x"
    config.write_text(configuration(tmp_path, "http://127.0.0.1:9", nowhere), encoding="utf-8")
    async with processes.running(config) as process:
        await processes.told(process, '"where": "store"')
        process.send_signal(signal.SIGHUP)
        await processes.told(process, "reload.needs-restart")
