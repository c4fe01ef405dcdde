"""One reply, from the citizen to the citizen, over real HTTP, with peers that are not ours.

The platform's side is signed and sealed by wechatpy; the vendor's bot is an unmodified framework.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.demo.inbox import Received, Via
from app.settings.channels import HOLDING_TEXT
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import Town, listener, serving, town

Wsgi = Callable[..., Any]


def webhook_bot(url: str, aes_key: str = "", **more: Any) -> dict[str, Any]:
    facts = {"kind": "webhook", "url": url, "token": vendors.TOKEN, "app_id": vendors.APP_ID, **more}
    return facts | ({"aes_key": aes_key} if aes_key else {})


def seen(received: tuple[Received, ...]) -> list[tuple[Via, str]]:
    return [(one.via, one.text) for one in received]


@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
@pytest.mark.parametrize("aes_key", ["", vendors.AES_KEY], ids=["vendor-plain", "vendor-encrypted"])
@pytest.mark.parametrize(
    "vendor",
    [
        pytest.param(vendors.werobot_vendor, id="WeRoBot"),
        pytest.param(vendors.wechatpy_vendor, id="wechatpy"),
    ],
)
async def test_an_unmodified_framework_answers_through_the_guard(
    tmp_path: Path, mode: str, aes_key: str, vendor: Callable[[str], Wsgi]
) -> None:
    with vendors.served(vendor(aes_key)) as url:
        async with town(tmp_path, {"hall": webhook_bot(url, aes_key)}, mode) as here:
            await here.emulator.wechat.push("o-citizen", fields={"Content": "几点开门？😀 a<b & c"})
            received = here.emulator.inbox.of("o-citizen")
    assert seen(received) == [(Via.PASSIVE, "已记录您的问题：“几点开门？😀 a<b & c”")]


async def test_text_that_breaks_out_of_the_vendors_cdata_reaches_nobody(tmp_path: Path) -> None:
    """The frameworks echo `]]>` raw; what they then emit has a second Content, and is no reply."""
    words = "x]]></Content><MsgType>image</MsgType><Content><![CDATA[y"
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}) as here:
            await here.emulator.wechat.push("o-citizen", fields={"Content": words})
            assert seen(here.emulator.inbox.of("o-citizen")) == [(Via.PASSIVE, HOLDING_TEXT)]
            listed = (await here.http.get("/v1/exchanges", params={"state": "unanswered"})).json()["items"]
            assert [one["why"] for one in listed] == ["bot-doubled"]


class Scripted:
    """A chat endpoint that says what it is told, after what it is told."""

    def __init__(self, says: str) -> None:
        self.says = says
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        self.asked.set()
        await self.may_answer.wait()
        answer = {"choices": [{"message": {"content": self.says}, "finish_reason": "stop"}]}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def chat_bot(url: str) -> dict[str, Any]:
    return {"hall": {"kind": "chat", "url": f"{url}/v1/chat/completions", "model": "m"}}


async def only_hold(here: Town) -> dict[str, Any]:
    (hold,) = (await here.http.get("/v1/holds")).json()["items"]
    return dict(hold)


async def test_a_mocking_reply_waits_until_a_person_has_rewritten_it(tmp_path: Path) -> None:
    bot = Scripted("不说话没人把你当哑巴")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url)) as here:
        await here.emulator.wechat.push("o-citizen", fields={"Content": "工地扬尘太大，孩子们没法上课！"})
        hold = await only_hold(here)
        assert "mockery" in {finding["category"] for finding in hold["verdict"]["findings"]}
        edit = {"version": hold["version"], "text": "您好，您反映的扬尘问题已转交市生态环境局核实。"}
        answer = await here.http.post(f"/v1/holds/{hold['id']}/edit", json=edit)
        assert answer.status_code == 200
        received = await here.emulator.inbox.at_least("o-citizen", 2, within_s=10)
    assert seen(received) == [(Via.PASSIVE, HOLDING_TEXT), (Via.API, edit["text"])]


async def test_a_late_reply_is_checked_and_delivered(tmp_path: Path) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    bot.may_answer.clear()
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url), answer_within_s=0.2) as here:
        await here.emulator.wechat.push("o-citizen", fields={"Content": "几点开门？"})
        bot.may_answer.set()
        received = await here.emulator.inbox.at_least("o-citizen", 2, within_s=10)
    assert seen(received) == [(Via.PASSIVE, HOLDING_TEXT), (Via.API, bot.says)]


async def test_a_welcome_that_is_held_says_at_once_that_it_cannot_be_delivered_later(tmp_path: Path) -> None:
    bot = Scripted("么么哒，欢迎小可爱关注哟~")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url)) as here:
        await here.emulator.wechat.push("o-citizen", kind="subscribe")
        assert (await only_hold(here))["reviewable"] is False


@pytest.mark.parametrize("kind", ["private message", "mention"])
async def test_weibo_is_guarded_too(tmp_path: Path, kind: str) -> None:
    bot = Scripted("您好，公交线路请以公交公司公布的信息为准。")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url)) as here:
        if kind == "mention":
            await here.emulator.weibo.mention(2489518277, "末班车几点？", 4_900_000_000_000_001)
        else:
            await here.emulator.weibo.push(2489518277, "text", "末班车几点？")
        received = await here.emulator.inbox.at_least("2489518277", 1, within_s=10)
    via = Via.COMMENT if kind == "mention" else Via.PASSIVE
    assert (received[0].via, bot.says in received[0].text) == (via, True)


async def test_the_platforms_url_check_is_answered(tmp_path: Path) -> None:
    bot = Scripted("您好")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url)) as here:
        assert await here.emulator.wechat.verify_url()
        assert await here.emulator.weibo.verify_url()


async def test_a_locked_database_costs_the_citizen_nothing_but_time(tmp_path: Path) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url), answer_within_s=1.0) as here:
        assert (await here.http.get("/readyz")).status_code == 200
        locker = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        readiness = await here.http.get("/readyz", timeout=20)
        assert (readiness.status_code, set(readiness.json()["missing"])) == (503, {"records"})
        await here.emulator.wechat.push("o-citizen", fields={"Content": "几点开门？"})
        # Durable on the guard's own disk: the citizen hears so, and the bot has not been asked yet.
        assert seen(here.emulator.inbox.of("o-citizen")) == [(Via.PASSIVE, HOLDING_TEXT)]
        assert not bot.asked.is_set()
        locker.execute("ROLLBACK")
        locker.close()
        received = await here.emulator.inbox.at_least("o-citizen", 2, within_s=30)
    assert seen(received)[1:] == [(Via.API, bot.says)]


async def test_health_metrics_and_openapi_tell_the_truth(tmp_path: Path) -> None:
    bot = Scripted("您好，办事大厅工作日九点开门。")
    async with serving(bot, listener()) as url, town(tmp_path, chat_bot(url)) as here:
        await here.emulator.wechat.push("o-citizen", fields={"Content": "几点开门？"})
        assert (await here.http.get("/healthz")).json() == {"status": "ok"}
        page = (await here.http.get("/metrics")).text
        assert 'guard_exchanges_total{channel="hall",state="answered"} 1.0' in page
        assert "o-citizen" not in page
        paths = (await here.http.get("/v1/openapi.json")).json()["paths"]
        assert {"/v1/holds/{hold_id}/approve", "/v1/check", "/v1/deliveries", "/v1/exchanges"} <= set(paths)
