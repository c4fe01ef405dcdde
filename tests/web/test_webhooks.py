"""The door that every push comes through: real WeChat bytes, signed by an independent peer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha1
from pathlib import Path

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from app.core.model import Reply
from app.core.records import ExchangeState
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.web.front import Front
from app.web.webhooks import Hook, Webhooks
from tests.service.stage import HOLDING, MOCKING, POLITE, FlakyStore, Stage, stage
from tests.values import NOON

TOKEN, NONCE = "halltoken", "n1"
PUSH = (
    "<xml><ToUserName><![CDATA[gh_hall]]></ToUserName><FromUserName><![CDATA[citizen-1]]></FromUserName>"
    "<CreateTime>{time}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId></xml>"
)


def push(text: str = "几点开门？", message_id: int = 1) -> bytes:
    return PUSH.format(time=int(NOON.timestamp()), text=text, id=message_id).encode()


def signed(age_s: float = 0, token: str = TOKEN) -> dict[str, str]:
    timestamp = str(int(NOON.timestamp() - age_s))
    joined = "".join(sorted([token, timestamp, NONCE]))
    return {
        "signature": sha1(joined.encode(), usedforsecurity=False).hexdigest(),
        "timestamp": timestamp,
        "nonce": NONCE,
    }


@asynccontextmanager
async def door(
    folder: Path, *, flaky: list[FlakyStore] | None = None, read_within_s: float = 1.0
) -> AsyncIterator[tuple[httpx.AsyncClient, Stage]]:
    async with stage(folder, flaky=flaky) as here:
        codec = WeChatCodec("hall", WeChatCredentials(TOKEN, "wx-hall", "plaintext"), timedelta(minutes=10))
        here.relay.codec = codec
        here.bot.may_answer.set()
        webhooks = Webhooks({"hall": Hook(codec, here.relay)}, here.heard, here.clock, 4_096, read_within_s)
        transport = httpx.ASGITransport(Front(webhooks, {}, webhooks, webhooks))
        async with httpx.AsyncClient(transport=transport, base_url="http://guard") as client:
            yield client, here


async def test_the_platforms_url_check_is_answered(tmp_path: Path) -> None:
    async with door(tmp_path) as (client, _):
        answer = await client.get("/hooks/hall", params={**signed(), "echostr": "5883223945629370843"})
        assert (answer.status_code, answer.text) == (200, "5883223945629370843")


async def test_a_push_is_answered_with_the_bots_words_written_anew(tmp_path: Path) -> None:
    async with door(tmp_path) as (client, _):
        answer = await client.post("/hooks/hall", params=signed(), content=push())
        assert answer.status_code == 200
        assert f"<Content><![CDATA[{POLITE.text}]]></Content>" in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(push()[:-20], 400, id="truncated"),
        pytest.param(b"<xml>" + b"<a>" * 100 + b"</a>" * 100 + b"</xml>", 400, id="deeply nested"),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><Content>&b;</Content></xml>',
            400,
            id="entity bomb",
        ),
        pytest.param(push("你好").decode().encode("gbk"), 400, id="not UTF-8"),
        pytest.param(push("a\x00b"), 400, id="NUL"),
        pytest.param(b"[1, 2]", 400, id="JSON of the wrong shape"),
        pytest.param(b'{"MsgType": {"a": []}}', 400, id="JSON with the wrong types"),
        pytest.param(push("长" * 4_000), 413, id="over the cap"),
    ],
)
async def test_what_is_no_push_is_refused_with_a_word_and_the_bot_hears_nothing(
    tmp_path: Path, body: bytes, status: int
) -> None:
    async with door(tmp_path) as (client, here):
        answer = await client.post("/hooks/hall", params=signed(), content=body)
        assert answer.status_code == status
        assert answer.text
        assert here.bot.asked == []


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        pytest.param("/hooks/hall", {**signed(), "signature": "0" * 40}, 403, id="a wrong signature"),
        pytest.param("/hooks/hall", {}, 403, id="no signature"),
        pytest.param("/hooks/hall", signed(age_s=601), 403, id="a stale one"),
        pytest.param("/hooks/hall", signed(age_s=-601), 403, id="one from the future"),
        pytest.param("/hooks/hall", signed(token="other"), 403, id="another account's"),
        pytest.param("/hooks/hall", [*signed().items(), ("nonce", "n2")], 400, id="a doubled parameter"),
        pytest.param("/hooks/nobody", signed(), 404, id="an unknown channel"),
        pytest.param("/hooks/x/hall", signed(), 404, id="a path that only ends like one"),
    ],
)
async def test_who_is_not_the_platform_is_refused(
    tmp_path: Path, path: str, query: dict[str, str], status: int
) -> None:
    async with door(tmp_path) as (client, here):
        answer = await client.post(path, params=query, content=push())
        assert answer.status_code == status
        assert here.bot.asked == []


async def test_other_methods_are_refused(tmp_path: Path) -> None:
    async with door(tmp_path) as (client, _):
        assert (await client.put("/hooks/hall", params=signed(), content=push())).status_code == 405


async def test_a_repeat_hears_the_recorded_answer_and_a_changed_repeat_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path) as (client, here):
        first = await client.post("/hooks/hall", params=signed(), content=push())
        again = await client.post("/hooks/hall", params=signed(), content=push())
        assert again.text == first.text
        changed = await client.post("/hooks/hall", params=signed(), content=push("换了内容"))
        assert changed.status_code == 409
        assert len(here.bot.asked) == 1


async def test_a_body_that_trickles_is_refused(tmp_path: Path) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield push()[:50]
        await asyncio.Event().wait()

    async with door(tmp_path, read_within_s=0.05) as (client, here):
        answer = await client.post("/hooks/hall", params=signed(), content=trickle())
        assert answer.status_code == 408
        assert here.bot.asked == []


async def test_a_kind_never_seen_before_reaches_the_bot_byte_for_byte(tmp_path: Path) -> None:
    body = push().replace(b"[text]", b"[hologram]")
    async with door(tmp_path) as (client, here):
        await client.post("/hooks/hall", params=signed(), content=body)
        assert here.bot.asked[0].raw == body


@pytest.mark.parametrize("words", ["😀 你好", "a]]>b", "<b>&amp;</b>"])
async def test_any_words_survive_both_ways(tmp_path: Path, words: str) -> None:
    body = push("%s").decode().replace("<![CDATA[%s]]>", _escaped(words)).encode()
    async with door(tmp_path) as (client, here):
        here.bot.reply = Reply.of(words)
        answer = await client.post("/hooks/hall", params=signed(), content=body)
        assert here.bot.asked[0].text == words
        assert fromstring(answer.content).findtext("Content") == words


async def test_when_the_records_are_away_past_the_backlog_the_platform_is_told(tmp_path: Path) -> None:
    switches: list[FlakyStore] = []
    async with door(tmp_path, flaky=switches) as (client, here):
        switches[0].away = True
        here.relay.backlog = 0
        answer = await client.post("/hooks/hall", params=signed(), content=push())
        assert answer.status_code == 503


async def test_a_held_reply_is_answered_with_the_holding_text(tmp_path: Path) -> None:
    async with door(tmp_path) as (client, here):
        here.bot.reply = MOCKING
        answer = await client.post("/hooks/hall", params=signed(), content=push())
        assert HOLDING.text in answer.text
        assert MOCKING.text not in answer.text
        assert (await here.store.find_exchange("hall", "MsgId:1")).state is ExchangeState.HELD


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
