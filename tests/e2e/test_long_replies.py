"""A reply longer than the platform takes reaches the citizen in order, or waits whole."""

import asyncio
from pathlib import Path

from app.demo.inbox import Via
from app.ports import HoldFilter
from tests.e2e.surroundings import Town, town
from tests.e2e.test_conversation import seen
from tests.platforms.loopback import answering, loopback

SENTENCES = [
    f"第{number}步，请带身份证到{number}号窗口办理登记，再到自助机上打印回执。" for number in range(60)
]
LONG = "".join(SENTENCES)


def chat(base: str) -> dict[str, object]:
    return {"kind": "json", "url": base, "request": {"q": "{text}"}, "reply_path": "answer"}


async def arrived(here: Town, count: int) -> list[tuple[Via, str]]:
    async with asyncio.timeout(20):
        while len(found := seen(here.emulator.inbox.of("o-citizen"))) < count:
            await here.guard.courier.run_once()
            await asyncio.sleep(0.02)
    return found


async def test_the_pieces_come_in_order_the_first_at_once(tmp_path: Path) -> None:
    body = f'{{"answer": "{LONG}"}}'.encode()
    async with loopback(answering(body)) as bot, town(tmp_path, {"hall": chat(bot.base)}) as here:
        await here.emulator.wechat.push("o-citizen", fields={"Content": "怎么办居住证？"})
        found = await arrived(here, 3)
        assert [via for via, _ in found] == [Via.PASSIVE, Via.API, Via.API]
        assert "".join(text for _, text in found) == LONG
        assert all(text.endswith("。") for _, text in found)


async def test_a_long_reply_with_one_bad_sentence_waits_whole_and_is_released_in_pieces(
    tmp_path: Path,
) -> None:
    body = f'{{"answer": "{LONG}滚，别再来问，听不懂人话吗。"}}'.encode()
    async with loopback(answering(body)) as bot, town(tmp_path, {"hall": chat(bot.base)}) as here:
        await here.emulator.wechat.push("o-citizen", fields={"Content": "怎么办居住证？"})
        (hold,) = (await here.guard.store.holds(HoldFilter())).items
        answer = await here.http.post(f"/v1/holds/{hold.id}/edit", json={"version": 1, "text": LONG})
        assert answer.status_code == 200
        found = await arrived(here, 4)
        assert "".join(text for via, text in found if via is Via.API) == LONG
