"""Calls that carry words to many, or by the platform's templates, as a vendor writes them -> Submission.

Read strictly, like `pushed`; `calls` writes them anew. Source: developers.weixin.qq.com, 群发接口, 模板消息,
订阅通知, 发布能力, 图文消息留言管理.
"""

import json
import re
from collections.abc import Callable, Mapping

from app.core.errors import DecodeError
from app.core.model import Media, MediaKind, Part, Reply, Text
from app.core.strict_json import parse_object
from app.core.submission import Submission, Way
from app.platforms.wechat.pushed import user_of, words

MOST_USERS = 10_000
MOST_VALUES = 30

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}")
_NUMBER = re.compile(r"[0-9]{1,20}")

Fields = Mapping[str, object]


def read_submission(way: Way, body: bytes) -> Submission:
    """Raises DecodeError with what is wrong; its text quotes nothing. A draft's words are still missing."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    return _READERS[way](fields)


def _mass(fields: Fields) -> Submission:
    """To all, to a tag, or to a list of followers."""
    extra = dict(_parameters(fields, "send_ignore_reprint", "clientmsgid"))
    if "touser" in fields:
        users = fields["touser"]
        if not isinstance(users, list) or not 2 <= len(users) <= MOST_USERS:
            raise DecodeError("touser: 2 to 10000 openids")
        extra["touser"] = json.dumps([user_of({"touser": user}) for user in users])
    else:
        whom = fields.get("filter")
        if not isinstance(whom, dict) or not isinstance(whom.get("is_to_all"), bool):
            raise DecodeError("filter.is_to_all: true or false")
        extra["is_to_all"] = "true" if whom["is_to_all"] else "false"
        tag = whom.get("tag_id", whom.get("group_id"))
        if not whom["is_to_all"]:
            extra["tag_id"] = _number(tag, "filter.tag_id")
    return Submission(Way.MASS, _content(fields, extra), "", extra)


def _preview(fields: Fields) -> Submission:
    name = next((one for one in ("towxname", "touser") if fields.get(one)), "touser")
    extra = {name: user_of({"touser": fields.get(name)})}
    return Submission(Way.PREVIEW, _content(fields, extra), "", extra)


def _content(fields: Fields, extra: dict[str, str]) -> Reply:
    """A draft's id goes into `extra`: its words have to be fetched."""
    kind = fields.get("msgtype")
    content = fields.get(kind) if isinstance(kind, str) else None
    if kind == "image" and content is None:
        content = fields.get("images")
    if not isinstance(kind, str) or not isinstance(content, dict):
        raise DecodeError("msgtype, or the object that it names, is missing")
    if kind == "mpnews":
        extra["media_id"] = words(content, "media_id", needed=True)
        return Reply(())
    return Reply((_mass_part(kind, content),))


def _mass_part(kind: str, content: Fields) -> Part:
    match kind:
        case "text":
            return Text(words(content, "content", needed=True))
        case "image" if isinstance(content.get("media_ids"), list):
            ids = [words({"id": one}, "id", needed=True) for one in _list(content, "media_ids")]
            return Media(
                MediaKind.IMAGE,
                description=words(content, "recommend"),
                extra={"media_ids": ",".join(ids)},
            )
        case "image" | "voice":
            return Media(MediaKind(kind), media_id=words(content, "media_id", needed=True))
        case "mpvideo":
            return Media(MediaKind.VIDEO, media_id=words(content, "media_id", needed=True))
        case "wxcard":
            return Media(MediaKind.CARD, extra={"card_id": words(content, "card_id", needed=True)})
    raise DecodeError("msgtype is none that many can be sent")


def _publish(fields: Fields) -> Submission:
    return Submission(Way.PUBLISH, Reply(()), "", {"media_id": words(fields, "media_id", needed=True)})


def _template(fields: Fields) -> Submission:
    """The values are the words; colours are not passed on."""
    return _composed(Way.TEMPLATE, fields, _values(fields, {}), "url", "client_msg_id")


def _subscription(fields: Fields) -> Submission:
    return _composed(Way.SUBSCRIPTION, fields, _values(fields, {}), "page")


def _one_off(fields: Fields) -> Submission:
    title = {"title": words(fields, "title", needed=True)}
    return _composed(Way.ONE_OFF, fields, _values(fields, title), "url", "scene")


def _composed(way: Way, fields: Fields, values: Mapping[str, str], *parameters: str) -> Submission:
    extra = dict(_parameters(fields, *parameters))
    if (program := fields.get("miniprogram")) is not None:
        if not isinstance(program, dict):
            raise DecodeError("miniprogram is no object")
        extra |= {f"miniprogram.{name}": words(program, name) for name in ("appid", "pagepath")}
    template = Media(
        MediaKind.TEMPLATE,
        media_id=words(fields, "template_id", needed=True),
        url=extra.get("url", ""),
        extra=values,
    )
    user = user_of(fields)
    return Submission(way, Reply((template,)), user, {**extra, "touser": user})


def _values(fields: Fields, more: Mapping[str, str]) -> Mapping[str, str]:
    data = fields.get("data")
    if not isinstance(data, dict) or not 0 < len(data) <= MOST_VALUES:
        raise DecodeError("data: the values of the template")
    values = dict(more)
    for key, one in data.items():
        if not _KEY.fullmatch(key) or not isinstance(one, dict) or key in values:
            raise DecodeError("data: an object with a value for each key")
        values[key] = words(one, "value")
    return values


def _comment(fields: Fields) -> Submission:
    extra = {name: _number(fields.get(name), name) for name in ("msg_data_id", "index", "user_comment_id")}
    return Submission(Way.COMMENT, Reply.of(words(fields, "content", needed=True)), "", extra)


def _parameters(fields: Fields, *names: str) -> Mapping[str, str]:
    return {name: words(fields, name) for name in names if fields.get(name) is not None}


def _number(value: object, name: str) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _NUMBER.fullmatch(text):
        raise DecodeError(f"{name} is no number")
    return text


def _list(fields: Fields, name: str) -> list[object]:
    value = fields.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= 20:
        raise DecodeError(f"{name}: a list of 1 to 20")
    return value


_READERS: Mapping[Way, Callable[[Fields], Submission]] = {
    Way.MASS: _mass,
    Way.PREVIEW: _preview,
    Way.PUBLISH: _publish,
    Way.TEMPLATE: _template,
    Way.SUBSCRIPTION: _subscription,
    Way.ONE_OFF: _one_off,
    Way.COMMENT: _comment,
}
