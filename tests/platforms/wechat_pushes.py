"""Pushes as WeChat writes them, and codecs that read them. Keys and tokens are made up."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.core.model import BodyFormat
from app.platforms.signatures import signature_of
from app.platforms.wechat.codec import Mode, WeChatCodec, WeChatCredentials
from app.platforms.wechat.crypto import Cipher
from app.platforms.wechat.wire import write

DATA = Path(__file__).parent / "data"

TOKEN = "GuardToken2024"
APP_ID = "wx1234567890abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_AES_KEY = "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
SENT = 1_732_345_678
NOW = datetime.fromtimestamp(SENT, UTC)
NONCE = "1847263950"

HEAD = {"ToUserName": "gh_hall", "FromUserName": "oCitizen", "CreateTime": str(SENT)}
TEXT_PUSH = {**HEAD, "MsgType": "text", "Content": "几点开门？😀", "MsgId": "24800000000000001"}


def golden(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


def counting(size: int) -> bytes:
    """Entropy that can be foretold."""
    return bytes(range(1, size + 1))


def codec(mode: Mode = "plaintext", *keys: str, **changes: Any) -> WeChatCodec:
    if mode != "plaintext" and not keys:
        keys = (AES_KEY,)
    credentials = WeChatCredentials(TOKEN, APP_ID, mode, keys)
    return WeChatCodec("hall", credentials, timedelta(minutes=10), entropy=counting, **changes)


def signed(timestamp: int | str = SENT, nonce: str = NONCE, **more: str) -> dict[str, str]:
    query = {
        "signature": signature_of(TOKEN, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
    }
    return {**query, **more}


def push(fields: Mapping[str, Any], body_format: BodyFormat = BodyFormat.XML) -> bytes:
    return write(body_format, fields)


def sealed(inner: bytes, key: str = AES_KEY, app_id: str = APP_ID) -> tuple[dict[str, str], bytes]:
    """Query and body of a safe-mode push around `inner`."""
    encrypted = Cipher.of(key, app_id).seal(inner, counting(16))
    query = signed(encrypt_type="aes", msg_signature=signature_of(TOKEN, str(SENT), NONCE, encrypted))
    return query, write(BodyFormat.XML, {"ToUserName": "gh_hall", "Encrypt": encrypted})
