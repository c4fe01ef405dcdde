"""message/custom/send as a vendor calls it -> whom, and what: the reverse of `customer_message`.

Read strictly and written anew by us: a field we do not know never reaches the platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.errors import DecodeError
from app.core.model import Card, Cards, Media, MediaKind, Menu, MenuItem, Part, Reply, Text
from app.core.strict_json import parse_object

MOST_USER_CHARS = 64


@dataclass(frozen=True, slots=True)
class Pushed:
    user: str
    reply: Reply


def read_push(body: bytes) -> Pushed:
    """Raises DecodeError with what is wrong; its text quotes nothing."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    user, kind = fields.get("touser"), fields.get("msgtype")
    if not isinstance(user, str) or not 0 < len(user) <= MOST_USER_CHARS or not user.isprintable():
        raise DecodeError("touser is no openid")
    if not isinstance(kind, str):
        raise DecodeError("msgtype is missing")
    content = fields.get(kind)
    if not isinstance(content, dict):
        raise DecodeError("the object that msgtype names is missing")
    return Pushed(user, Reply((_part(kind, content),)))


def read_typing(body: bytes) -> tuple[str, str]:
    """Whom, and "Typing" or "CancelTyping". Raises DecodeError."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    user, command = fields.get("touser"), fields.get("command")
    if not isinstance(user, str) or command not in ("Typing", "CancelTyping"):
        raise DecodeError("touser or command is none")
    return user, str(command)


def _part(kind: str, content: Mapping[str, object]) -> Part:
    match kind:
        case "text":
            return Text(_text(content, "content", needed=True))
        case "image" | "voice":
            return Media(MediaKind(kind), media_id=_text(content, "media_id", needed=True))
        case "video":
            return Media(
                MediaKind.VIDEO,
                media_id=_text(content, "media_id", needed=True),
                title=_text(content, "title"),
                description=_text(content, "description"),
                extra=_extra(content, "thumb_media_id"),
            )
        case "music":
            return Media(
                MediaKind.MUSIC,
                title=_text(content, "title"),
                description=_text(content, "description"),
                url=_text(content, "musicurl"),
                extra=_extra(content, "hqmusicurl", "thumb_media_id"),
            )
        case "news":
            return _news(content)
        case "msgmenu":
            return _menu(content)
        case "mpnews":
            return Media(MediaKind.ARTICLE, media_id=_text(content, "media_id", needed=True))
        case "mpnewsarticle":
            return Media(MediaKind.ARTICLE, extra=_extra(content, "article_id"))
        case "miniprogrampage":
            return Media(
                MediaKind.MINI_PROGRAM,
                title=_text(content, "title"),
                extra=_extra(content, "appid", "pagepath", "thumb_media_id"),
            )
        case "wxcard":
            return Media(MediaKind.CARD, extra=_extra(content, "card_id"))
    raise DecodeError("msgtype is none that a citizen can be sent")


def _news(content: Mapping[str, object]) -> Cards:
    articles = content.get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise DecodeError("articles: a list of one")
    (article,) = articles
    return Cards(
        (
            Card(
                _text(article, "title", needed=True),
                _text(article, "description"),
                _text(article, "url"),
                _text(article, "picurl"),
            ),
        )
    )


def _menu(content: Mapping[str, object]) -> Menu:
    found = content.get("list")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not found:
        raise DecodeError("list: the choices of the menu")
    items = tuple(MenuItem(_text(one, "id"), _text(one, "content", needed=True)) for one in found)
    return Menu(_text(content, "head_content"), items, _text(content, "tail_content"))


def _extra(content: Mapping[str, object], *names: str) -> Mapping[str, str]:
    return {name: _text(content, name) for name in names if name in content}


def _text(content: Mapping[str, object], name: str, *, needed: bool = False) -> str:
    """Numbers are taken where vendors write them for ids."""
    value = content.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (needed and not value):
        raise DecodeError(f"{name} is missing or no text")
    return value
