"""The configured label of generated content, on a bot's words at every door."""

import asyncio
from pathlib import Path
from typing import Any

import openai
from wechatpy import WeChatClient

from app.demo.inbox import Via
from tests.e2e.surroundings import APP_ID, town
from tests.e2e.test_chat_completions import ASKED, TOKEN, integrated, model_saying
from tests.e2e.test_conversation import seen
from tests.e2e.test_second_door import CITIZEN, POLITE, SECRET, pushed, vendor
from tests.platforms.loopback import answering, loopback

LABEL = "（本条由人工智能生成）"
LABELLED = f"{LABEL}\n{POLITE}"


async def test_a_bots_words_have_it_whichever_door_they_come_by(tmp_path: Path, at_the_stand: Any) -> None:
    async with loopback(answering(model_saying(POLITE))) as model:
        tables = {**integrated(), "vendors": {"acme": vendor()}}
        bot = {"kind": "chat", "url": f"{model.base}/v1/chat/completions", "model": "m"}
        label: dict[str, Any] = {"ai_label": LABEL, "ai_label_at": "start"}
        async with town(tmp_path, {"hall": bot}, tables=tables, **label) as here:
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            await here.emulator.inbox.at_least(CITIZEN, 1, 10)
            assert seen(here.emulator.inbox.of(CITIZEN)) == [(Via.PASSIVE, LABELLED)]
            at_the_stand(f"{here.url}/egress/wechat/hall")
            send = WeChatClient(APP_ID, SECRET).message.send_text
            await asyncio.to_thread(send, CITIZEN, POLITE)
            assert pushed(here) == [LABELLED]
            async with openai.AsyncOpenAI(base_url=f"{here.url}/v1", api_key=TOKEN, max_retries=0) as chat:
                said = await chat.chat.completions.create(model="hall", messages=ASKED)
            assert said.choices[0].message.content == LABELLED
