import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.bots.webhook import WebhookBotAdapter
from app.core.errors import BotError, BotMalformed, BotTimeout
from app.core.model import NO_CONVERSATION, BodyFormat, Envelope, Message, Reply
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.settings.bots import WebhookBot
from tests.bots.vendors import REPLY, trickling, vendor
from tests.platforms.loopback import Behaviour, Received, answering, endless, hanging_up, silent
from tests.values import NOON, message

TOKEN = "VendorToken2026"
RAW = (
    "<xml><ToUserName><![CDATA[gh_hall]]></ToUserName><FromUserName><![CDATA[citizen-1]]></FromUserName>"
    "<CreateTime>1772424000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[办事大厅几点开门？]]></Content><MsgId>1</MsgId></xml>"
).encode()
ASKED = message(raw=RAW)
ANSWER = (
    "<xml><ToUserName><![CDATA[citizen-1]]></ToUserName><FromUserName><![CDATA[gh_hall]]></FromUserName>"
    "<CreateTime>1772424001</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    f"<Content><![CDATA[{REPLY}]]></Content></xml>"
).encode()
SUCCESS = answering(b"success")


def _codec(push_format: BodyFormat | None = None) -> WeChatCodec:
    credentials = WeChatCredentials(TOKEN, "wx1234567890abcdef", "plaintext")
    return WeChatCodec("vendor", credentials, timedelta(minutes=10), push_format=push_format)


@dataclass(slots=True)
class Showings:
    """A vendor that behaves differently each time the push is shown to it."""

    behaviours: list[Behaviour]
    _next: int = 0

    async def __call__(self, received: Received, writer: asyncio.StreamWriter) -> None:
        behaviour = self.behaviours[self._next]
        self._next += 1
        await behaviour(received, writer)


async def _ask(
    behaviour: Behaviour,
    asked: Message = ASKED,
    resend_after_s: float = 0.1,
    push_format: BodyFormat | None = None,
    **settings: Any,
) -> tuple[Reply | None, list[Received]]:
    async with vendor(behaviour) as (server, session):
        made = WebhookBot.model_validate({"kind": "webhook", "url": server.base, "token": TOKEN, **settings})
        adapter = WebhookBotAdapter(
            "vendor", made, _codec(push_format), session, lambda: NOON, resend_after_s
        )
        return await adapter.ask(asked, NO_CONVERSATION), server.received


async def test_the_push_arrives_as_the_platform_wrote_it() -> None:
    reply, (received,) = await _ask(answering(ANSWER))
    assert reply == Reply.of(REPLY)
    assert received.body == RAW
    assert received.headers["content-type"].startswith("text/xml")
    query = dict(parse_qsl(urlsplit(received.line.split(" ")[1]).query))
    assert query["openid"] == "citizen-1"
    assert query["timestamp"] == str(int(NOON.timestamp()))
    assert len(query["signature"]) == 40


@pytest.mark.parametrize("body", [b"", b"success", b" success\n"])
async def test_silence(body: bytes) -> None:
    assert (await _ask(answering(body)))[0] is None


@pytest.mark.parametrize(
    ("behaviour", "error", "code"),
    [
        pytest.param(answering(b"<html>it works</html>"), BotMalformed, "html", id="a web page"),
        pytest.param(answering("您好".encode()), BotMalformed, "no-markup", id="bare words"),
        pytest.param(answering(b"<xml><a></xml>"), BotMalformed, "malformed", id="no XML"),
        pytest.param(answering(ANSWER[:200]), BotMalformed, "malformed", id="half an answer"),
        pytest.param(endless, BotMalformed, "too-large", id="endless"),
        pytest.param(hanging_up, BotMalformed, "cut-off", id="closes at once"),
        pytest.param(answering(b"", "500 Oops"), BotError, "http-500", id="500"),
        pytest.param(silent, BotTimeout, "timeout", id="says nothing"),
        pytest.param(trickling, BotTimeout, "timeout", id="trickles"),
    ],
)
async def test_what_is_no_answer(behaviour: Behaviour, error: type[BotError], code: str) -> None:
    with pytest.raises(BotError) as caught:
        await _ask(behaviour, give_up_after_s=0.5)
    assert (type(caught.value), caught.value.code) == (error, code)


async def test_a_push_that_cannot_be_respelled_is_the_bots_failure() -> None:
    asked = message(raw=b"<xml><a></xml>", envelope=Envelope(BodyFormat.XML))
    with pytest.raises(BotError) as caught:
        await _ask(answering(ANSWER), asked, push_format=BodyFormat.JSON)
    assert caught.value.code == "push"


# --- vendors that wait for the platform's resends -----------------------------------------------


@pytest.mark.parametrize(
    ("behaviours", "resends", "shown"),
    [
        pytest.param(
            [SUCCESS, SUCCESS, answering(ANSWER)], 3, 3, id="success twice, the text third (CowAgent)"
        ),
        pytest.param([silent, silent, answering(ANSWER)], 3, 3, id="stalls twice, the text third"),
        pytest.param([silent, SUCCESS, answering(ANSWER)], 3, 3, id="stalls, then success"),
        pytest.param([SUCCESS, answering(ANSWER), answering(b"")], 3, 2, id="the first real answer counts"),
        pytest.param([answering(ANSWER)], 3, 1, id="an answer at once is not asked for again"),
    ],
)
async def test_the_push_is_shown_until_it_is_answered(
    behaviours: list[Behaviour], resends: int, shown: int
) -> None:
    reply, received = await _ask(Showings(behaviours), emulate_resends=resends)
    assert reply == Reply.of(REPLY)
    assert [(one.line, one.body) for one in received] == [(received[0].line, RAW)] * shown


async def test_success_to_the_last_showing_is_silence() -> None:
    reply, received = await _ask(Showings([SUCCESS] * 3), emulate_resends=3)
    assert reply is None
    assert len(received) == 3


async def test_without_resends_success_is_silence_at_once() -> None:
    reply, received = await _ask(Showings([SUCCESS, answering(ANSWER)]))
    assert reply is None
    assert len(received) == 1


async def test_the_limit_is_for_all_showings_together() -> None:
    with pytest.raises(BotTimeout):
        await _ask(Showings([silent] * 4), emulate_resends=4, resend_after_s=0.2, give_up_after_s=0.3)


async def test_an_early_success_gives_the_vendor_its_time() -> None:
    """It thinks on between two showings: the next comes no sooner than the platform's would."""
    with pytest.raises(BotTimeout):
        await _ask(
            Showings([SUCCESS, answering(ANSWER)]), emulate_resends=2, resend_after_s=60, give_up_after_s=0.3
        )


async def test_a_failure_ends_it() -> None:
    with pytest.raises(BotError) as caught:
        await _ask(Showings([answering(b"", "500 Oops"), answering(ANSWER)]), emulate_resends=2)
    assert caught.value.code == "http-500"
