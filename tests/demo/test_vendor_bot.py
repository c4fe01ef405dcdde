"""The sample bot as the guard sees it: through our codecs, with the vendor's own token and key."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.core.errors import BotMalformed
from app.core.model import Message, Reply
from app.demo.vendor_bot import GARBAGE, HUGE_LETTERS, VendorBot
from app.demo.vendor_talk import LATE_S, WELCOME, Mishap, line_for, line_for_event
from app.demo.wechat_pushes import fields_of
from app.demo.wechat_wire import signed_query
from app.demo.wechat_xml import Value, write
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.platforms.wechat.crypto import Cipher
from app.platforms.weibo.codec import WeiboCodec
from tests.demo.stage import AES_KEY, WECHAT

TOKEN = "VendorToken"
SECRET = "vendor-secret"
MAX_AGE = timedelta(minutes=10)


def now() -> datetime:
    return datetime.now(UTC)


def codec_toward(token: str, aes_key: str = "") -> WeChatCodec:
    if aes_key:
        credentials = WeChatCredentials(token, WECHAT.app_id, "safe", (aes_key,))
    else:
        credentials = WeChatCredentials(token, WECHAT.app_id, "plaintext")
    return WeChatCodec("wechat", credentials, MAX_AGE)


def message(kind: str, **fields: str) -> Message:
    """A citizen's message, as the guard has read it."""
    common: dict[str, Value] = {
        "ToUserName": WECHAT.account,
        "FromUserName": "o-user",
        "CreateTime": int(now().timestamp()),
    }
    body = write({**common, "MsgId": 1, **fields_of(kind, fields)})
    return codec_toward(WECHAT.token).decode(signed_query(WECHAT.token, now), body, now())


@pytest.fixture(params=["", AES_KEY], ids=["plain", "encrypted"])
def aes_key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def http(aes_key: str) -> AsyncIterator[httpx.AsyncClient]:
    cipher = Cipher.of(aes_key, WECHAT.app_id) if aes_key else None
    transport = httpx.ASGITransport(app=VendorBot(TOKEN, SECRET, cipher).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://vendor") as client:
        yield client


async def ask(http: httpx.AsyncClient, codec: WeChatCodec, asked: Message) -> httpx.Response:
    push = codec.encode_push(asked, now())
    return await http.post("/wechat", params=dict(push.query), content=push.body)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param("办事大厅几点开门？", line_for("几点").text, id="polite"),
        pytest.param("工地扬尘太大！", "不说话没人把你当哑巴", id="rude, 2018"),
        pytest.param("有商户占道经营", line_for("占道").text, id="claims authority"),
        pytest.param("随便说说", line_for("").text, id="anything else"),
    ],
)
async def test_it_answers_as_a_vendor_does(
    http: httpx.AsyncClient, aes_key: str, question: str, answer: str
) -> None:
    codec, asked = codec_toward(TOKEN, aes_key), message("text", Content=question)
    response = await ask(http, codec, asked)
    assert codec.decode_answer(asked, response.content) == Reply.of(answer)


async def test_silence_is_no_reply(http: httpx.AsyncClient, aes_key: str) -> None:
    codec, asked = codec_toward(TOKEN, aes_key), message("text", Content="请沉默")
    response = await ask(http, codec, asked)
    assert codec.decode_answer(asked, response.content) is None


@pytest.mark.parametrize("question", ["乱码", "越界", "网页"])
async def test_a_broken_answer_is_no_reply(http: httpx.AsyncClient, aes_key: str, question: str) -> None:
    codec, asked = codec_toward(TOKEN, aes_key), message("text", Content=question)
    response = await ask(http, codec, asked)
    with pytest.raises(BotMalformed):
        codec.decode_answer(asked, response.content)


async def test_its_mishaps(http: httpx.AsyncClient, aes_key: str) -> None:
    codec = codec_toward(TOKEN, aes_key)
    page = await ask(http, codec, message("text", Content="网页"))
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert (await ask(http, codec, message("text", Content="乱码"))).content == GARBAGE
    assert len((await ask(http, codec, message("text", Content="超长"))).content) > HUGE_LETTERS


async def test_a_follow_is_welcomed_and_a_link_is_not(http: httpx.AsyncClient, aes_key: str) -> None:
    codec, follow, view = codec_toward(TOKEN, aes_key), message("subscribe"), message("VIEW")
    welcome = await ask(http, codec, follow)
    assert codec.decode_answer(follow, welcome.content) == Reply.of(WELCOME.text)
    assert codec.decode_answer(view, (await ask(http, codec, view)).content) is None


async def test_the_platforms_own_token_is_refused(http: httpx.AsyncClient, aes_key: str) -> None:
    codec = codec_toward(WECHAT.token, aes_key)
    assert (await ask(http, codec, message("text"))).status_code == 403


async def test_it_tells_who_asked(http: httpx.AsyncClient, aes_key: str) -> None:
    await ask(http, codec_toward(TOKEN, aes_key), message("text", Content="你好"))
    asked = (await http.get("/asked", params={"user": "o-user"})).json()
    assert [one["text"] for one in asked] == ["你好"]
    assert (await http.get("/asked", params={"user": "o-other"})).json() == []


async def test_weibo(http: httpx.AsyncClient) -> None:
    codec = WeiboCodec("weibo", SECRET, MAX_AGE)
    body = (
        '{"type":"text","receiver_id":1,"sender_id":2,"created_at":"Mon Jul 16 18:09:20 +0800 2012",'
        '"text":"你们这是什么态度？","data":{}}'
    )
    query = {**signed_query(SECRET, now)}
    asked = codec.decode(query, body.encode(), now())
    push = codec.encode_push(asked, now())
    response = await http.post("/weibo", params=dict(push.query), content=push.body)
    assert codec.decode_answer(asked, response.content) == Reply.of(line_for("什么态度").text)
    assert (await http.post("/weibo", params={"signature": "0"}, content=push.body)).status_code == 403


@pytest.mark.parametrize("path", ["/wechat", "/weibo"])
async def test_the_address_is_verified(http: httpx.AsyncClient, path: str) -> None:
    query = {**signed_query(TOKEN if path == "/wechat" else SECRET, now), "echostr": "123"}
    assert (await http.get(path, params=query)).text == "123"
    assert (await http.get(path, params={**query, "signature": "0"})).status_code == 403


@pytest.mark.parametrize(
    ("question", "after_s", "mishap"),
    [
        pytest.param("手续慢吗，落户", LATE_S, Mishap.NONE, id="late, and polite all the same"),
        pytest.param("慢慢的网页", LATE_S, Mishap.HTTP_500, id="late and broken"),
        pytest.param("落户", 0, Mishap.NONE, id="at once"),
    ],
)
def test_what_has_slow_in_it_is_late(question: str, after_s: float, mishap: Mishap) -> None:
    line = line_for(question)
    assert (line.after_s, line.mishap) == (after_s, mishap)


def test_events() -> None:
    assert line_for_event("SCAN") == WELCOME
    assert line_for_event("CLICK") == line_for("几点")
    assert line_for_event("LOCATION").mishap is Mishap.SILENCE
