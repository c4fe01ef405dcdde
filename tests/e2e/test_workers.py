"""Several processes behind one port, on a real PostgreSQL and a real server of the Redis protocol."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.loading.ruleset import shipped_dirs
from app.storage.migrate import upgrade
from scripts.postgres import Postgres
from tests.coordination.valkey import KEY, PASSWORD, Valkey, plain, running, url_of
from tests.e2e import processes
from tests.e2e.surroundings import APP_ID, TOKEN, listener, peer_wire, serving
from tests.e2e.test_conversation import Scripted

pytestmark = pytest.mark.timeout(240)

CONFIG = """
[server]
port = 0
drain_within_s = 5
[storage]
url = "{records}"
[coordination]
url = "{valkey}"
password = "{password}"
secret_key = "{key}"
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
ANSWER = "您好，办事大厅工作日九点开门。"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with running(plain(tmp_path / "valkey")) as started:
        yield started


@dataclass(slots=True)
class Crew:
    parent: asyncio.subprocess.Process
    url: str
    config: Path
    asked: int = 0

    async def push(self, http: httpx.AsyncClient) -> httpx.Response:
        """A citizen who has never written before."""
        self.asked += 1
        body = (
            f"<xml><ToUserName>gh_hall</ToUserName><FromUserName>o-{self.asked}</FromUserName>"
            "<CreateTime>1795000000</CreateTime><MsgType>text</MsgType><Content>几点开门？</Content>"
            f"<MsgId>{self.asked}</MsgId></xml>"
        )
        sealed = peer_wire("plaintext").seal(body.encode())
        return await http.post(f"{self.url}/hooks/hall", params=dict(sealed.query), content=sealed.body)

    async def workers(self) -> dict[str, int]:
        """Process ids by number, as /metrics tells them."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            told = (await http.get(f"{self.url}/metrics")).text
        up = dict(re.findall(r'guard_worker_up\{worker="(\d)"\} (\d)', told))
        pids = children(self.parent.pid)
        if len(pids) != len(up):
            return {}
        return {number: pids[place] for place, number in enumerate(sorted(up)) if up[number] == "1"}


def children(parent: int) -> list[int]:
    """The processes that serve; multiprocessing starts one more, which tracks resources."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def alive(pids: Iterable[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


@asynccontextmanager
async def crew(
    folder: Path,
    postgres: Postgres,
    database: str,
    valkey: Valkey,
    bot: str,
    workers: int = 2,
    more: str = "",
) -> AsyncIterator[Crew]:
    await asyncio.to_thread(upgrade, postgres.url(database))
    config = folder / "shenyan.toml"
    config.write_text(
        CONFIG.format(
            records=postgres.url(database),
            valkey=url_of(valkey),
            password=PASSWORD,
            key=KEY,
            bot=bot,
            app_id=APP_ID,
            token=TOKEN,
        )
        + more
    )
    async with processes.running(config, "--workers", str(workers)) as parent:
        yield Crew(parent, await processes.address(parent), config)
        if parent.returncode is None:
            parent.terminate()
            async with asyncio.timeout(60):
                await parent.communicate()


async def until_both_serve(here: Crew) -> dict[str, int]:
    async with asyncio.timeout(90):
        while len(pids := await here.workers()) < 2:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.2)
    return pids


async def test_two_processes_share_the_port_and_survive_the_kill_of_one(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[], str], valkey: Valkey
) -> None:
    database = new_database()
    async with (
        serving(Scripted(ANSWER), listener()) as bot,
        crew(tmp_path, postgres, database, valkey, bot) as here,
        httpx.AsyncClient(trust_env=False, timeout=20) as http,
    ):
        before = await until_both_serve(here)
        assert set(before) == {"0", "1"}
        assert ANSWER in (await here.push(http)).text
        os.kill(before["0"], signal.SIGKILL)
        async with asyncio.timeout(90):
            while True:
                try:
                    after = await here.workers()
                except httpx.TransportError:  # its connection was cut with it
                    continue
                if len(after) == 2 and before["0"] not in after.values():
                    break
                await asyncio.sleep(0.2)
        async with httpx.AsyncClient(trust_env=False, timeout=20) as anew:
            answers = [await here.push(anew) for _ in range(6)]
        assert {ANSWER in answer.text for answer in answers} == {True}


