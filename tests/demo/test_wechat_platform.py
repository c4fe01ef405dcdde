"""Against independent peers: wechatpy's crypto and parser, and a guard of our own codec."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from app.core.model import Reply
from app.demo.emulator import Emulator, make_emulator
from app.demo.inbox import Via
from app.demo.wechat_platform import FAULT_NOTICE
from app.demo.wechat_pushes import EVENTS, MESSAGES
from app.demo.wechat_wire import WeChatWire
from app.demo.wechat_xml import read, write
from app.platforms.wechat.codec import WeChatCodec, WeChatCredentials
from app.ports import SignedRequest
from tests.demo.stage import AES_KEY, WECHAT, Answer, StubGuard, accounts

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TIMESTAMP = str(int(NOW.timestamp()))
USER = "o-user"


def opened(query: dict[str, str], body: bytes) -> bytes:
    """wechatpy checks msg_signature, app id and padding."""
    crypto = WeChatCrypto(WECHAT.token, AES_KEY, WECHAT.app_id)
    return bytes(
        crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"]), "utf-8"
    )


def sealed(plain: bytes) -> bytes:
    crypto = WeChatCrypto(WECHAT.token, AES_KEY, WECHAT.app_id)
    return str(crypto.encrypt_message(plain.decode(), "8231", TIMESTAMP)).encode()


def text_answer(content: str = "您好", **changed: str) -> bytes:
    fields = {
        "ToUserName": USER,
        "FromUserName": WECHAT.account,
        "CreateTime": TIMESTAMP,
        "MsgType": "text",
        "Content": content,
    }
    return write({**fields, **changed})


def says(content: str) -> Answer:
    return lambda _query, _body: sealed(text_answer(content))


def raw(body: bytes) -> Answer:
    return lambda _query, _body: body


def emulator_before(guard: StubGuard, wire: WeChatWire | None = None) -> Emulator:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=guard))
    return make_emulator(accounts(), http, wire)


async def test_a_push_opens_with_wechatpy_and_its_answer_arrives() -> None:
    guard = StubGuard([says("大厅九点开门")])
    emulator = emulator_before(guard)
    result = await emulator.wechat.push(USER, fields={"Content": "几点开门 ]]> <b>？"})
    message = parse_message(opened(*guard.pushes[0]))
    assert (message.content, message.source, str(message.id)) == (
        "几点开门 ]]> <b>？",
        USER,
        result.message_id,
    )
    assert [(one.via, one.text) for one in emulator.inbox.of(USER)] == [(Via.PASSIVE, "大厅九点开门")]


@pytest.mark.parametrize("kind", [*MESSAGES, *EVENTS])
async def test_every_kind_is_one_wechatpy_reads(kind: str) -> None:
    guard = StubGuard([raw(b"success")])
    result = await emulator_before(guard).wechat.push(USER, kind)
    message = parse_message(opened(*guard.pushes[0]))
    fields = read(opened(*guard.pushes[0]))
    assert message.source == USER
    assert fields.get("Event", fields["MsgType"]) == kind
    assert (result.answer, result.problem) == (None, "")


@pytest.mark.parametrize(
    "first",
    [pytest.param(503, id="server error"), pytest.param(0, id="hangs"), pytest.param(302, id="redirect")],
)
async def test_a_push_without_answer_comes_again_with_the_same_id(first: int) -> None:
    guard = StubGuard([first, says("您好")])
    result = await emulator_before(guard).wechat.push(USER)
    ids = {parse_message(opened(*push)).id for push in guard.pushes}
    nonces = {query["nonce"] for query, _ in guard.pushes}
    assert (len(ids), len(nonces), len(result.tries)) == (1, 2, 2)
    assert result.answer is not None


async def test_three_tries_without_answer_end_in_the_fault_notice() -> None:
    guard = StubGuard([500])
    emulator = emulator_before(guard)
    result = await emulator.wechat.push(USER)
    assert [one.problem for one in result.tries] == ["http-500"] * 3
    assert [(one.via, one.text) for one in emulator.inbox.of(USER)] == [(Via.NOTICE, FAULT_NOTICE)]


async def test_a_lost_answer_is_not_received() -> None:
    guard = StubGuard([says("第一次"), says("第二次")])
    emulator = emulator_before(guard)
    await emulator.wechat.push(USER, lose_answers=1)
    assert [one.text for one in emulator.inbox.of(USER)] == ["第二次"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>oops</html>", id="HTML"),
        pytest.param(b'{"errcode":0}', id="JSON"),
        pytest.param(b"Success", id="nearly the word success"),
        pytest.param(text_answer(), id="plaintext in safe mode"),
        pytest.param(
            sealed(text_answer()).replace(b"<Nonce><![CDATA[8", b"<Nonce><![CDATA[9"), id="signature"
        ),
        pytest.param(sealed(text_answer(ToUserName="o-other")), id="for another follower"),
        pytest.param(sealed(text_answer(FromUserName="gh_other")), id="of another account"),
        pytest.param(sealed(text_answer("")), id="empty content is not silence"),
        pytest.param(sealed(text_answer("长" * 683)), id="2049 bytes"),
        pytest.param(sealed(text_answer(MsgType="hologram")), id="unknown type"),
        pytest.param(
            sealed(text_answer().replace(b"</xml>", b"<Content>2</Content></xml>")), id="doubled content"
        ),
        pytest.param(sealed(b"<!DOCTYPE xml><xml><Content>1</Content></xml>"), id="document type"),
    ],
)
async def test_an_abnormal_answer_shows_the_fault_notice_at_once(body: bytes) -> None:
    emulator = emulator_before(StubGuard([raw(body)]))
    result = await emulator.wechat.push(USER)
    assert result.problem.startswith("abnormal")
    assert len(result.tries) == 1
    assert [one.via for one in emulator.inbox.of(USER)] == [Via.NOTICE]


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        pytest.param(text_answer("长" * 682), "text", "长" * 682, id="2046 bytes"),
        pytest.param(
            write(
                {
                    "ToUserName": USER,
                    "FromUserName": WECHAT.account,
                    "CreateTime": 1,
                    "MsgType": "news",
                    "ArticleCount": 1,
                    "Articles": [{"Title": "通知", "Description": "停水", "PicUrl": "", "Url": "https://a"}],
                }
            ),
            "news",
            "通知\n停水\nhttps://a",
            id="one article",
        ),
        pytest.param(
            write(
                {
                    "ToUserName": USER,
                    "FromUserName": WECHAT.account,
                    "CreateTime": 1,
                    "MsgType": "image",
                    "Image": {"MediaId": "m"},
                }
            ),
            "image",
            "",
            id="image",
        ),
    ],
)
async def test_what_the_follower_sees(answer: bytes, kind: str, text: str) -> None:
    emulator = emulator_before(StubGuard([raw(sealed(answer))]))
    await emulator.wechat.push(USER)
    assert [(one.kind, one.text) for one in emulator.inbox.of(USER)] == [(kind, text)]


@pytest.mark.parametrize("silence", [b"", b"success"])
async def test_silence_shows_nothing(silence: bytes) -> None:
    emulator = emulator_before(StubGuard([raw(silence)]))
    result = await emulator.wechat.push(USER)
    assert (result.problem, emulator.inbox.of(USER)) == ("", ())


def wechatpy_wire() -> WeChatWire:
    """The emulator on another implementation's crypto."""

    def seal(plain: bytes) -> SignedRequest:
        fields = {name: str(value) for name, value in read(sealed(plain)).items()}
        query = {
            "timestamp": fields["TimeStamp"],
            "nonce": fields["Nonce"],
            "encrypt_type": "aes",
            "msg_signature": fields["MsgSignature"],
            "signature": "",
        }
        body = write({"ToUserName": WECHAT.account, "Encrypt": fields["Encrypt"]})
        return SignedRequest(query, body, "text/xml")

    def open_answer(body: bytes) -> bytes:
        fields = {name: str(value) for name, value in read(body).items()}
        return opened(
            {
                "msg_signature": fields["MsgSignature"],
                "timestamp": fields["TimeStamp"],
                "nonce": fields["Nonce"],
            },
            body,
        )

    return WeChatWire(seal, open_answer)


