"""What WeChat makes of a webhook's answer: shown, nothing, or "this account is out of service"."""

from collections.abc import Mapping

from app.demo.answers import Abnormal, PassiveAnswer
from app.demo.wechat_xml import NotXml, Value, read

MAX_TEXT_BYTES = 2048

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "text": ("Content",),
    "image": ("Image",),
    "voice": ("Voice",),
    "video": ("Video",),
    "music": ("Music",),
    "news": ("ArticleCount", "Articles"),
    "transfer_customer_service": (),
}
"""MsgType -> what must stand beside the common fields. Source: wechat, passive replies."""


def read_answer(plain: bytes, user: str, account: str) -> PassiveAnswer:
    """Read an opened answer as strictly as the documents allow. Raises Abnormal."""
    try:
        fields = read(plain)
    except NotXml as error:
        raise Abnormal(str(error)) from error
    if fields.get("ToUserName") != user or fields.get("FromUserName") != account:
        raise Abnormal("the answer is for somebody else")
    if not str(fields.get("CreateTime", "")).isdecimal():
        raise Abnormal("CreateTime is no number")
    kind = str(fields.get("MsgType", ""))
    if kind not in _REQUIRED:
        raise Abnormal("unknown MsgType")
    if not all(fields.get(name) for name in _REQUIRED[kind]):
        raise Abnormal("a required element is missing or empty")
    return PassiveAnswer(kind, _text(kind, fields))


def _text(kind: str, fields: Mapping[str, Value]) -> str:
    match kind:
        case "text":
            text = str(fields["Content"])
            if len(text.encode()) > MAX_TEXT_BYTES:
                raise Abnormal("Content is longer than 2048 bytes")
            return text
        case "news":
            return _news(fields)
        case "transfer_customer_service":
            return ""
        case _:
            body = fields[kind.capitalize()]
            return "\n".join(_lines(body, ("Title", "Description", "MusicUrl")))


def _news(fields: Mapping[str, Value]) -> str:
    articles = fields["Articles"]
    if isinstance(articles, Mapping | str | int) or str(fields["ArticleCount"]) != str(len(articles)):
        raise Abnormal("ArticleCount is not the number of articles")
    return "\n".join(line for one in articles for line in _lines(one, ("Title", "Description", "Url")))


def _lines(body: Value, names: tuple[str, ...]) -> list[str]:
    if not isinstance(body, Mapping):
        raise Abnormal("an element lacks its children")
    return [str(body[name]) for name in names if body.get(name)]
