import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import pytest

from app.core.errors import BadSignature, BotMalformed, DecodeError
from app.core.model import (
    Card,
    Cards,
    Media,
    MediaKind,
    Menu,
    MenuItem,
    Message,
    MessageKind,
    Opaque,
    Part,
    Position,
    Reply,
    Span,
    Text,
    Transfer,
)
from app.core.submission import Way
from app.platforms.signatures import signature_of
from app.platforms.weibo.codec import MAX_COMMENT, MAX_POST, MAX_TEXT, WeiboCodec
from app.ports import Codec
from tests.values import NOON
from tests.values import message as message_with

SECRET = "xyz123xyz"
CODEC = WeiboCodec("weibo-hall", SECRET, timedelta(minutes=10), uid="1902538057")
DOCUMENTED = {  # open.weibo.com/wiki/Messages_api_start
    "nonce": "57155157",
    "timestamp": "1397022061823",
    "echostr": "dnPdpTZz85",
    "signature": "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1",
}
DOCUMENTED_AT = datetime.fromtimestamp(1397022061, UTC)
PUSH = {
    "type": "text",
    "receiver_id": 1902538057,
    "sender_id": 2489518277,
    "created_at": "Mon Jul 16 18:09:20 +0800 2012",
    "text": "私信或留言内容",
    "data": {},
}


def signed(now: datetime = NOON, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(now.timestamp() * 1000))
    return {
        "timestamp": timestamp,
        "nonce": "57155157",
        "signature": signature_of(secret, timestamp, "57155157"),
    }


def decode(push: object = PUSH) -> Message:
    return CODEC.decode(signed(), json.dumps(push, ensure_ascii=False).encode(), NOON)


ASKED = decode()
POSTED, MASSED = (
    message_with("egress:1", kind=MessageKind.EVENT, event=way, passive=False)
    for way in (Way.STATUS, Way.MASS)
)
COMMENTED = replace(ASKED, kind=MessageKind.COMMENT, passive=False)


def test_is_a_codec() -> None:
    codec: Codec = CODEC
    assert codec.media_type == "application/json"


def test_does_not_print_its_secret() -> None:
    assert SECRET not in repr(CODEC)


# --- the URL check ----------------------------------------------------------------------------


def test_verifies_the_documented_example() -> None:
    assert CODEC.verify(DOCUMENTED, DOCUMENTED_AT) == b"dnPdpTZz85"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"signature": "0" * 40}, id="wrong signature"),
        pytest.param({"signature": ""}, id="no signature"),
        pytest.param({"nonce": "57155158"}, id="another nonce"),
        pytest.param({"timestamp": "1397022061824"}, id="another time"),
        pytest.param({"echostr": ""}, id="nothing to echo"),
    ],
)
def test_refuses_a_changed_check(changes: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        CODEC.verify(DOCUMENTED | changes, DOCUMENTED_AT)


def test_refuses_the_documented_example_today() -> None:
    with pytest.raises(BadSignature, match="too far"):
        CODEC.verify(DOCUMENTED, NOON)


# --- pushes -----------------------------------------------------------------------------------


def test_keeps_the_push_byte_for_byte() -> None:
    body = json.dumps(PUSH, indent=3).encode()
    message = CODEC.decode(signed(), body, NOON)
    assert message.raw == body
    assert message.channel == "weibo-hall"
    assert message.envelope.nonce == "57155157"


def test_a_push_must_be_signed_like_the_check() -> None:
    with pytest.raises(BadSignature):
        CODEC.decode(signed(secret="another"), json.dumps(PUSH).encode(), NOON)
    with pytest.raises(BadSignature):
        CODEC.decode({}, json.dumps(PUSH).encode(), NOON)


def test_a_push_for_another_account_is_refused() -> None:
    with pytest.raises(DecodeError, match="another account"):
        decode(PUSH | {"receiver_id": 1902538058})
    anybody = replace(CODEC, uid="")
    body = json.dumps(PUSH | {"receiver_id": 1902538058}).encode()
    assert anybody.decode(signed(), body, NOON).account == "1902538058"


def test_a_vendor_is_sent_the_push_signed_with_its_own_token() -> None:
    toward_vendor = WeiboCodec("weibo-hall", "vendor-token", timedelta(minutes=10))
    request = toward_vendor.encode_push(ASKED, NOON)
    assert request.body == ASKED.raw
    assert request.media_type == "application/json"
    read = toward_vendor.decode(request.query, request.body, NOON)
    assert (read.key, read.text) == (ASKED.key, ASKED.text)
    with pytest.raises(BadSignature):
        CODEC.decode(request.query, request.body, NOON)


# --- passive answers --------------------------------------------------------------------------


def test_writes_the_documented_answer() -> None:
    written = json.loads(CODEC.encode(ASKED, Reply.of("中文消息"), NOON))
    assert written == {
        "result": True,
        "sender_id": "1902538057",
        "receiver_id": "2489518277",
        "type": "text",
        "data": "%7B%22text%22%3A%22%E4%B8%AD%E6%96%87%E6%B6%88%E6%81%AF%22%7D",
    }


def test_no_answer_is_an_empty_body() -> None:
    assert CODEC.encode(ASKED, None, NOON) == b""


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(Text('1+1=2，100%，"引号" & 换\n行 %41 😀'), id="text full of traps"),
        pytest.param(
            Cards((Card("标题", "摘要", "https://a.gov.cn/?a=1&b=2", "https://a/p.png"),)), id="card"
        ),
        pytest.param(Position("116.30", "-39.98"), id="position"),
    ],
)
def test_what_is_written_reads_back(part: Part) -> None:
    assert CODEC.decode_answer(ASKED, CODEC.encode(ASKED, Reply((part,)), NOON)) == Reply((part,))