@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
async def test_our_own_codec_understands_it_in_every_mode(mode: str) -> None:
    account = replace(WECHAT, mode=mode)  # type: ignore[arg-type]
    keys = () if mode == "plaintext" else (AES_KEY,)
    codec = WeChatCodec(
        "wechat",
        WeChatCredentials(WECHAT.token, WECHAT.app_id, account.mode, keys),
        max_age=timedelta(minutes=10),
        entropy=lambda count: b"r" * count,
    )

    def answer(query: object, body: bytes) -> bytes:
        now = datetime.now(UTC)
        message = codec.decode(dict(query), body, now)  # type: ignore[call-overload]
        return codec.encode(message, Reply.of(f"收到：{message.text}"), now)

    guard = StubGuard([answer])
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=guard))
    emulator = make_emulator(accounts(account), http)
    await emulator.wechat.push(USER, fields={"Content": "你好"})
    assert [one.text for one in emulator.inbox.of(USER)] == ["收到：你好"]


async def test_another_implementation_can_take_the_place_of_our_crypto() -> None:
    guard = StubGuard([says("您好")])
    emulator = emulator_before(guard, wechatpy_wire())
    await emulator.wechat.push(USER, fields={"Content": "你好"})
    assert parse_message(opened(*guard.pushes[0])).content == "你好"
    assert [one.text for one in emulator.inbox.of(USER)] == ["您好"]


async def test_the_address_is_verified_by_its_echo() -> None:
    assert await emulator_before(StubGuard([500])).wechat.verify_url()


async def test_a_result_is_json() -> None:
    result = await emulator_before(StubGuard([500, says("您好")])).wechat.push(USER)
    shown = json.loads(json.dumps(result.as_json()))
    assert [one["problem"] for one in shown["tries"]] == ["http-500", ""]
    assert shown["answer"] == {"kind": "text", "text": "您好"}
