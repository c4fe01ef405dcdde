"""A push's JSON -> Message. Source: open.weibo.com/wiki, 消息推送服务 and 接收事件推送."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from app.core.errors import DecodeError
from app.core.model import BodyFormat, Envelope, Message, MessageKind, SendWindow
from app.core.strict_json import parse_object

SEND_WINDOW = timedelta(hours=48)
"""After a message, follow, subscription, menu click or scan (wiki: Send_Customer_Service_Message)."""

MESSAGES_PER_WINDOW = 99
"""The wiki says "no limits" today and said 99 before; enough for people, and a stop for a loop."""

MESSAGES_PER_MENTION = 1
"""One reply within 48 hours (wiki: C/2/messages/reply/biz-en)."""

_WINDOW_EVENTS = frozenset({"follow", "subscribe", "click", "scan", "scan_follow"})
"""Others open nothing: after unfollow the platform refuses, a view shows its own page."""

_KINDS = {
    "text": MessageKind.TEXT,
    "position": MessageKind.LOCATION,
    "voice": MessageKind.VOICE,
    "image": MessageKind.IMAGE,
    "event": MessageKind.EVENT,
    "mention": MessageKind.MENTION,
    "comment": MessageKind.COMMENT,
}
_PUBLIC = frozenset({MessageKind.COMMENT, MessageKind.MENTION})
"""Written in public: answered by the comment API, never passively."""

_TARGET_OF_MENTION = {"status": "id", "comment": "cid"}
"""What `data.key` names, by `data.subtype`."""

_ID = re.compile(r"[0-9]{1,20}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Push:
    """The fields every push has, checked."""

    kind_name: str
    sender: str
    receiver: str
    sent_at: datetime
    text: str
    data: Mapping[str, object]

    @property
    def kind(self) -> MessageKind:
        return _KINDS.get(self.kind_name, MessageKind.UNKNOWN)

    @property
    def event(self) -> str:
        return _scalar(self.data.get("subtype")).lower() if self.kind is MessageKind.EVENT else ""


def read_push(body: bytes) -> Push:
    """Raises DecodeError, which never quotes the push."""
    try:
        push = parse_object(body)
    except ValueError as error:
        raise DecodeError(f"the body is no JSON push: {error}") from None
    kind_name = push.get("type")
    if not isinstance(kind_name, str) or not _NAME.fullmatch(kind_name):
        raise DecodeError("type is missing or no name")
    data = push.get("data")
    # Comment-shaped pushes carry the ids beside `data` where they are the platform's comment object.
    ids: dict[str, object] = {name: push[name] for name in ("cid", "id") if name in push}
    return Push(
        kind_name=kind_name.lower(),
        sender=_required_id(push, "sender_id"),
        receiver=_required_id(push, "receiver_id"),
        sent_at=_time(push.get("created_at")),
        text=_scalar(push.get("text")),
        data=ids | (data if isinstance(data, dict) else {}),
    )


def message_of(push: Push, *, channel: str, raw: bytes, nonce: str, now: datetime) -> Message:
    kind = push.kind
    target = _target(push) if kind in _PUBLIC else {}
    return Message(
        channel=channel,
        key=_key(push, target),
        user=push.sender,
        account=push.receiver,
        kind=kind,
        sent_at=push.sent_at,
        received_at=now,
        envelope=Envelope(BodyFormat.JSON, nonce=nonce),
        raw=raw,
        # The text of an event is the platform's own caption, nobody's words.
        text="" if kind is MessageKind.EVENT else push.text,
        event=push.event,
        event_key=_scalar(push.data.get("key")) if kind is MessageKind.EVENT else "",
        kind_name=push.kind_name,
        extra=_extra(push.data) | target,
        window=_window(push, now),
        passive=kind not in _PUBLIC,
    )


def id_text(value: object) -> str:
    """An id as decimal text; empty for what is none. Ids come as int64 or as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    return text if _ID.fullmatch(text) else ""


def _required_id(push: Mapping[str, object], name: str) -> str:
    value = id_text(push.get(name))
    if not value:
        raise DecodeError(f"{name} is missing or no id")
    return value


def _time(value: object) -> datetime:
    try:
        return datetime.strptime(str(value), "%a %b %d %H:%M:%S %z %Y").astimezone(UTC)
    except (ValueError, OverflowError):
        raise DecodeError("created_at is missing or no time") from None


def _target(push: Push) -> dict[str, str]:
    """`cid` of the comment and `id` of its status, as far as the push tells."""
    named = _TARGET_OF_MENTION.get(_scalar(push.data.get("subtype")), "")
    target = {named: id_text(push.data.get("key"))} if named else {}
    target |= {name: id_text(push.data[name]) for name in ("cid", "id") if name in push.data}
    return {name: value for name, value in target.items() if value}


def _key(push: Push, target: Mapping[str, str]) -> str:
    """Sender and second are all the platform gives; the content's digest tells two in one second apart."""
    content = target.get("cid") or target.get("id") or _digest(push)
    seconds = str(int(push.sent_at.timestamp()))
    names = (push.kind_name, push.event) if _NAME.fullmatch(push.event) else (push.kind_name,)
    return ":".join((push.sender, seconds, *names, content))


def _digest(push: Push) -> str:
    content = json.dumps([push.text, push.data], sort_keys=True)
    return sha256(content.encode("ascii")).hexdigest()[:16]


def _extra(data: Mapping[str, object]) -> dict[str, str]:
    return {_scalar(name): text for name, value in data.items() if (text := _scalar(value))}


def _scalar(value: object) -> str:
    """Text or number as text; empty for anything else. NUL, which no record can keep, is replaced."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "\ufffd")


def _window(push: Push, now: datetime) -> SendWindow | None:
    if push.kind is MessageKind.EVENT and push.event not in _WINDOW_EVENTS:
        return None
    messages = MESSAGES_PER_MENTION if push.kind is MessageKind.MENTION else MESSAGES_PER_WINDOW
    # The body is not signed: a time in the future must not keep a window open.
    return SendWindow(min(push.sent_at, now) + SEND_WINDOW, messages)