@pytest.mark.parametrize(
    ("message", "parts", "rule"),
    [
        pytest.param(ASKED, (Text("字" * (MAX_TEXT + 1)),), "system.too-long", id="a character too long"),
        pytest.param(ASKED, (Text("😀" * (MAX_TEXT // 2 + 1)),), "system.too-long", id="emoji count double"),
        pytest.param(
            COMMENTED, (Text("字" * (MAX_COMMENT + 1)),), "system.too-long", id="too long a comment"
        ),
        pytest.param(ASKED, (Text("退\x07票"),), "system.control-character", id="bell"),
        pytest.param(ASKED, (Text("半\ud83d"),), "system.control-character", id="half a surrogate pair"),
        pytest.param(ASKED, (Cards((Card("标\x00题"),)),), "system.control-character", id="NUL in a title"),
        pytest.param(ASKED, (Text(" \n"),), "system.empty", id="blank"),
        pytest.param(ASKED, (Text("一"), Text("二")), "system.too-many-parts", id="two parts"),
        pytest.param(ASKED, (), "system.too-many-parts", id="no part"),
        pytest.param(ASKED, (Cards(()),), "system.unsendable", id="no card"),
        pytest.param(ASKED, (Cards((Card("标题"),) * 9),), "system.unsendable", id="nine cards"),
        pytest.param(ASKED, (Menu("问", (MenuItem("1", "是"),)),), "system.unsendable", id="menu"),
        pytest.param(ASKED, (Media(MediaKind.IMAGE, "m1"),), "system.unsendable", id="image"),
        pytest.param(ASKED, (Transfer(),), "system.unsendable", id="transfer"),
        pytest.param(ASKED, (Opaque("x"),), "system.unsendable", id="unknown"),
        pytest.param(COMMENTED, (Cards((Card("标题"),)),), "system.unsendable", id="card in a comment"),
        pytest.param(POSTED, (Text("字" * (MAX_POST + 1)),), "system.too-long", id="too long a post"),
        pytest.param(POSTED, (Cards((Card("标题"),)),), "system.unsendable", id="card in a post"),
        pytest.param(MASSED, (Text("字" * (MAX_TEXT + 1)),), "system.too-long", id="too long for many"),
        pytest.param(MASSED, (Position("1", "2"),), "system.no-form", id="place for many"),
    ],
)
def test_objects(message: Message, parts: tuple[Part, ...], rule: str) -> None:
    reply = Reply(parts)
    assert {finding.rule for finding in CODEC.objections(message, reply)} == {rule}
    with pytest.raises(DecodeError):
        CODEC.encode(message, reply, NOON)


@pytest.mark.parametrize(
    ("message", "part"),
    [
        pytest.param(ASKED, Text("字" * MAX_TEXT), id="just not too long"),
        pytest.param(COMMENTED, Text("字" * MAX_COMMENT), id="just not too long a comment"),
        pytest.param(ASKED, Text("第一行\r\n\t第二行"), id="line ends and tabs"),
        pytest.param(ASKED, Cards((Card("标题"),) * 8), id="eight cards"),
        pytest.param(ASKED, Position("116.30", "39.98"), id="position"),
    ],
)
def test_does_not_object(message: Message, part: Part) -> None:
    assert not CODEC.objections(message, Reply((part,)))


def test_points_at_the_control_character() -> None:
    (finding,) = CODEC.objections(ASKED, Reply.of("退\x07票"))
    assert finding.spans == (Span(1, 2),)


# --- a vendor's answers -----------------------------------------------------------------------

DATA = quote('{"text":"您好"}')
ANSWER = {
    "result": True,
    "sender_id": "1902538057",
    "receiver_id": "2489518277",
    "type": "text",
    "data": DATA,
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \r\n", id="white space"),
        pytest.param(b'""', id="the wiki's empty text"),
        pytest.param(b"success", id="WeChat's word"),
        pytest.param(b"\xef\xbb\xbf", id="a byte order mark alone"),
    ],
)
def test_silence(body: bytes) -> None:
    assert CODEC.decode_answer(ASKED, body) is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({}, "您好", id="as documented"),
        pytest.param({"sender_id": 1902538057, "receiver_id": 2489518277}, "您好", id="ids as numbers"),
        pytest.param({"data": quote_plus('{"text": "您好 1+1"}')}, "您好 1+1", id="blanks written as plus"),
        pytest.param({"data": quote('{"text": "您好 1+1"}')}, "您好 1+1", id="blanks written as %20"),
        pytest.param({"data": '{"text":"%E6%82%A8%E5%A5%BD"}'}, "您好", id="only the words encoded"),
        pytest.param({"extra": "x"}, "您好", id="a field more"),
    ],
)
def test_reads_a_vendors_answer(changes: dict[str, object], text: str) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(ANSWER | changes).encode()
    assert CODEC.decode_answer(ASKED, body) == Reply.of(text)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"result": False}, id="no result"),
        pytest.param({"result": "true"}, id="result as text"),
        pytest.param({"sender_id": "2489518277", "receiver_id": "1902538057"}, id="roles not swapped"),
        pytest.param({"receiver_id": "2489518278"}, id="for somebody else"),
        pytest.param({"sender_id": True}, id="an id that is none"),
        pytest.param({"type": "voice"}, id="a type that is no answer"),
        pytest.param({"type": None}, id="no type"),
        pytest.param({"data": {"text": "您好"}}, id="data not encoded at all"),
        pytest.param({"data": quote(DATA)}, id="data encoded twice"),
        pytest.param({"data": '{"text":"100%"}'}, id="a broken escape"),
        pytest.param({"data": "%7B%22text%22%3A%22%FF%22%7D"}, id="escapes that are no UTF-8"),
        pytest.param({"data": quote('{"text":"a","text":"b"}')}, id="doubled text"),
        pytest.param({"data": quote('{"text":""}')}, id="empty text"),
        pytest.param({"data": quote('{"text":["您好"]}')}, id="text that is a list"),
        pytest.param({"data": quote('{"text":"a\\u0000b"}')}, id="NUL"),
        pytest.param({"type": "articles", "data": quote('{"articles":{}}')}, id="articles as object"),
        pytest.param({"type": "articles", "data": quote('{"articles":["x"]}')}, id="an article as text"),
        pytest.param({"type": "position", "data": quote('{"longitude":"东经"}')}, id="no degrees"),
    ],
)
def test_refuses_a_vendors_answer(changes: dict[str, object]) -> None:
    with pytest.raises(BotMalformed):
        CODEC.decode_answer(ASKED, json.dumps(ANSWER | changes).encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("您好".encode(), id="plain words"),
        pytest.param(b"<html>502</html>", id="an error page"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"result": true, "result": true}', id="doubled key"),
        pytest.param(b"\xff\xfe", id="no text at all"),
    ],
)
def test_refuses_what_is_no_answer_at_all(body: bytes) -> None:
    with pytest.raises(BotMalformed):
        CODEC.decode_answer(ASKED, body)


def test_errors_quote_nothing() -> None:
    with pytest.raises(BotMalformed) as refused:
        CODEC.decode_answer(ASKED, json.dumps(ANSWER | {"type": "机密词"}).encode())
    assert "机密词" not in str(refused.value)
