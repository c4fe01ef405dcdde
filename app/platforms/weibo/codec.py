"""Weibo's 粉丝服务平台: pushes and passive answers, in JSON.

The signature covers secret, time and nonce, never the body: what a push says is only as true as the address
it came to is secret. Source: open.weibo.com/wiki, Messages_api_start, 消息推送服务, 发送被动响应消息.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.errors import BotMalformed, DecodeError
from app.core.model import Cards, Category, Finding, Message, MessageKind, Part, Reply, Severity, Span, Text
from app.core.strict_json import parse_object
from app.core.submission import Way, way_of
from app.platforms.signatures import require_fresh, require_signature, signature_of, signed_value
from app.platforms.weibo.parts import MAX_CARDS, form_of, part_of, url_encoded
from app.platforms.weibo.pushes import id_text, message_of, read_push
from app.ports import SignedRequest

MAX_TEXT = 299
"""The wiki wants less than 300 汉字. We count UTF-16 units, the strictest reading of it."""

MAX_COMMENT = 140
"""汉字 in a comment (wiki: 2/comments/create), counted in the same way."""

MAX_POST = 140
"""汉字 in a post (wiki: 2/statuses/share), counted in the same way."""

PRIVATE, COMMENT, POST = "私信", "评论", "正文"

JSON = "application/json"

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters but tab and line ends, half surrogate pairs, and what is no character."""

_SILENCE = frozenset({b"", b'""', b"success"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(slots=True)
class WeiboCodec:
    """One account's wire format; toward a vendor, `app_secret` is the vendor's own token."""

    channel: str
    app_secret: str = field(repr=False)
    max_age: timedelta
    """How far from our clock a signed time may be."""
    uid: str = ""
    """The account's id; pushes for another one are refused. Empty: not checked."""
    media_type: str = JSON

    def verify(self, query: Mapping[str, str], now: datetime) -> bytes:
        self._authenticate(query, now)
        return signed_value(query, "echostr").encode("utf-8", "surrogatepass")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> Message:
        nonce = self._authenticate(query, now)
        push = read_push(body)
        if self.uid and push.receiver != self.uid:
            raise DecodeError("the push is for another account")
        return message_of(push, channel=self.channel, raw=body, nonce=nonce, now=now)

    def encode(self, message: Message, reply: Reply | None, now: datetime) -> bytes:
        if reply is None:
            return b""
        if self.objections(message, reply):
            raise DecodeError("Weibo has no form for this reply")
        (part,) = reply.parts
        form = form_of(part)
        if form is None:
            raise DecodeError("Weibo has no form for this part")
        answer = {
            "result": True,
            "sender_id": message.account,
            "receiver_id": message.user,
            "type": form.type,
            "data": url_encoded(form),
        }
        return json.dumps(answer, ensure_ascii=False).encode("utf-8")

    def objections(self, message: Message, reply: Reply) -> Sequence[Finding]:
        if len(reply.parts) != 1:
            return (_objection("system.too-many-parts", "微博一次只能回复一条消息。"),)
        (part,), way = reply.parts, way_of(message)
        if way is Way.MASS and not isinstance(part, Text | Cards):
            return (_objection("system.no-form", "群发只能发文字或图文。"),)
        if way is Way.STATUS:
            return tuple(_part_objections(part, POST, MAX_POST))
        if message.kind in (MessageKind.COMMENT, MessageKind.MENTION):
            return tuple(_part_objections(part, COMMENT, MAX_COMMENT))
        return tuple(_part_objections(part, PRIVATE, MAX_TEXT))

    def pieces(self, message: Message, reply: Reply) -> Sequence[Reply]:
        return (reply,)

    def encode_push(self, message: Message, now: datetime) -> SignedRequest:
        timestamp = str(int(now.timestamp() * 1000))
        nonce = message.digest[:16]
        signature = signature_of(self.app_secret, timestamp, nonce)
        query = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
        return SignedRequest(query, message.raw, JSON)

    def decode_answer(self, message: Message, body: bytes) -> Reply | None:
        body = body.removeprefix(_BYTE_ORDER_MARK).strip()
        if body in _SILENCE:
            return None
        try:
            return Reply((_read_answer(message, parse_object(body)),))
        except ValueError as error:
            raise BotMalformed(f"the answer is no Weibo reply: {error}") from None

    def _authenticate(self, query: Mapping[str, str], now: datetime) -> str:
        """The nonce of a query that is signed and fresh. Raises BadSignature."""
        timestamp, nonce = signed_value(query, "timestamp"), signed_value(query, "nonce")
        require_signature(signed_value(query, "signature"), self.app_secret, timestamp, nonce)
        require_fresh(timestamp, now, self.max_age)
        return nonce


def _read_answer(message: Message, answer: Mapping[str, object]) -> Part:
    """Raises ValueError, which never quotes the answer."""
    if answer.get("result") is not True:
        raise ValueError("result is not true")
    if id_text(answer.get("sender_id")) != message.account:
        raise ValueError("sender_id is not the account that was written to")
    if id_text(answer.get("receiver_id")) != message.user:
        raise ValueError("receiver_id is not the follower who wrote")
    type_name, encoded = answer.get("type"), answer.get("data")
    if not isinstance(type_name, str) or not isinstance(encoded, str):
        raise ValueError("type or data is no text")
    return part_of(type_name, encoded)


def _part_objections(part: Part, place: str, limit: int) -> Iterator[Finding]:
    match part:
        case Text(text):
            if not text.strip():
                yield _objection("system.empty", "回复为空。")
            if (length := _utf16_units(text)) > limit:
                yield _objection("system.too-long", f"文本有 {length} 字，超过微博{place} {limit} 字的上限。")
        case _ if place != PRIVATE:
            yield _objection("system.unsendable", f"微博{place}只能用文字。")
        case Cards(cards):
            if not 1 <= len(cards) <= MAX_CARDS:
                yield _objection(
                    "system.unsendable", f"这里有 {len(cards)} 篇图文，微博一次须有 1 至 {MAX_CARDS} 篇。"
                )
        case _ if form_of(part) is None:
            yield _objection("system.unsendable", "微博没有这种消息，须改为文字。")
    if spans := tuple(Span(*found.span()) for found in _CONTROL.finditer(Reply((part,)).text)):
        yield _objection("system.control-character", "含有不能发送的控制字符，须删去后才能发送。", spans)


def _objection(rule: str, why: str, spans: tuple[Span, ...] = ()) -> Finding:
    return Finding(rule, Category.SYSTEM, Severity.MEDIUM, why, spans)


def _utf16_units(text: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)
