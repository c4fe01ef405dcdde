"""The whole way of a push: in from the platform, on to a vendor, and the answer back."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from app.core.errors import BadSignature, BotMalformed, ConfigError, DecodeError
from app.core.model import BodyFormat, Card, Cards, Media, MediaKind, Message, Reply, Transfer
from app.platforms.signatures import signature_of
from app.platforms.wechat.codec import Mode, WeChatCodec, WeChatCredentials
from app.platforms.wechat.crypto import Cipher
from app.platforms.wechat.wire import parse
from app.ports import Codec
from tests.platforms.wechat_pushes import (
    AES_KEY,
    APP_ID,
    NONCE,
    NOW,
    OLD_AES_KEY,
    SENT,
    TEXT_PUSH,
    TOKEN,
    codec,
    counting,
    golden,
    push,
    sealed,
    signed,
)

BODY = push(TEXT_PUSH)


def test_it_is_the_codec_the_services_want() -> None:
    implements: Codec = codec()
    assert implements.media_type == "application/xml; charset=utf-8"


# --- the URL check ----------------------------------------------------------------------------


def test_the_official_url_check() -> None:
    official = golden("wechat_official_doc.json")
    credentials = WeChatCredentials(official["token"], official["appid"], "safe", (official["aeskey"],))
    query = official["url_verify"]["query"]
    now = datetime.fromtimestamp(int(query["timestamp"]), UTC)
    echo = WeChatCodec("hall", credentials, timedelta(minutes=10)).verify(query, now)
    assert echo.decode() == official["url_verify"]["expected_body"]


@pytest.mark.parametrize(
    ("query", "late"),
    [
        pytest.param(signed(signature="0" * 40), 0, id="a wrong signature"),
        pytest.param(signed(signature="签名"), 0, id="a signature that is not ASCII"),
        pytest.param(signed(signature="\ud800"), 0, id="a signature of half a character"),
        pytest.param({**signed(), "nonce": "9"}, 0, id="another nonce"),
        pytest.param({}, 0, id="nothing signed"),
        pytest.param(signed(), 601, id="too late"),
        pytest.param(signed(), -601, id="from the future"),
        pytest.param(signed(timestamp="soon"), 0, id="a time in words"),
        pytest.param(signed(nonce="a b"), 0, id="a nonce with a space"),
    ],
)
@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
def test_what_is_forged_or_stale_is_refused(mode: Mode, query: dict[str, str], late: int) -> None:
    now = NOW + timedelta(seconds=late)
    with pytest.raises(BadSignature):
        codec(mode).verify({**query, "echostr": "1"}, now)
    with pytest.raises(BadSignature):
        codec(mode).decode(query, BODY, now)


@pytest.mark.parametrize("echo", [{}, {"echostr": "<b>\n"}], ids=["no echostr", "an echostr with a line end"])
def test_a_url_check_without_a_proper_echostr_is_refused(echo: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        codec().verify(signed(**echo), NOW)


def test_a_push_just_in_time_is_taken() -> None:
    for late in (-600, 600):
        assert codec().decode(signed(), BODY, NOW + timedelta(seconds=late)).text == TEXT_PUSH["Content"]


# --- modes ------------------------------------------------------------------------------------

SAFE_QUERY, SAFE_BODY = sealed(BODY)
COMPATIBLE_BODY = push({**TEXT_PUSH, "Content": "改过的话", "Encrypt": parse(SAFE_BODY).fields["Encrypt"]})


@pytest.mark.parametrize(
    ("mode", "query", "body"),
    [
        pytest.param("plaintext", signed(), BODY, id="plain"),
        pytest.param("plaintext", signed(encrypt_type="raw"), BODY, id="plain, and says so"),
        pytest.param("safe", SAFE_QUERY, SAFE_BODY, id="safe"),
        pytest.param("compatible", SAFE_QUERY, COMPATIBLE_BODY, id="compatible: the sealed half counts"),
    ],
)
def test_a_push_in_its_channels_mode(mode: Mode, query: dict[str, str], body: bytes) -> None:
    message = codec(mode).decode(query, body, NOW)
    assert message.text == TEXT_PUSH["Content"]
    assert message.raw == BODY
    assert message.envelope.key_index == (None if mode == "plaintext" else 0)
    assert message.envelope.nonce == NONCE


@pytest.mark.parametrize(
    ("mode", "query", "body", "error"),
    [
        pytest.param("safe", signed(), BODY, BadSignature, id="safe: a plain push"),
        pytest.param("safe", signed(encrypt_type="raw"), BODY, BadSignature, id="safe: plain, and says so"),
        pytest.param(
            "safe", SAFE_QUERY, BODY, BadSignature, id="safe: a plain body that claims to be sealed"
        ),
        pytest.param(
            "safe", {**SAFE_QUERY, "encrypt_type": "des"}, SAFE_BODY, BadSignature, id="safe: unknown cipher"
        ),
        pytest.param(
            "safe", signed(encrypt_type="aes"), SAFE_BODY, BadSignature, id="safe: no body signature"
        ),
        pytest.param("compatible", signed(), BODY, BadSignature, id="compatible: the plain half alone"),
        pytest.param("compatible", signed(), COMPATIBLE_BODY, BadSignature, id="compatible: posing as plain"),
        pytest.param("plaintext", SAFE_QUERY, SAFE_BODY, DecodeError, id="plain: a sealed push"),
        pytest.param(
            "plaintext", signed(), SAFE_BODY, DecodeError, id="plain: a sealed body that claims to be plain"
        ),
        pytest.param("plaintext", signed(), b"", DecodeError, id="no body"),
    ],
)
def test_a_push_in_another_mode_is_refused(
    mode: Mode, query: dict[str, str], body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        codec(mode).decode(query, body, NOW)


def test_the_official_push_in_json() -> None:
    official = golden("wechat_official_doc.json")
    credentials = WeChatCredentials(official["token"], official["appid"], "safe", (official["aeskey"],))
    query = official["safe"]["query"]
    now = datetime.fromtimestamp(int(query["timestamp"]), UTC)
    body = json.dumps(official["safe"]["body"]).encode()
    message = WeChatCodec("hall", credentials, timedelta(minutes=10)).decode(query, body, now)
    assert message.raw.decode() == official["safe"]["expected_decrypt"]
    assert message.envelope.format is BodyFormat.JSON
    assert (message.event, message.extra) == ("debug_demo", {"debug_str": "hello world"})
    plain = official["plain"]["query"]
    assert plain["signature"] == signature_of(official["token"], plain["timestamp"], plain["nonce"])


def test_a_safe_push() -> None:
    vector = golden("wechat_safe_mode.json")
    message = codec("safe").decode(vector["query"], vector["body"].encode(), NOW)
    assert message.raw.decode() == vector["plain"]
    assert message.text == "你好"


@pytest.mark.parametrize(
    "vector", golden("wechat_safe_mode_refused.json")["vectors"], ids=lambda v: v["name"]
)
def test_a_spoilt_safe_push_is_refused_and_not_told_why(vector: dict[str, Any]) -> None:
    with pytest.raises(BadSignature) as refused:
        codec("safe").decode(vector["query"], vector["body"].encode(), NOW)
    assert str(refused.value) == "the encrypted body does not match its signature, key or account"


# --- keys -------------------------------------------------------------------------------------


def test_while_a_new_key_spreads_both_open_and_the_answer_uses_the_same() -> None:
    both = codec("safe", AES_KEY, OLD_AES_KEY)
    for index, key in enumerate((AES_KEY, OLD_AES_KEY)):
        message = both.decode(*sealed(BODY, key), NOW)
        assert message.envelope.key_index == index
        written = parse(both.encode(message, Reply.of("好"), NOW)).fields
        inner = Cipher.of(key, APP_ID).open(str(written["Encrypt"]))
        assert inner is not None
        assert "好".encode() in inner


def test_a_push_under_a_retired_key_is_refused() -> None:
    with pytest.raises(BadSignature):
        codec("safe", AES_KEY).decode(*sealed(BODY, OLD_AES_KEY), NOW)


def test_a_message_whose_key_has_gone_cannot_be_answered() -> None:
    message = codec("safe", AES_KEY, OLD_AES_KEY).decode(*sealed(BODY, OLD_AES_KEY), NOW)
    with pytest.raises(DecodeError):
        codec("safe", AES_KEY).encode(message, Reply.of("好"), NOW)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"token": ""}, "token", id="an empty token signs for everybody"),
        pytest.param({"aes_keys": ()}, "aes_key", id="safe mode without a key"),
        pytest.param({"aes_keys": ("short",)}, "43", id="a key that is none"),
        pytest.param({"aes_keys": (AES_KEY, "short")}, "43", id="a previous key that is none"),
    ],
)
def test_unusable_credentials_are_told_at_start(changes: dict[str, Any], word: str) -> None:
    good = {"token": TOKEN, "app_id": APP_ID, "mode": "safe", "aes_keys": (AES_KEY,)}
    with pytest.raises(ConfigError, match=word):
        WeChatCodec("hall", WeChatCredentials(**{**good, **changes}), timedelta(minutes=10))


def test_secrets_stay_out_of_what_is_printed() -> None:
    printed = repr(codec("safe"))
    assert TOKEN not in printed
    assert AES_KEY not in printed


# --- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
def test_no_answer_is_success_in_every_mode(mode: Mode) -> None:
    query, body = (signed(), BODY) if mode == "plaintext" else (SAFE_QUERY, SAFE_BODY)
    assert codec(mode).encode(codec(mode).decode(query, body, NOW), None, NOW) == b"success"


@pytest.mark.parametrize("body_format", list(BodyFormat))
def test_a_sealed_answer_carries_all_its_receiver_needs(body_format: BodyFormat) -> None:
    message = codec("safe").decode(*sealed(push(TEXT_PUSH, body_format)), NOW)
    later = NOW + timedelta(seconds=3)
    written = parse(codec("safe").encode(message, Reply.of("好😀"), later))
    fields = {name: str(value) for name, value in written.fields.items()}
    assert written.format is body_format
    assert (fields["TimeStamp"], fields["Nonce"]) == (str(SENT + 3), NONCE)
    assert fields["MsgSignature"] == signature_of(TOKEN, str(SENT + 3), NONCE, fields["Encrypt"])
    assert fields.keys() == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}


def test_a_peer_opens_our_answer() -> None:
    message = codec("safe").decode(SAFE_QUERY, SAFE_BODY, NOW)
    written = codec("safe").encode(message, Reply.of("您好]]>😀"), NOW).decode()
    fields = parse(written.encode()).fields
    peer = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    inner = peer.decrypt_message(written, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    assert parse(inner.encode()).fields["Content"] == "您好]]>😀"


def test_we_open_a_peers_push() -> None:
    written = WeChatCrypto(TOKEN, AES_KEY, APP_ID).encrypt_message(BODY.decode(), NONCE, str(SENT))
    query = signed(encrypt_type="aes", msg_signature=str(parse(written.encode()).fields["MsgSignature"]))
    assert codec("safe").decode(query, written.encode(), NOW).raw == BODY


# --- pushes to a vendor -----------------------------------------------------------------------

VENDOR_TOKEN = "VendorToken"
VENDOR_APP_ID = "wxvendor"


def vendor(mode: Mode = "plaintext", **changes: Any) -> WeChatCodec:
    credentials = WeChatCredentials(
        VENDOR_TOKEN, VENDOR_APP_ID, mode, () if mode == "plaintext" else (OLD_AES_KEY,)
    )
    return WeChatCodec("hall", credentials, timedelta(minutes=10), entropy=counting, **changes)


def asked() -> Message:
    return codec("safe").decode(SAFE_QUERY, SAFE_BODY, NOW)


def test_a_vendor_gets_the_platforms_bytes_under_its_own_signature() -> None:
    later = NOW + timedelta(hours=1)
    request = vendor().encode_push(asked(), later)
    query = request.query
    check_signature(VENDOR_TOKEN, query["signature"], query["timestamp"], query["nonce"])
    assert query.keys() == {"signature", "timestamp", "nonce", "openid"}
    assert (query["timestamp"], query["openid"]) == (str(SENT + 3600), "oCitizen")
    assert request.body == BODY
    assert request.media_type == "text/xml; charset=utf-8"


def test_a_vendor_with_a_key_gets_it_sealed_and_a_peer_opens_it() -> None:
    request = vendor("safe").encode_push(asked(), NOW)
    query = request.query
    assert query["encrypt_type"] == "aes"
    assert parse(request.body).fields.keys() == {"ToUserName", "Encrypt"}
    peer = WeChatCrypto(VENDOR_TOKEN, OLD_AES_KEY, VENDOR_APP_ID)
    stamp = (query["timestamp"], query["nonce"])
    inner = peer.decrypt_message(request.body.decode(), query["msg_signature"], *stamp)
    assert inner.encode() == BODY
    assert parse_message(inner).content == TEXT_PUSH["Content"]


@pytest.mark.parametrize(("pushed", "wanted"), list(product(BodyFormat, BodyFormat)))
@pytest.mark.parametrize("mode", ["plaintext", "safe"])
def test_a_vendor_reads_the_spelling_it_wants(mode: Mode, pushed: BodyFormat, wanted: BodyFormat) -> None:
    message = codec().decode(signed(), push(TEXT_PUSH, pushed), NOW)
    request = vendor(mode, push_format=wanted).encode_push(message, NOW)
    read = vendor(mode).decode(request.query, request.body, NOW)
    assert read.envelope.format is wanted
    assert parse(request.body).format is wanted
    assert replace(read, raw=message.raw, envelope=message.envelope) == message


def test_no_secret_of_the_platform_reaches_the_vendor() -> None:
    for mode in ("plaintext", "safe"):
        request = vendor(mode).encode_push(asked(), NOW)
        with pytest.raises(BadSignature):
            codec("safe").decode(request.query, request.body, NOW)


# --- answers of a vendor with a key -----------------------------------------------------------

TEXT_ANSWER = b"<xml><ToUserName>oCitizen</ToUserName><MsgType>text</MsgType><Content>ok</Content></xml>"


def sealed_answer(
    inner: bytes, token: str = VENDOR_TOKEN, key: str = OLD_AES_KEY, app: str = VENDOR_APP_ID
) -> bytes:
    peer = WeChatCrypto(token, key, app)
    return str(peer.encrypt_message(inner.decode(), NONCE, "1795426957")).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(sealed_answer(TEXT_ANSWER), Reply.of("ok"), id="sealed"),
        pytest.param(sealed_answer(b"success"), None, id="silence, sealed"),
        pytest.param(b"success", None, id="silence, bare"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(sealed_answer(TEXT_ANSWER, token="other"), "encrypted", id="signed with another token"),
        pytest.param(sealed_answer(TEXT_ANSWER, key=AES_KEY), "encrypted", id="under another key"),
        pytest.param(sealed_answer(TEXT_ANSWER, app=APP_ID), "encrypted", id="for another account"),
        pytest.param(
            sealed_answer(TEXT_ANSWER).replace(b"1795426957", b"1795426958"), "encrypted", id="a changed time"
        ),
        pytest.param(sealed_answer(b"<html>"), "html", id="a page, sealed"),
        pytest.param(TEXT_ANSWER, "not-encrypted", id="bare although it has a key"),
    ],
)
def test_answers_of_a_vendor_with_a_key(body: bytes, expected: object) -> None:
    try:
        answered: object = vendor("safe").decode_answer(asked(), body)
    except BotMalformed as error:
        answered = error.code
    assert answered == expected


def test_in_compatible_mode_a_vendor_may_answer_either_way() -> None:
    for body in (TEXT_ANSWER, sealed_answer(TEXT_ANSWER)):
        assert vendor("compatible").decode_answer(asked(), body) == Reply.of("ok")


# --- exchanges recorded from real vendor frameworks -------------------------------------------

RECORDED = golden("wechat_vendor_exchanges.json")
EXCHANGES: list[dict[str, Any]] = RECORDED["exchanges"]
POSTS = [e for e in EXCHANGES if e["method"] == "POST"]


def named(exchange: dict[str, Any]) -> str:
    return f"{exchange['server']}-{exchange['name']}"


REFUSED = ("badsig", "badmsgsig", "wrongappid", "emptybody", "notxml", "xxe", "internal_entity", "bad")
ARTICLE = Card("标题", "描述", "https://e.org/", "https://e.org/a.png")
MUSIC = Media(
    MediaKind.MUSIC, "", "曲名", "描述", "https://e.org/a.mp3", {"HQMusicUrl": "https://e.org/a.mp3"}
)
ECHO = Reply.of("收到：你好，请问办事大厅几点开门？😀")
WELCOME = Reply.of("欢迎关注")

WEROBOT_REPLIES = {
    "text": ECHO,
    "image": Reply.of("图片已收到"),
    "voice": Reply((Cards((ARTICLE,)),)),
    "location": Reply((MUSIC,)),
    "link": Reply((Media(MediaKind.IMAGE, "MEDIA123"),)),
    "subscribe": WELCOME,
    "subscribe_qr": WELCOME,
    "click": Reply((Transfer(),)),
}
WECHATPY_REPLIES = {
    "text": ECHO,
    "subscribe": WELCOME,
    "subscribe_qr": Reply.of("类型 event/subscribe_scan"),
    "location_event": Reply.of("类型 event/location"),
    "unknown_future": Reply.of("类型 unknown/"),
    **{
        name: Reply.of(f"类型 {name}/")
        for name in ("image", "voice", "video", "shortvideo", "location", "link")
    },
    **{
        name: Reply.of(f"类型 event/{name}")
        for name in ("unsubscribe", "scan", "click", "view", "masssendjobfinish")
    },
}


def recorded_codec(exchange: dict[str, Any]) -> WeChatCodec:
    aes = "encrypt_type=aes" in exchange["query"]
    mode: Mode = "compatible" if exchange["name"] == "compat_text" else "safe" if aes else "plaintext"
    keys = (RECORDED["aeskey"],) if aes else ()
    return WeChatCodec(
        "hall", WeChatCredentials(RECORDED["token"], RECORDED["appid"], mode, keys), timedelta(hours=1)
    )


@pytest.mark.parametrize("exchange", EXCHANGES, ids=named)
def test_we_take_and_refuse_what_real_vendors_do(exchange: dict[str, Any]) -> None:
    query = dict(parse_qsl(exchange["query"], keep_blank_values=True))
    now = datetime.fromtimestamp(int(RECORDED["timestamp"]), UTC)
    reading = recorded_codec(exchange)
    kind = exchange["name"].partition("_")[2]

    def read() -> object:
        if exchange["method"] == "GET":
            return reading.verify(query, now).decode()
        return reading.decode(query, exchange["body"].encode(), now).account

    if kind in REFUSED:
        with pytest.raises(DecodeError):
            read()
    else:
        assert read() == (exchange["resp_body"] if exchange["method"] == "GET" else "gh_0123456789ab")
    assert (exchange["status"] == 200) == (kind not in REFUSED)


@pytest.mark.parametrize("exchange", [e for e in POSTS if e["status"] == 200], ids=named)
def test_what_real_vendors_answer_is_read(exchange: dict[str, Any]) -> None:
    query = dict(parse_qsl(exchange["query"]))
    reading = recorded_codec(exchange)
    now = datetime.fromtimestamp(int(RECORDED["timestamp"]), UTC)
    message = reading.decode(query, exchange["body"].encode(), now)
    body = exchange["resp_body"].encode()
    kind = exchange["name"].partition("_")[2]
    if kind == "cdata_breakout":
        with pytest.raises(BotMalformed) as refused:
            reading.decode_answer(message, body)
        assert refused.value.code == "doubled"
        return
    replies = WECHATPY_REPLIES if exchange["server"] == "wechatpy" else WEROBOT_REPLIES
    assert reading.decode_answer(message, body) == replies.get(kind)


@pytest.mark.parametrize("exchange", [e for e in POSTS if e["status"] == 500], ids=named)
def test_error_pages_of_real_vendors_are_no_replies(exchange: dict[str, Any]) -> None:
    with pytest.raises(BotMalformed) as refused:
        codec().decode_answer(asked(), exchange["resp_body"].encode())
    assert refused.value.code == "no-markup"


# --- nothing else is ever raised --------------------------------------------------------------

QUERIES = st.dictionaries(
    st.sampled_from(
        ["signature", "timestamp", "nonce", "encrypt_type", "msg_signature", "echostr", "openid"]
    ),
    st.text(st.characters(), max_size=20) | st.sampled_from(["aes", "raw", str(SENT), NONCE]),
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    whole = draw(st.sampled_from([BODY, SAFE_BODY, COMPATIBLE_BODY, push(TEXT_PUSH, BodyFormat.JSON), b""]))
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 16)))
    return whole[:start] + draw(st.binary(max_size=8)) + whole[end:]


@given(
    mode=st.sampled_from(["plaintext", "compatible", "safe"]),
    query=QUERIES
    | QUERIES.map(lambda query: {**query, **signed()})
    | QUERIES.map(lambda query: {**query, **SAFE_QUERY}),
    body=bodies(),
)
def test_no_push_raises_anything_but_decode_error(mode: Mode, query: dict[str, str], body: bytes) -> None:
    with suppress(DecodeError):
        assert codec(mode).decode(query, body, NOW).channel == "hall"
    with suppress(DecodeError):
        assert codec(mode).verify(query, NOW) == query["echostr"].encode()


@given(inner=bodies())
def test_no_sealed_bytes_raise_anything_but_decode_error(inner: bytes) -> None:
    with suppress(DecodeError):
        assert codec("safe").decode(*sealed(inner), NOW).raw == inner
