"""A submission that was released -> the platform's call, written anew by us: the reverse of `submitted`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.core.errors import PlatformError
from app.core.model import Article, Category, Finding, Media, MediaKind, Message, Part, Reply, Severity, Text
from app.core.submission import Way, way_of

SENT_BY_PATH: Mapping[Way, str] = {
    Way.MESSAGE: "/cgi-bin/message/custom/send",
    Way.MASS: "/cgi-bin/message/mass/sendall",
    Way.PREVIEW: "/cgi-bin/message/mass/preview",
    Way.PUBLISH: "/cgi-bin/freepublish/submit",
    Way.TEMPLATE: "/cgi-bin/message/template/send",
    Way.SUBSCRIPTION: "/cgi-bin/message/subscribe/bizsend",
    Way.ONE_OFF: "/cgi-bin/message/template/subscribe",
    Way.COMMENT: "/cgi-bin/comment/reply/add",
}
_TO_A_LIST = "/cgi-bin/message/mass/send"

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    body: bytes


def is_draft(message: Message) -> bool:
    """Whether what goes out is a draft that lies on the platform."""
    return "media_id" in message.extra and way_of(message) in (Way.MASS, Way.PREVIEW, Way.PUBLISH)


def call_of(message: Message, reply: Reply, id_: str) -> Call:
    """`id_` names the sending for ever: the platform refuses it a second time where it knows such a name.

    Raises PlatformError for what the call has no form for.
    """
    way = way_of(message)
    writer = _WRITERS.get(way) if way else None
    if way is None or writer is None or fits(message, reply):
        raise PlatformError("WeChat has no call for this", code="no-form")
    fields = writer(message.extra, reply)
    if way is Way.MASS:
        fields = {"clientmsgid": id_, **fields}
    path = _TO_A_LIST if way is Way.MASS and "touser" in message.extra else SENT_BY_PATH[way]
    try:
        return Call(path, json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        raise PlatformError("the reply has half a character in it", code="unsendable") from None


def fits(message: Message, reply: Reply) -> tuple[Finding, ...]:
    """Why this reply cannot leave by the call it was submitted for; empty where it can."""
    way = way_of(message)
    kinds = (Article,) if is_draft(message) else _FORMS.get(way, ()) if way else ()
    many = len(reply.parts) != 1 and not is_draft(message)
    if many or not reply.parts or not all(isinstance(part, kinds) for part in reply.parts):
        return (_objection("system.no-form", _WHY[kinds]),)
    if not reply.text.strip() and any(isinstance(part, Text) for part in reply.parts):
        return (_objection("system.empty", "文字为空。"),)
    return ()


def _objection(rule: str, why: str) -> Finding:
    return Finding(rule, Category.SYSTEM, Severity.MEDIUM, why)


_FORMS: Mapping[Way, tuple[type[Part], ...]] = {
    Way.MASS: (Text, Media),
    Way.PREVIEW: (Text, Media),
    Way.TEMPLATE: (Media,),
    Way.SUBSCRIPTION: (Media,),
    Way.ONE_OFF: (Media,),
    Way.COMMENT: (Text,),
}
_WHY: Mapping[tuple[type[Part], ...], str] = {
    (Article,): "草稿只能原样放行或拦截；要改，请在公众号后台改好后重新提交。",
    (Media,): "模板消息只能原样放行或拦截。",
    (Text,): "这里只能用一段文字。",
    (Text, Media): "群发和预览一次只能发一段文字或一个素材。",
    (): "没有这种发送方式。",
}


# --- one for each way -------------------------------------------------------------------------


def _mass(extra: Mapping[str, str], reply: Reply) -> Fields:
    if "touser" in extra:
        whom: dict[str, object] = {"touser": json.loads(extra["touser"])}
    elif extra.get("is_to_all") == "true":
        whom = {"filter": {"is_to_all": True}}
    else:
        whom = {"filter": {"is_to_all": False, "tag_id": int(extra["tag_id"])}}
    reprint = {"send_ignore_reprint": int(extra.get("send_ignore_reprint", "0") == "1")}
    named = {"clientmsgid": extra["clientmsgid"]} if extra.get("clientmsgid") else {}
    return {**whom, **_content(extra, reply), **reprint, **named}


def _preview(extra: Mapping[str, str], reply: Reply) -> Fields:
    whom = {name: extra[name] for name in ("towxname", "touser") if name in extra}
    return {**whom, **_content(extra, reply)}


def _content(extra: Mapping[str, str], reply: Reply) -> Fields:
    if "media_id" in extra:
        return {"mpnews": {"media_id": extra["media_id"]}, "msgtype": "mpnews"}
    (part,) = reply.parts
    match part:
        case Text(text):
            return {"text": {"content": text}, "msgtype": "text"}
        case Media(MediaKind.IMAGE) if ids := part.extra.get("media_ids"):
            images = {"media_ids": ids.split(","), "recommend": part.description}
            return {"images": images, "msgtype": "image"}
        case Media(MediaKind.IMAGE | MediaKind.VOICE):
            return {part.kind.value: {"media_id": part.media_id}, "msgtype": part.kind.value}
        case Media(MediaKind.VIDEO):
            return {"mpvideo": {"media_id": part.media_id}, "msgtype": "mpvideo"}
        case Media(MediaKind.CARD):
            return {"wxcard": {"card_id": part.extra.get("card_id", "")}, "msgtype": "wxcard"}
    raise PlatformError("WeChat has no mass message for this part", code="no-form")


def _publish(extra: Mapping[str, str], reply: Reply) -> Fields:
    return {"media_id": extra["media_id"]}


def _template(extra: Mapping[str, str], reply: Reply) -> Fields:
    part = _template_of(reply)
    fields: dict[str, object] = {
        "touser": extra["touser"],
        "template_id": part.media_id,
        "data": {key: {"value": value} for key, value in part.extra.items()},
    }
    if "miniprogram.appid" in extra:
        fields["miniprogram"] = {name: extra[f"miniprogram.{name}"] for name in ("appid", "pagepath")}
    return fields | {name: extra[name] for name in ("url", "page", "client_msg_id") if name in extra}


def _one_off(extra: Mapping[str, str], reply: Reply) -> Fields:
    part = _template_of(reply)
    values = {key: {"value": value} for key, value in part.extra.items() if key != "title"}
    fields = {**_template(extra, reply), "title": part.extra.get("title", ""), "data": values}
    return {**fields, "scene": extra.get("scene", "")}


def _template_of(reply: Reply) -> Media:
    (part,) = reply.parts
    if not isinstance(part, Media) or part.kind is not MediaKind.TEMPLATE:
        raise PlatformError("no template", code="no-form")
    return part


def _comment(extra: Mapping[str, str], reply: Reply) -> Fields:
    ids = {name: int(extra[name]) for name in ("msg_data_id", "index", "user_comment_id")}
    return {**ids, "content": reply.text}


_WRITERS: Mapping[Way, Callable[[Mapping[str, str], Reply], Fields]] = {
    Way.MASS: _mass,
    Way.PREVIEW: _preview,
    Way.PUBLISH: _publish,
    Way.TEMPLATE: _template,
    Way.SUBSCRIPTION: _template,
    Way.ONE_OFF: _one_off,
    Way.COMMENT: _comment,
}
