"""Each robot over a real socket: what it is sent, its signature computed anew here, how it says no."""

import asyncio
import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.clients import platform_http
from app.core.errors import PostError
from app.notifying.posting import body_of, posted
from app.notifying.robots import DingTalkRobot, FeishuRobot, PlainRobot, WeComRobot
from app.notifying.signed import post
from app.service.noticing import Robot
from tests.platforms.loopback import Behaviour, Received, answering, endless, loopback
from tests.service.stage import ToyClock
from tests.values import NOON

SECRET = "SECabc123"
TEXT = "【慎言】\n紧急待办：hall 2（12:00 起）"
SECONDS = str(int(NOON.timestamp()))


def robot(kind: str, http: httpx.AsyncClient, url: str) -> Robot:
    made: dict[str, Robot] = {
        "wecom": WeComRobot(http, url),
        "dingtalk": DingTalkRobot(http, url, SECRET, ToyClock()),
        "feishu": FeishuRobot(http, url, SECRET, ToyClock()),
        "webhook": PlainRobot(http, url, SECRET, ToyClock()),
    }
    return made[kind]


async def said(kind: str, behaviour: Behaviour) -> Received:
    async with loopback(behaviour) as server, platform_http() as http:
        await robot(kind, http, f"{server.base}/robot?key=k").say(TEXT)
        return server.received[0]


async def test_wecom_is_sent_a_text() -> None:
    received = await said("wecom", answering(b'{"errcode":0,"errmsg":"ok"}'))
    assert json.loads(received.body) == {"msgtype": "text", "text": {"content": TEXT}}


async def test_dingtalk_is_signed_in_the_address() -> None:
    received = await said("dingtalk", answering(b'{"errcode":0}'))
    query = parse_qs(urlsplit(received.line.split()[1]).query)
    assert query["timestamp"] == [f"{SECONDS}000"]
    wanted = hmac.digest(SECRET.encode(), f"{SECONDS}000\n{SECRET}".encode(), "sha256")
    assert base64.b64decode(query["sign"][0]) == wanted
    assert query["key"] == ["k"]


async def test_feishu_is_signed_in_the_body() -> None:
    received = await said("feishu", answering(b'{"code":0}'))
    body = json.loads(received.body)
    wanted = hmac.digest(f"{SECONDS}\n{SECRET}".encode(), b"", "sha256")
    assert base64.b64decode(body["sign"]) == wanted
    assert (body["timestamp"], body["msg_type"], body["content"]) == (SECONDS, "text", {"text": TEXT})


async def test_a_webhook_of_ones_own_proves_who_sent_it() -> None:
    received = await said("webhook", answering(b"", "204 No Content"))
    assert json.loads(received.body) == {"text": TEXT}
    wanted = hmac.new(SECRET.encode(), SECONDS.encode() + b"." + received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-shenyan-signature"] == f"sha256={wanted}"


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        pytest.param("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}', id="wecom: too many"),
        pytest.param("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}', id="dingtalk: signature"),
        pytest.param("feishu", b'{"code":19021,"msg":"sign match fail"}', id="feishu: signature"),
        pytest.param("feishu", b'{"StatusMessage":"?"}', id="no code at all"),
        pytest.param("wecom", b"<html>", id="not JSON"),
        pytest.param("wecom", b"[]", id="no object"),
        pytest.param("wecom", b'{"errcode":false}', id="a code that is no number"),
        pytest.param("wecom", b"[" * 60_000, id="bottomless"),
    ],
)
async def test_http_200_with_an_error_is_a_failure_and_its_words_go_nowhere(kind: str, answer: bytes) -> None:
    with pytest.raises(PostError) as refused:
        await said(kind, answering(answer))
    assert "sign" not in str(refused.value)
    assert "limit" not in str(refused.value)


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "webhook"])
@pytest.mark.parametrize("status", ["500 Oops", "302 Found", "404 Not Found"])
async def test_another_status_is_a_failure(kind: str, status: str) -> None:
    with pytest.raises(PostError, match=status[:3]):
        await said(kind, answering(b'{"errcode":0,"code":0}', status))


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "webhook"])
async def test_nobody_there_is_a_failure(kind: str) -> None:
    async with platform_http() as http:
        with pytest.raises(PostError, match="ConnectError"):
            await robot(kind, http, "http://127.0.0.1:9/").say(TEXT)


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "webhook"])
async def test_an_address_that_is_none_is_a_failure(kind: str) -> None:
    async with platform_http() as http:
        with pytest.raises(PostError, match="InvalidURL"):
            await robot(kind, http, "http://[::1").say(TEXT)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(PostError, match="no end"):
        await said("wecom", endless)


async def test_an_answer_that_drips_is_not_waited_for() -> None:
    async def drip(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with loopback(drip) as server, platform_http() as http:
        with pytest.raises(PostError, match="TimeoutError"):
            async with posted(http, server.base, b"{}", {}, within_s=0.2) as answer:
                await body_of(answer)


async def test_a_post_carries_a_key_by_which_a_second_one_is_known() -> None:
    async with loopback(answering(b"")) as server, platform_http() as http:
        for _ in range(2):
            await post(http, server.base, SECRET, "{}", "hold-1", ToyClock())
        assert [one.headers["idempotency-key"] for one in server.received] == ["hold-1", "hold-1"]
