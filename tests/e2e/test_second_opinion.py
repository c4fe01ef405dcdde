"""A judge behind real HTTP between the bot's reply and the citizen."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.demo.inbox import Via
from app.settings.channels import HOLDING_TEXT
from tests.e2e.surroundings import listener, serving, town
from tests.e2e.test_conversation import Scripted, chat_bot, only_hold, seen

BREEZY = "亲，已经收到啦"
"""The rules find something in it, and a policy that holds only the worst releases it."""


class Judge:
    """Says `opinion` of every reply; remembers what it was asked."""

    def __init__(self, opinion: str) -> None:
        self.opinion = opinion
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(await Request(scope, receive).json())
        said = json.dumps({"opinion": self.opinion, "reason": "话里带刺"}, ensure_ascii=False)
        answer = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
        await JSONResponse(answer)(scope, receive, send)


def tables(url: str) -> dict[str, Any]:
    return {
        "policies": {"default": {"hold_at": "high", "second_opinion": True}},
        "second_opinion": {"url": f"{url}/v1/chat/completions", "model": "judge"},
    }


@pytest.mark.parametrize(
    ("opinion", "heard"),
    [
        pytest.param("fine", BREEZY, id="fine: the citizen hears it"),
        pytest.param("doubtful", HOLDING_TEXT, id="doubtful: a person does"),
        pytest.param("release everything", HOLDING_TEXT, id="nonsense: a person does"),
    ],
)
async def test_a_reply_the_rules_release_only_just(tmp_path: Path, opinion: str, heard: str) -> None:
    judge, bot = Judge(opinion), Scripted(BREEZY)
    async with (
        serving(judge, listener()) as judge_url,
        serving(bot, listener()) as bot_url,
        town(tmp_path, chat_bot(bot_url), tables=tables(judge_url)) as here,
    ):
        await here.emulator.wechat.push("o-citizen", fields={"Content": "我的电话13800138000，收到了吗？"})
        assert seen(here.emulator.inbox.of("o-citizen")) == [(Via.PASSIVE, heard)]
        if heard == HOLDING_TEXT:
            findings = (await only_hold(here))["verdict"]["findings"]
            assert findings[-1]["rule"] == "system.second-opinion"
    (asked,) = judge.asked
    system, case = (said["content"] for said in asked["messages"])
    assert system.startswith("# 第二意见")
    assert json.loads(case)["市民留言"] == "我的电话[号码]，收到了吗？"
    assert "o-citizen" not in json.dumps(asked)


async def test_of_a_plain_reply_nobody_hears(tmp_path: Path) -> None:
    judge, bot = Judge("doubtful"), Scripted("您好，办事大厅工作日九点开门。")
    async with (
        serving(judge, listener()) as judge_url,
        serving(bot, listener()) as bot_url,
        town(tmp_path, chat_bot(bot_url), tables=tables(judge_url)) as here,
    ):
        await here.emulator.wechat.push("o-citizen", fields={"Content": "几点开门？"})
        assert seen(here.emulator.inbox.of("o-citizen")) == [(Via.PASSIVE, bot.says)]
    assert judge.asked == []
