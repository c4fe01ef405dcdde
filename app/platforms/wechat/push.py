"""A push's fields -> Message: every kind and event WeChat documents, and those it does not yet."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from app.core.errors import DecodeError
from app.core.model import Envelope, Message, MessageKind, SendWindow
from app.platforms.wechat.wire import Fields, flat, scalar

# How long and how often a follower may be written to after each act.
# Source: developers.weixin.qq.com, 客服消息 (api_sendcustommessage).
MESSAGE_WINDOW = timedelta(hours=48)
MESSAGE_QUOTA = 5
INTERACTION_WINDOW = timedelta(minutes=1)
INTERACTION_QUOTA = 3

INTERACTIONS = frozenset(
    {
        "subscribe",
        "scan",
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)
"""Events that open the short window. After all others nothing can be sent but the passive answer."""

_KINDS = {
    kind.value: kind
    for kind in MessageKind
    if kind not in (MessageKind.COMMENT, MessageKind.MENTION, MessageKind.UNKNOWN)
}
_TEXT_FIELDS: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.TEXT: ("Content",),
    MessageKind.VOICE: ("Recognition",),
    MessageKind.LINK: ("Title", "Description"),
    MessageKind.LOCATION: ("Label",),
    MessageKind.MINI_PROGRAM: ("Title",),
}
_HEAD = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey")
_ONCE = frozenset((*_HEAD, *(name for names in _TEXT_FIELDS.values() for name in names))) | {
    *("MsgId", "MsgID", "MediaId", "ThumbMediaId", "PicUrl", "Url", "Format", "Ticket", "MenuId"),
    *("Location_X", "Location_Y", "Scale"),
}
"""Doubled, each of these would mean one thing to us and another to the bot."""
_MENU_MESSAGE_FIELD = "bizmsgmenuid"
"""Marks a text that was not typed but tapped in a menu message: it counts as a menu click."""

_ACCOUNT_NAME = re.compile(r"[!-9;-~]{1,128}")  # visible ASCII, no colon: it separates the parts of a key
_UNIX_SECONDS = re.compile(r"[0-9]{1,10}")
_MAX_KEY_CHARS = 200


def read_push(fields: Fields, raw: bytes, channel: str, envelope: Envelope, now: datetime) -> Message:
    """Raises DecodeError where who, whom or when is missing; what is merely unknown is kept as UNKNOWN."""
    if any(isinstance(fields.get(name), tuple) for name in _ONCE):
        raise DecodeError("a known field is repeated")
    kind_name = scalar(fields, "MsgType").strip()
    kind = _KINDS.get(kind_name.lower(), MessageKind.UNKNOWN)
    event = scalar(fields, "Event").strip().lower() if kind is MessageKind.EVENT else ""
    sent_at = _time(scalar(fields, "CreateTime").strip())
    text_fields = _TEXT_FIELDS.get(kind, ())
    return Message(
        channel=channel,
        key=_key(fields, kind, event or kind_name, raw),
        user=_account(fields, "FromUserName"),
        account=_account(fields, "ToUserName"),
        kind=kind,
        sent_at=sent_at,
        received_at=now,
        envelope=envelope,
        raw=raw,
        text="\n".join(text for name in text_fields if (text := scalar(fields, name))),
        event=event,
        event_key=scalar(fields, "EventKey"),
        kind_name=kind_name,
        extra={name: value for name, value in flat(fields) if name not in _HEAD and name not in text_fields},
        window=_window(fields, kind, event, sent_at),
    )


def _key(fields: Fields, kind: MessageKind, what: str, raw: bytes) -> str:
    """The message's id; where it has none (events) who, when and what, which a resend repeats.

    Two results of jobs may reach one follower in the same second: they differ by the job's MsgID.
    """
    if message_id := scalar(fields, "MsgId").strip():
        key = f"MsgId:{message_id}"
    else:
        which = scalar(fields, "EventKey") or scalar(fields, "MsgID")
        if kind is not MessageKind.EVENT:
            which = hashlib.sha256(raw).hexdigest()
        key = (
            f"{scalar(fields, 'FromUserName').strip()}:{scalar(fields, 'CreateTime').strip()}:{what}:{which}"
        )
    return key if len(key) <= _MAX_KEY_CHARS else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _account(fields: Fields, name: str) -> str:
    value = scalar(fields, name).strip()
    if not _ACCOUNT_NAME.fullmatch(value):
        raise DecodeError(f"{name} is missing or no account's id")
    return value


def _time(seconds: str) -> datetime:
    if not _UNIX_SECONDS.fullmatch(seconds):
        raise DecodeError("CreateTime is not a time in seconds")
    return datetime.fromtimestamp(int(seconds), UTC)


def _window(fields: Fields, kind: MessageKind, event: str, sent_at: datetime) -> SendWindow | None:
    if event in INTERACTIONS or _MENU_MESSAGE_FIELD in fields:
        return SendWindow(sent_at + INTERACTION_WINDOW, INTERACTION_QUOTA, reviewable=False)
    if kind is MessageKind.EVENT:
        return None
    return SendWindow(sent_at + MESSAGE_WINDOW, MESSAGE_QUOTA)
