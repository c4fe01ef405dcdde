"""A reply's part -> the JSON of message/custom/send (客服消息).

Source: developers.weixin.qq.com, api_sendcustommessage.
"""

import json
from collections.abc import Mapping

from app.core.errors import PlatformError
from app.core.model import Cards, Media, MediaKind, Menu, Part, Reply, Text


def customer_message(user: str, reply: Reply, desk: str = "") -> bytes:
    """The request body, raw UTF-8: WeChat refuses \\u escapes (errcode 40033).

    `desk`: under which customer-service account's name it is shown; empty: the account's own.

    Raises PlatformError for what the interface has no form for.
    """
    if len(reply.parts) != 1:
        raise PlatformError("a delivery carries one part", code="too-many-parts")
    kind, content = _form_of(reply.parts[0])
    request: dict[str, object] = {"touser": user, "msgtype": kind, kind: content}
    if desk:
        request["customservice"] = {"kf_account": desk}
    try:
        return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise PlatformError("the reply has half a character in it", code="unsendable") from None


def _form_of(part: Part) -> tuple[str, Mapping[str, object]]:
    """The interface's `msgtype` and the object of that name."""
    match part:
        case Text(text):
            return "text", {"content": text}
        case Cards():
            return "news", _news(part)
        case Menu(head, items, tail):
            choices = [{"id": item.id, "content": item.label} for item in items]
            return "msgmenu", {"head_content": head, "list": choices, "tail_content": tail}
        case Media():
            return _media(part)
        case _:
            raise PlatformError("WeChat has no customer-service form for this part", code="no-form")


def _news(cards: Cards) -> Mapping[str, object]:
    if len(cards.cards) != 1:
        raise PlatformError("a customer-service news message has one article", code="too-many-articles")
    (card,) = cards.cards
    article = {
        "title": card.title,
        "description": card.description,
        "url": card.url,
        "picurl": card.picture_url,
    }
    return {"articles": [article]}  # a bare object would be errcode 45162


def _media(media: Media) -> tuple[str, Mapping[str, object]]:
    match media.kind:
        case MediaKind.IMAGE | MediaKind.VOICE:
            return media.kind.value, {"media_id": _required(media.media_id)}
        case MediaKind.VIDEO:
            return "video", {
                "media_id": _required(media.media_id),
                "thumb_media_id": _required(_thumb(media)),
                "title": media.title,
                "description": media.description,
            }
        case MediaKind.MUSIC:
            return "music", {
                "title": media.title,
                "description": media.description,
                "musicurl": media.url or _extra(media, "musicurl", "MusicUrl"),
                "hqmusicurl": _extra(media, "hqmusicurl", "HQMusicUrl"),
                "thumb_media_id": _required(_thumb(media)),
            }
        case MediaKind.MINI_PROGRAM:
            return "miniprogrampage", {
                "title": media.title,
                "appid": _required(_extra(media, "appid", "AppId")),
                "pagepath": _extra(media, "pagepath", "PagePath"),
                "thumb_media_id": _required(_thumb(media)),
            }
        case MediaKind.CARD:
            return "wxcard", {"card_id": _required(_extra(media, "card_id", "CardId") or media.media_id)}
        case MediaKind.ARTICLE:
            return _article(media)
        case MediaKind.TEMPLATE:
            raise PlatformError("a template message is no customer-service message", code="no-form")


def _article(media: Media) -> tuple[str, Mapping[str, object]]:
    """A published article goes by its article id, material by its media id."""
    article_id = _extra(media, "article_id")
    if article_id:
        return "mpnewsarticle", {"article_id": article_id}
    return "mpnews", {"media_id": _required(media.media_id)}


def _thumb(media: Media) -> str:
    return _extra(media, "thumb_media_id", "ThumbMediaId")


def _extra(media: Media, *names: str) -> str:
    """The first of these that is there: the send interface and the passive answer spell names differently."""
    return next((media.extra[name] for name in names if media.extra.get(name)), "")


def _required(value: str) -> str:
    if not value:
        raise PlatformError("the message lacks an id that WeChat needs", code="incomplete")
    return value
