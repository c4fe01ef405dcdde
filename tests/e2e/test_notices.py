"""A citizen's emergency, a reply that is held, and one message in the duty group."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.e2e.surroundings import listener, serving, town
from tests.e2e.test_conversation import Scripted
from tests.platforms.loopback import Behaviour, Received, answering, loopback


async def said_in_the_group(folder: Path, *answers: bytes) -> list[str]:
    """What the robot was sent until it had given the last of `answers`."""
    left, done = list(answers), asyncio.Event()

    async def behave(received: Received, writer: asyncio.StreamWriter) -> None:
        answer: Behaviour = answering(left.pop(0) if left else answers[-1])
        await answer(received, writer)
        if not left:
            done.set()

    async with serving(Scripted("呵呵，滚，别再来问。"), listener()) as bot, loopback(behave) as group:
        robot: dict[str, Any] = {
            "kind": "wecom",
            "url": f"{group.base}/send?key=k",
            "per_minute": 20,
            "kinds": ["urgent_hold"],
        }
        tables = {"notifications": {"console_url": "http://guard/console/", "robots": {"duty": robot}}}
        chat = {"kind": "chat", "url": f"{bot}/v1", "model": "m"}
        async with town(folder, {"hall": chat}, tables=tables) as here:
            await here.emulator.wechat.push("o-citizen", fields={"Content": "楼下着火了，我叫王小明"})
            async with asyncio.timeout(40):
                await done.wait()
        return [json.loads(one.body)["text"]["content"] for one in group.received]


async def test_an_urgent_hold_is_one_message_without_anybodys_words(tmp_path: Path) -> None:
    (text,) = await said_in_the_group(tmp_path, b'{"errcode":0}')
    assert "紧急待办：hall 1" in text
    assert text.endswith("http://guard/console/")
    for word in ("着火", "王小明", "呵呵", "o-citizen"):
        assert word not in text


async def test_an_answer_nobody_can_read_delays_it_only(tmp_path: Path) -> None:
    first, second = await said_in_the_group(tmp_path, b"[" * 60_000, b'{"errcode":0}')
    assert first == second
