import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from app.core.errors import ConfigError
from app.platforms.signatures import signature_of
from app.platforms.wechat.crypto import MAX_ENCRYPTED_CHARS, Cipher
from app.platforms.wechat.wire import parse, scalar
from tests.platforms.wechat_pushes import AES_KEY, APP_ID, NONCE, OLD_AES_KEY, TOKEN, counting, golden

CIPHER = Cipher.of(AES_KEY, APP_ID)


def test_the_official_reply_is_met_to_the_byte() -> None:
    official = golden("wechat_official_doc.json")
    reply = official["reply"]
    cipher = Cipher.of(official["aeskey"], official["appid"])
    encrypted = cipher.seal(reply["plain"].encode(), reply["random16"].encode())
    assert encrypted == reply["expected_Encrypt"]
    stamp = (reply["timestamp"], reply["nonce"])
    assert signature_of(official["token"], *stamp, encrypted) == reply["expected_MsgSignature"]


def test_the_official_push_opens() -> None:
    official = golden("wechat_official_doc.json")
    cipher = Cipher.of(official["aeskey"], official["appid"])
    opened = cipher.open(official["safe"]["body"]["Encrypt"])
    assert opened is not None
    assert opened.decode() == official["safe"]["expected_decrypt"]


def test_wecoms_sample_opens_with_the_same_cipher() -> None:
    """What docs/adr/0004 builds on."""
    sample = golden("wecom_official_sample.json")
    cipher = Cipher.of(sample["aeskey"], sample["receiveid"])
    verify, message = sample["verify"]["query"], sample["message"]
    assert cipher.open(verify["echostr"]) == sample["verify"]["expected_body"].encode()
    encrypted = scalar(parse(message["body"].encode()).fields, "Encrypt")
    assert cipher.open(encrypted) == message["expected_decrypt"].encode()
    for query, sealed in ((verify, verify["echostr"]), (message["query"], encrypted)):
        expected = signature_of(sample["token"], query["timestamp"], query["nonce"], sealed)
        assert query["msg_signature"] == expected


@given(inner=st.binary(max_size=300))
def test_what_was_sealed_opens(inner: bytes) -> None:
    assert CIPHER.open(CIPHER.seal(inner, counting(16))) == inner


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 31, 32, 33, 1000])
def test_padding_fills_blocks_of_32(size: int) -> None:
    assert len(base64.b64decode(CIPHER.seal(b"x" * size, counting(16)))) % 32 == 0


def test_signatures_agree_with_a_peer() -> None:
    check_signature(TOKEN, signature_of(TOKEN, "1732345678", NONCE), "1732345678", NONCE)


def test_a_peer_opens_what_we_seal_and_we_what_it_seals() -> None:
    peer = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    encrypted = CIPHER.seal("您好😀".encode(), counting(16))
    stamp = ("1732345678", NONCE)
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>"
    assert peer.decrypt_message(body, signature_of(TOKEN, *stamp, encrypted), *stamp) == "您好😀"
    theirs: Any = peer.encrypt_message("您好😀", NONCE, stamp[0])
    start = theirs.index("<Encrypt><![CDATA[") + len("<Encrypt><![CDATA[")
    assert CIPHER.open(theirs[start : theirs.index("]]>", start)]) == "您好😀".encode()


@pytest.mark.parametrize(
    "encrypted",
    [
        pytest.param("", id="empty"),
        pytest.param("====", id="padding only"),
        pytest.param("***", id="not base64"),
        pytest.param("文字", id="not ASCII"),
        pytest.param(CIPHER.seal(b"x", counting(16)) + "\n", id="white space behind"),
        pytest.param(CIPHER.seal(b"x", counting(16))[:-4], id="cut short"),
        pytest.param(base64.b64encode(bytes(32)).decode(), id="random blocks"),
        pytest.param(Cipher.of(AES_KEY, "wx-another").seal(b"x", counting(16)), id="another account"),
        pytest.param(Cipher.of(AES_KEY, APP_ID + "0").seal(b"x", counting(16)), id="account with a tail"),
        pytest.param(Cipher.of(OLD_AES_KEY, APP_ID).seal(b"x", counting(16)), id="another key"),
        pytest.param("A" * (MAX_ENCRYPTED_CHARS + 4), id="huge"),
    ],
)
def test_what_does_not_fit_does_not_open(encrypted: str) -> None:
    assert CIPHER.open(encrypted) is None


@given(data=st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert CIPHER.open(base64.b64encode(data).decode()) is None


@pytest.mark.parametrize(
    "key", ["", AES_KEY[:-1], AES_KEY[:-1] + "=", AES_KEY + "A"], ids=["none", "42", "ends in =", "44"]
)
def test_a_key_that_is_none_is_told_at_start(key: str) -> None:
    with pytest.raises(ConfigError, match="43"):
        Cipher.of(key, APP_ID)


def test_the_key_stays_out_of_what_is_printed() -> None:
    assert "key=" not in repr(CIPHER)