async def test_sighup_replaces_every_process_and_a_wrong_configuration_changes_nothing(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[], str], valkey: Valkey
) -> None:
    database = new_database()
    async with (
        serving(Scripted(ANSWER), listener()) as bot,
        crew(tmp_path, postgres, database, valkey, bot) as here,
    ):
        before = await until_both_serve(here)
        right = here.config.read_text()
        here.config.write_text(right + "\n[nonsense]\n")
        here.parent.send_signal(signal.SIGHUP)
        await processes.told(here.parent, "reload.refused")
        assert await until_both_serve(here) == before
        here.config.write_text(
            right.replace('mode = "plaintext"', 'mode = "plaintext"\nholding_text = "您的留言已收到。"')
        )
        here.parent.send_signal(signal.SIGHUP)
        await processes.told(here.parent, "reload.done")
        after = await until_both_serve(here)
        assert set(after.values()).isdisjoint(before.values())
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            assert ANSWER in (await here.push(http)).text


async def told(here: Crew, word: bytes) -> None:
    assert here.parent.stderr is not None
    async with asyncio.timeout(90):
        while word not in await here.parent.stderr.readline():
            assert here.parent.returncode is None


async def test_rules_that_are_broken_while_they_run_stop_none_of_those_that_have_loaded_them(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[], str], valkey: Valkey
) -> None:
    """Killed while somebody edits a rule, one comes back when the rule is whole; the others serve."""
    rules = tmp_path / "rules"
    await asyncio.to_thread(shutil.copytree, shipped_dirs()[0], rules)
    database = new_database()
    async with (
        serving(Scripted(ANSWER), listener()) as bot,
        crew(tmp_path, postgres, database, valkey, bot, more=f'\n[rules]\nrules_dir = "{rules}"\n') as here,
    ):
        before = await until_both_serve(here)
        half = rules / "tone" / "half-a-rule.yaml"
        half.write_text("id: tone.half\nwhen: {")
        os.kill(before["0"], signal.SIGKILL)
        await told(here, b'"exitcode": 2')
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            assert ANSWER in (await here.push(http)).text
        half.unlink()
        assert before["1"] in (await until_both_serve(here)).values()


async def test_no_process_outlives_its_parent(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[], str], valkey: Valkey
) -> None:
    database = new_database()
    async with (
        serving(Scripted(ANSWER), listener()) as bot,
        crew(tmp_path, postgres, database, valkey, bot) as here,
    ):
        pids = await until_both_serve(here)
        here.parent.kill()
        async with asyncio.timeout(60):
            while alive(pids.values()):  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("records", "missing"),
    [
        pytest.param("sqlite:///{folder}/a.db", {"storage.url", "coordination.url"}, id="on SQLite"),
        pytest.param("postgresql://nobody@127.0.0.1:1/x", {"coordination.url"}, id="without Redis"),
    ],
)
async def test_more_than_one_process_needs_postgresql_and_redis(
    tmp_path: Path, records: str, missing: set[str]
) -> None:
    config = tmp_path / "shenyan.toml"
    text = re.sub(r"\[coordination\]\n(.+\n){3}", "", CONFIG)
    config.write_text(
        text.format(records=records.format(folder=tmp_path), bot="http://b", app_id=APP_ID, token=TOKEN)
    )
    told = await processes.refused(config, "--workers", "2")
    assert {line.split(":")[0] for line in told.splitlines()} == missing


NINE = """id: tone.nine
title: 说了几点
category: tone
subclass: slang
severity: high
when: {pattern: 九点}
why: 试一试新规则
source: 试一试新规则
examples:
  hit: [九点, 九点开门, 早上九点]
  pass: [八点, 您好, 十点]
"""


async def test_rules_that_are_published_are_every_processs_from_then_on(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[], str], valkey: Valkey
) -> None:
    database = new_database()
    async with (
        serving(Scripted(ANSWER), listener()) as bot,
        crew(tmp_path, postgres, database, valkey, bot) as here,
        httpx.AsyncClient(trust_env=False, timeout=20) as http,
    ):
        await until_both_serve(here)
        assert ANSWER in (await here.push(http)).text
        shutil.copytree(shipped_dirs()[0], tmp_path / "rules")
        (tmp_path / "rules" / "tone" / "nine.yaml").write_text(NINE, "utf-8")
        new = tmp_path / "new.toml"
        new.write_text(here.config.read_text() + f'\n[rules]\nrules_dir = "{tmp_path}/rules"\n')
        told = await ended("rules", "publish", "--reason", "试", "--config", str(new))
        assert "every replica judges by it" in told
        for _ in range(6):
            assert ANSWER not in (await here.push(http)).text
        figures = (await http.get(f"{here.url}/metrics")).text
        versions = set(re.findall(r'guard_build_info\{ruleset="(\w+)"', figures))
        assert len(versions) == 1
        (version,) = versions
        assert version[:12] in told
        (await http.get(f"{here.url}/readyz")).raise_for_status()


async def ended(*arguments: str) -> str:
    """What a command prints; it succeeds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
