"""Why WeChat would not take a reply as the passive answer, told to the person who has to decide on it."""

from collections.abc import Iterator
from itertools import chain

from app.core.model import (
    Card,
    Cards,
    Category,
    Finding,
    Media,
    MediaKind,
    Menu,
    Message,
    MessageKind,
    Opaque,
    Part,
    Position,
    Reply,
    Severity,
    Span,
    Text,
    Transfer,
)
from app.core.submission import Way, way_of
from app.platforms.wechat.answer import PASSIVE_MEDIA
from app.platforms.wechat.calls import fits
from app.platforms.wechat.wire import ILLEGAL

TEXT_MAX_BYTES = 2048
"""UTF-8 bytes of one text. Source: what bots in production split at; the send API answers 45002 beyond."""

MESSAGE_MAX_CARDS = 1
EVENT_MAX_CARDS = 8
"""Source: 被动回复用户消息, 图文消息: one article for a user's message, eight in other scenes."""

_NO_FORM_WHY = {
    MediaKind.MINI_PROGRAM: "小程序卡片",
    MediaKind.CARD: "卡券",
    MediaKind.ARTICLE: "已发布图文",
    MediaKind.TEMPLATE: "模板消息",
}


def objections(message: Message, reply: Reply) -> tuple[Finding, ...]:
    """Empty where the reply can go out as the passive answer to `message`, or by the call it came by."""
    if way_of(message) not in (None, Way.MESSAGE):
        return (*fits(message, reply), *_too_long(reply), *_illegal(reply))
    return (*_parts_without_form(message, reply), *_too_long(reply), *_illegal(reply), *_empty(reply))


def _parts_without_form(message: Message, reply: Reply) -> Iterator[Finding]:
    if len(reply.parts) > 1:
        yield _object(
            "system.no-form",
            f"一次只能发送一条消息，这里有 {len(reply.parts)} 条，请合并或删减。",
        )
    for part in reply.parts:
        if why := _no_form(message, part):
            yield _object("system.no-form", why)


def _no_form(message: Message, part: Part) -> str:
    is_event = message.kind is MessageKind.EVENT
    if not message.passive:
        return _no_sending_form(part)
    match part:
        case Menu():
            return "菜单消息不能作为被动回复，只能由客服消息接口（msgmenu）发送。"
        case Position():
            return "微信没有“位置”这种回复。"
        case Opaque():
            return "机器人给出了无法识别的回复类型，无法检查，也无法发送。"
        case Media(kind) if kind not in PASSIVE_MEDIA:
            return f"{_NO_FORM_WHY[kind]}不能作为被动回复，只能由客服消息接口发送。"
        case Transfer() if is_event:
            return "转接人工客服只对用户发来的消息有效，对关注、菜单点击等事件无效。"
        case Cards(cards) if len(cards) > (EVENT_MAX_CARDS if is_event else MESSAGE_MAX_CARDS):
            limit = EVENT_MAX_CARDS if is_event else MESSAGE_MAX_CARDS
            return f"这里有 {len(cards)} 篇图文，微信在此处最多接受 {limit} 篇。"
    return ""


def _no_sending_form(part: Part) -> str:
    """Where it goes out by the customer-service interface in any case."""
    match part:
        case Position() | Transfer() | Opaque():
            return "客服消息接口没有这种消息。"
        case Cards(cards) if len(cards) != 1:
            return f"这里有 {len(cards)} 篇图文，客服消息接口一次只发 1 篇。"
    return ""


def _too_long(reply: Reply) -> Iterator[Finding]:
    for part in reply.parts:
        if not isinstance(part, Text):
            continue
        size_bytes = len(part.text.encode(errors="surrogatepass"))
        if size_bytes > TEXT_MAX_BYTES:
            yield _object(
                "system.too-long",
                f"文本有 {size_bytes} 字节，超过微信单条 {TEXT_MAX_BYTES} 字节（约 680 个汉字）的上限。",
            )


def _illegal(reply: Reply) -> Iterator[Finding]:
    spans = tuple(Span(*found.span()) for found in ILLEGAL.finditer(reply.text))
    hidden = any(ILLEGAL.search(text) for part in reply.parts for text in _unseen(part))
    if spans or hidden:
        yield _object("system.control-character", "含有微信无法传送的控制字符，须删去后才能发送。", spans)


def _unseen(part: Part) -> tuple[str, ...]:
    """What is sent although nobody reads it: it is no part of `Reply.text`."""
    match part:
        case Cards(cards):
            return tuple(card.picture_url for card in cards)
        case Media():
            return (part.media_id, *part.extra.values())
        case Transfer(account):
            return (account,)
    return ()


def _empty(reply: Reply) -> Iterator[Finding]:
    if not reply.parts or any(_says_nothing(part) for part in reply.parts):
        yield _object("system.empty", "回复为空：微信会向用户显示“该公众号暂时无法提供服务”。")


def _says_nothing(part: Part) -> bool:
    match part:
        case Text(text):
            return not text.strip()
        case Cards(cards):
            return not cards or any(card == Card("", picture_url=card.picture_url) for card in cards)
        case Media(MediaKind.IMAGE | MediaKind.VOICE | MediaKind.VIDEO):
            return not part.media_id
        case Media(MediaKind.MUSIC):
            return not "".join(chain((part.title, part.url), part.extra.values()))
    return False


def _object(rule: str, why: str, spans: tuple[Span, ...] = ()) -> Finding:
    return Finding(rule, Category.SYSTEM, Severity.MEDIUM, why, spans)
