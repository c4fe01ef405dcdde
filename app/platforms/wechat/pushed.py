"""message/custom/send as a vendor calls it -> Submission: the reverse of `customer_message`.

Read strictly and written anew by us: a field we do not know never reaches the platform.
"""

from collections.abc import Mapping

from app.core.errors import DecodeError
from app.core.model import Card, Cards, Media, MediaKind, Menu, MenuItem, Part, Reply, Text
from app.core.strict_json import parse_object
from app.core.submission import Submission, Way

MOST_USER_CHARS = 64
KF_ACCOUNT = "kf_account"


def read_push(body: bytes) -> Submission:
    """Raises DecodeError with what is wrong; its text quotes nothing."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    user, kind = user_of(fields), fields.get("msgtype")
    if not isinstance(kind, str):
        raise DecodeError("msgtype is missing")
    content = fields.get(kind)
    if not isinstance(content, dict):
        raise DecodeError("the object that msgtype names is missing")
    return Submission(Way.MESSAGE, Reply((_part(kind, content),)), user, _desk(fields))


def user_of(fields: Mapping[str, object]) -> str:
    """Raises DecodeError."""
    user = fields.get("touser")
    if not isinstance(user, str) or not 0 < len(user) <= MOST_USER_CHARS or not user.isprintable():
        raise DecodeError("touser is no openid")
    return user


def _desk(fields: Mapping[str, object]) -> Mapping[str, str]:
    """Under which desk's name and picture it is shown, where the vendor asks for one."""
    desk = fields.get("customservice", {})
    if not isinstance(desk, dict):
        raise DecodeError("customservice is no object")
    return {KF_ACCOUNT: name} if (name := words(desk, KF_ACCOUNT)) else {}


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
            return Text(words(content, "content", needed=True))
        case "image" | "voice":
            return Media(MediaKind(kind), media_id=words(content, "media_id", needed=True))
        case "video":
            return Media(
                MediaKind.VIDEO,
                media_id=words(content, "media_id", needed=True),
                title=words(content, "title"),
                description=words(content, "description"),
                extra=_extra(content, "thumb_media_id"),
            )
        case "music":
            return Media(
                MediaKind.MUSIC,
                title=words(content, "title"),
                description=words(content, "description"),
                url=words(content, "musicurl"),
                extra=_extra(content, "hqmusicurl", "thumb_media_id"),
            )
        case "news":
            return _news(content)
        case "msgmenu":
            return _menu(content)
        case "mpnews":
            return Media(MediaKind.ARTICLE, media_id=words(content, "media_id", needed=True))
        case "mpnewsarticle":
            return Media(MediaKind.ARTICLE, extra=_extra(content, "article_id"))
        case "miniprogrampage":
            return Media(
                MediaKind.MINI_PROGRAM,
                title=words(content, "title"),
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
                words(article, "title", needed=True),
                words(article, "description"),
                words(article, "url"),
                words(article, "picurl"),
            ),
        )
    )


def _menu(content: Mapping[str, object]) -> Menu:
    found = content.get("list")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not found:
        raise DecodeError("list: the choices of the menu")
    items = tuple(MenuItem(words(one, "id"), words(one, "content", needed=True)) for one in found)
    return Menu(words(content, "head_content"), items, words(content, "tail_content"))


def _extra(content: Mapping[str, object], *names: str) -> Mapping[str, str]:
    return {name: words(content, name) for name in names if name in content}


def words(content: Mapping[str, object], name: str, *, needed: bool = False) -> str:
    """Numbers are taken where vendors write them for ids. Raises DecodeError."""
    value = content.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or (needed and not value):
        raise DecodeError(f"{name} is missing or no text")
    return value
