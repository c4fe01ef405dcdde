"""What bots that know only text are told of a message, and what counts as a reply of theirs."""

from collections.abc import Mapping

from app.core.errors import BotMalformed
from app.core.model import Message, MessageKind, Reply

NAMES: Mapping[MessageKind, str] = {
    MessageKind.IMAGE: "图片",
    MessageKind.VOICE: "语音",
    MessageKind.VIDEO: "视频",
    MessageKind.SHORT_VIDEO: "小视频",
    MessageKind.LOCATION: "位置",
    MessageKind.LINK: "链接",
    MessageKind.MINI_PROGRAM: "小程序",
    MessageKind.UNKNOWN: "无法识别的消息",
}


def spoken(message: Message) -> str:
    """The message in words: its text, and a note in brackets where it is more than text."""
    if message.kind is MessageKind.EVENT:
        return f"[事件 {message.event} {message.event_key}]".replace(" ]", "]")
    name = NAMES.get(message.kind)
    return message.text if name is None else f"[{name}]{message.text}"


def reply_of(text: object) -> Reply | None:
    """A bot's text as a reply; None where it is empty. Raises BotMalformed for what is no text."""
    if not isinstance(text, str):
        raise BotMalformed("the bot's reply is no text", code="no-text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BotMalformed("the bot's reply holds half a character", code="no-text") from error
    stripped = text.rstrip()
    return Reply.of(stripped) if stripped else None
