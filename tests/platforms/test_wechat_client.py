import json
from typing import Any

import httpx
import pytest

from app.clients import platform_http
from app.coordination.local import LocalCoordinator
from app.core.errors import (
    FateUnknown,
    PlatformBusy,
    PlatformError,
    QuotaExhausted,
    RateLimited,
    TokenExpired,
    WindowClosed,
)
from app.core.model import Opaque, Reply
from app.core.records import Delivery
from app.platforms.wechat.client import WeChatClient
from app.platforms.wechat.tokens import AccessTokens
from app.ports import PlatformClient
from tests.platforms.loopback import Received, hanging_up, loopback, response
from tests.values import NOON, delivery

BASE = "https://api.weixin"


class WeChat:
    """Gives out T1, T2, ... (the next one only when forced) and answers each send as told."""

    def __init__(self, *answers: object, status: int = 200) -> None:
        self.answers = [a if isinstance(a, bytes) else json.dumps(a).encode() for a in answers]
        self.status = status
        self.token = 1
        self.sends: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/stable_token":
            self.token += json.loads(request.content)["force_refresh"]
            return response(b'{"access_token":"T%d","expires_in":7200}' % self.token)
        self.sends.append(request)
        return response(self.answers.pop(0), self.status)

    @property
    def client(self) -> WeChatClient:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return WeChatClient(
            http, BASE, AccessTokens(http, BASE, "wx1", "s", LocalCoordinator(), lambda: NOON)
        )


OK = {"errcode": 0, "errmsg": "ok"}


def refusal(code: Any) -> dict[str, object]:
    return {"errcode": code, "errmsg": "any words, rid: 1-2-3"}


async def test_sends_raw_utf8_with_the_token_in_the_address() -> None:
    wechat = WeChat(OK)
    client: PlatformClient = wechat.client
    await client.send(delivery(user="oABC", reply=Reply.of('您好，😀 "引号"')))
    (request,) = wechat.sends
    assert request.method == "POST"
    assert str(request.url) == f"{BASE}/cgi-bin/message/custom/send?access_token=T1"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    expected = '{"touser":"oABC","msgtype":"text","text":{"content":"您好，😀 \\"引号\\""}}'
    assert request.content == expected.encode()


async def test_what_cannot_be_sent_is_not_tried() -> None:
    wechat = WeChat(OK)
    with pytest.raises(PlatformError):
        await wechat.client.send(delivery(reply=Reply((Opaque("x"),))))
    assert not wechat.sends


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param(-1, PlatformBusy, id="busy"),
        pytest.param(45011, RateLimited, id="too often"),
        pytest.param(45009, RateLimited, id="the day's quota"),
        pytest.param(45015, WindowClosed, id="48 hours are over"),
        pytest.param(43004, WindowClosed, id="no follower"),
        pytest.param(50005, WindowClosed, id="has left"),
        pytest.param(45047, QuotaExhausted, id="five messages sent"),
        pytest.param(40003, PlatformError, id="openid of another account"),
        pytest.param(45002, PlatformError, id="too long"),
        pytest.param(48001, PlatformError, id="not allowed"),
        pytest.param(99999, PlatformError, id="a code nobody knows"),
    ],
)
async def test_error_codes(code: int, error: type[PlatformError]) -> None:
    wechat = WeChat(refusal(code))
    with pytest.raises(PlatformError) as refused:
        await wechat.client.send(delivery())
    assert (type(refused.value), refused.value.code) == (error, str(code))
    assert len(wechat.sends) == 1
    assert "rid" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(b"", 200, id="empty"),
        pytest.param(b"<html>", 200, id="a captive portal"),
        pytest.param(b"Bad Gateway", 502, id="a gateway's error"),
        pytest.param(OK, 500, id="success with an error status"),
        pytest.param(refusal(45015), 503, id="a refusal with an error status"),
        pytest.param({}, 200, id="no errcode"),
        pytest.param(refusal("0"), 200, id="errcode as text"),
        pytest.param(refusal(False), 200, id="errcode as a truth"),
        pytest.param([OK], 200, id="a list"),
        pytest.param(b'{"errcode": 45015, "errcode": 0}', 200, id="two errcodes"),
    ],
)
async def test_any_other_answer_leaves_the_fate_unknown(answer: object, status: int) -> None:
    wechat = WeChat(answer, status=status)
    with pytest.raises(FateUnknown) as lost:
        await wechat.client.send(delivery())
    assert lost.value.code == "bad-answer"
    assert len(wechat.sends) == 1


# --- tokens -----------------------------------------------------------------------------------


def tokens_used(wechat: WeChat) -> list[str]:
    return [request.url.params["access_token"] for request in wechat.sends]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_renewed_once(code: int) -> None:
    wechat = WeChat(refusal(code), OK)
    await wechat.client.send(delivery())
    assert tokens_used(wechat) == ["T1", "T2"]


async def test_a_second_refusal_ends_it() -> None:
    wechat = WeChat(refusal(40001), refusal(42001), OK)
    with pytest.raises(TokenExpired) as refused:
        await wechat.client.send(delivery())
    assert refused.value.code == "42001"
    assert tokens_used(wechat) == ["T1", "T2"]


async def test_another_refusal_after_the_renewal_keeps_its_meaning() -> None:
    wechat = WeChat(refusal(40001), refusal(45015))
    with pytest.raises(WindowClosed):
        await wechat.client.send(delivery())


# --- on a real connection ---------------------------------------------------------------------


def sent_to(base: str, http: httpx.AsyncClient) -> WeChatClient:
    return WeChatClient(http, base, AccessTokens(http, base, "wx1", "s", LocalCoordinator(), lambda: NOON))


async def test_nothing_is_sent_twice_when_the_answer_is_lost() -> None:
    async def token_only(received: Received, writer: Any) -> None:
        if "stable_token" in received.line:
            body = b'{"access_token":"T1","expires_in":7200}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    async with platform_http() as http, loopback(token_only) as platform:
        with pytest.raises(FateUnknown):
            await sent_to(platform.base, http).send(delivery())
    assert [received.line.split()[1].partition("?")[0] for received in platform.received] == [
        "/cgi-bin/stable_token",
        "/cgi-bin/message/custom/send",
    ]


async def test_without_a_token_nothing_was_sent_and_it_may_be_tried_again() -> None:
    async with platform_http() as http, loopback(hanging_up) as platform:
        sent: Delivery = delivery()
        with pytest.raises(PlatformBusy):
            await sent_to(platform.base, http).send(sent)
    assert all("stable_token" in received.line for received in platform.received)
