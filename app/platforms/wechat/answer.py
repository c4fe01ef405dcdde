"""Reply <-> the passive answer's fields. Source: developers.weixin.qq.com, 被动回复用户消息."""

from collections.abc import Callable, Mapping
from datetime import datetime

from app.core.errors import BotMalformed, DecodeError
from app.core.model import BodyFormat, Card, Cards, Media, MediaKind, Message, Part, Reply, Text, Transfer
from app.platforms.wechat.wire import Document, Fields, Value, nested, scalar

_MEDIA_ELEMENTS = {
    MediaKind.IMAGE: "Image",
    MediaKind.VOICE: "Voice",
    MediaKind.VIDEO: "Video",
    MediaKind.MUSIC: "Music",
}
PASSIVE_MEDIA = frozenset(_MEDIA_ELEMENTS)
"""Kinds a passive answer can carry; the others go by the customer-service API only."""

_MUSIC_EXTRAS = ("HQMusicUrl", "ThumbMediaId")


# --- writing ----------------------------------------------------------------------------------


def answer_fields(message: Message, reply: Reply, now: datetime) -> Fields:
    """A reply without objections as WeChat's fields, from the account to the follower.

    Raises DecodeError for a part that has no passive form.
    """
    return {
        "ToUserName": message.user,
        "FromUserName": message.account,
        "CreateTime": str(int(now.timestamp())),
        **_part_fields(reply.parts[0]),
    }


def _part_fields(part: Part) -> Fields:
    match part:
        case Text(text):
            return {"MsgType": "text", "Content": text}
        case Cards(cards):
            articles = tuple(_card_fields(card) for card in cards)
            return {"MsgType": "news", "ArticleCount": str(len(cards)), "Articles": articles}
        case Media(kind) if kind in PASSIVE_MEDIA:
            return {"MsgType": kind.value, _MEDIA_ELEMENTS[kind]: _media_fields(part)}
        case Transfer(account):
            to_desk: Fields = {"TransInfo": {"KfAccount": account}} if account else {}
            return {"MsgType": "transfer_customer_service", **to_desk}
    raise DecodeError("a part that has no passive form")


def _card_fields(card: Card) -> Fields:
    return {
        "Title": card.title,
        "Description": card.description,
        "PicUrl": card.picture_url,
        "Url": card.url,
    }


def _media_fields(media: Media) -> Fields:
    fields = {"MediaId": media.media_id, "Title": media.title, "Description": media.description}
    if media.kind is MediaKind.MUSIC:
        fields["MusicUrl"] = media.url
        fields |= {name: media.extra.get(name, "") for name in _MUSIC_EXTRAS}
    return {name: value for name, value in fields.items() if value}


# --- reading ----------------------------------------------------------------------------------


def read_answer(message: Message, document: Document) -> Reply:
    """A vendor's answer to `message`. Raises BotMalformed; DecodeError where an element is misshapen."""
    fields = document.fields
    doubled = {name for name, value in fields.items() if isinstance(value, tuple)}
    if doubled - ({"Articles"} if document.format is BodyFormat.JSON else set()):
        raise BotMalformed("an element of the answer is doubled", code="doubled")
    kind = scalar(fields, "MsgType").strip()
    if not kind:
        raise BotMalformed("the answer is no reply of WeChat's format")
    if scalar(fields, "ToUserName").strip() != message.user:
        raise BotMalformed("the answer is for somebody else", code="wrong-user")
    read = _READERS.get(kind)
    if read is None:
        raise BotMalformed("the answer is of no kind a passive answer can have", code="unknown-kind")
    return Reply((read(fields),))


def _read_text(fields: Fields) -> Part:
    return Text(scalar(fields, "Content"))


def _read_news(fields: Fields) -> Part:
    articles = fields.get("Articles", "")
    items: Value = articles.get("item", "") if isinstance(articles, Mapping) else articles
    items = items if isinstance(items, tuple) else (items,) if items else ()
    if scalar(fields, "ArticleCount").strip() != str(len(items)):
        raise BotMalformed("ArticleCount is not the number of articles", code="article-count")
    return Cards(tuple(_read_card(item) for item in items))


def _read_card(item: Value) -> Card:
    if not isinstance(item, Mapping):
        raise BotMalformed("an article without elements")
    return Card(
        title=scalar(item, "Title"),
        description=scalar(item, "Description"),
        url=scalar(item, "Url"),
        picture_url=scalar(item, "PicUrl"),
    )


def _read_media(kind: MediaKind) -> Callable[[Fields], Part]:
    def read(fields: Fields) -> Part:
        inner = nested(fields, _MEDIA_ELEMENTS[kind])
        return Media(
            kind,
            media_id=scalar(inner, "MediaId"),
            title=scalar(inner, "Title"),
            description=scalar(inner, "Description"),
            url=scalar(inner, "MusicUrl"),
            extra={name: value for name in _MUSIC_EXTRAS if (value := scalar(inner, name))},
        )

    return read


def _read_transfer(fields: Fields) -> Part:
    return Transfer(scalar(nested(fields, "TransInfo"), "KfAccount"))


_READERS: Mapping[str, Callable[[Fields], Part]] = {
    "text": _read_text,
    "news": _read_news,
    "transfer_customer_service": _read_transfer,
    **{kind.value: _read_media(kind) for kind in PASSIVE_MEDIA},
}
