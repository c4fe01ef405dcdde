"""The frameworks vendors really use, unmodified, as bots behind us, in plain text and encrypted.

They are independent of our codec: what both sides agree on is the platform's format.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import wechatpy
import wechatpy.crypto
import wechatpy.replies
import wechatpy.utils
import werobot

from app.bots.webhook import WebhookBotAdapter
from app.clients import bot_http
from app.core.errors import BotError
from app.core.model import NO_CONVERSATION, Card, Cards, Message, MessageKind, Reply
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.settings.bots import WebhookBot
from tests.values import message

TOKEN = "VendorToken2026"
APP_ID = "wx1234567890abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CARD = Card("办事指南", "户口登记", "https://example.gov.cn/a", "https://example.gov.cn/a.png")

Wsgi = Callable[..., Any]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """The test's output is for the test."""


@contextmanager
def served(app: Wsgi) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def werobot_vendor(aes_key: str) -> Wsgi:
    robot = werobot.WeRoBot(
        token=TOKEN,
        app_id=APP_ID if aes_key else None,
        encoding_aes_key=aes_key or None,
    )
    robot.config["SESSION_STORAGE"] = False  # else it keeps a database file in the home directory

    @robot.text  # type: ignore[untyped-decorator]
    def answer(asked: Any) -> Any:
        match asked.content:
            case "图文":
                return [[CARD.title, CARD.description, CARD.picture_url, CARD.url]]
            case "沉默":
                return None
        return f"已记录您的问题：“{asked.content}”"

    @robot.subscribe  # type: ignore[untyped-decorator]
    def welcome(asked: Any) -> str:
        return "欢迎关注"

    @robot.image  # type: ignore[untyped-decorator]
    def saw(asked: Any) -> str:
        return f"图片 {asked.MediaId}"

    app: Wsgi = robot.wsgi
    return app


def wechatpy_vendor(aes_key: str) -> Wsgi:
    crypto = wechatpy.crypto.WeChatCrypto(TOKEN, aes_key, APP_ID) if aes_key else None

    def app(environ: dict[str, Any], start_response: Callable[[str, Sequence[tuple[str, str]]], Any]) -> Any:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        stamp = query["timestamp"], query["nonce"]
        wechatpy.utils.check_signature(TOKEN, query["signature"], *stamp)
        if crypto is not None:
            body = crypto.decrypt_message(body, query["msg_signature"], *stamp)
        written = spoken(wechatpy.parse_message(body))
        if crypto is not None and written:
            written = crypto.encrypt_message(written, query["nonce"], query["timestamp"])
        start_response("200 OK", [("Content-Type", "application/xml")])
        return [written.encode()]

    def spoken(asked: Any) -> str:
        match asked.type:
            case "text" if asked.content == "图文":
                reply = wechatpy.replies.ArticlesReply(message=asked)
                reply.add_article(
                    {
                        "title": CARD.title,
                        "description": CARD.description,
                        "image": CARD.picture_url,
                        "url": CARD.url,
                    }
                )
                return str(reply.render())
            case "text" if asked.content == "沉默":
                return ""
            case "text":
                words = f"已记录您的问题：“{asked.content}”"
            case "event" if asked.event == "subscribe":
                words = "欢迎关注"
            case _:
                words = f"图片 {asked.media_id}"
        return str(wechatpy.replies.TextReply(content=words, message=asked).render())

    return app


def push(fields: str, **changes: Any) -> Message:
    raw = (
        "<xml><ToUserName><![CDATA[gh_hall]]></ToUserName><FromUserName><![CDATA[citizen-1]]></FromUserName>"
        f"<CreateTime>{int(datetime.now(UTC).timestamp())}</CreateTime>{fields}</xml>"
    )
    return replace(message(), raw=raw.encode(), **changes)


def text(words: str) -> Message:
    return push(
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>24800000000000001</MsgId>",
        text=words,
    )


SUBSCRIBE = push(
    "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey></EventKey>",
    kind=MessageKind.EVENT,
    event="subscribe",
)
IMAGE = push(
    "<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://p/1]]></PicUrl>"
    "<MediaId><![CDATA[media-1]]></MediaId><MsgId>24800000000000002</MsgId>",
    kind=MessageKind.IMAGE,
)


@pytest.fixture(params=[werobot_vendor, wechatpy_vendor], ids=["WeRoBot", "wechatpy"])
def framework(request: pytest.FixtureRequest) -> Callable[[str], Wsgi]:
    made: Callable[[str], Wsgi] = request.param
    return made


async def asked(url: str, aes_key: str, incoming: Message, token: str = TOKEN) -> Reply | None:
    credentials = WeChatCredentials(
        token, APP_ID, "safe" if aes_key else "plaintext", (aes_key,) if aes_key else ()
    )
    codec = WeChatCodec("vendor", credentials, timedelta(minutes=10))
    settings = WebhookBot.model_validate(
        {"kind": "webhook", "url": url, "token": token, "give_up_after_s": 10}
    )
    async with bot_http() as session:
        bot = WebhookBotAdapter("vendor", settings, codec, session, lambda: datetime.now(UTC))
        return await bot.ask(incoming, NO_CONVERSATION)


@pytest.mark.parametrize("aes_key", ["", AES_KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize(
    ("incoming", "reply"),
    [
        pytest.param(text("几点开门？😀"), Reply.of("已记录您的问题：“几点开门？😀”"), id="text"),
        pytest.param(text("a<b & c>d"), Reply.of("已记录您的问题：“a<b & c>d”"), id="markup in the question"),
        pytest.param(text("图文"), Reply((Cards((CARD,)),)), id="news"),
        pytest.param(text("沉默"), None, id="nothing to say"),
        pytest.param(SUBSCRIBE, Reply.of("欢迎关注"), id="follow"),
        pytest.param(IMAGE, Reply.of("图片 media-1"), id="image"),
    ],
)
async def test_a_framework_is_understood(
    framework: Callable[[str], Wsgi], aes_key: str, incoming: Message, reply: Reply | None
) -> None:
    with served(framework(aes_key)) as url:
        assert await asked(url, aes_key, incoming) == reply


async def test_a_framework_refuses_another_token(framework: Callable[[str], Wsgi]) -> None:
    with served(framework("")) as url, pytest.raises(BotError) as caught:
        await asked(url, "", text("几点开门？"), token="SomebodyElse1")
    assert caught.value.code.startswith(("http-4", "http-5"))
