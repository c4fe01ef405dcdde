"""Weibo's send APIs: private messages within the window, answers to comments, and what vendors post.

Source: open.weibo.com/wiki, Send_Customer_Service_Message, 2/comments/create, 2/comments/reply,
2/statuses/share, 高级群发接口.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

from app.core.errors import FateUnknown, PlatformError
from app.core.model import Cards, MessageKind, Part, Text
from app.core.records import Delivery
from app.core.strict_json import parse_object
from app.core.submission import Way, way_of
from app.platforms.posting import HttpAnswer, post
from app.platforms.weibo.parts import form_of
from app.platforms.weibo.refusals import ACCEPTED_LATE, error_of

SEND_WITHIN_S = 20.0
"""Well below a courier's lease."""


FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where to, with what body, and which field of the answer proves it done."""

    url: str
    body: bytes
    proof: str
    media_type: str = FORM
    query: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class WeiboClient:
    http: httpx.AsyncClient
    api_base: str
    comment_api_base: str
    access_token: str = field(repr=False)
    real_ip: str
    """`rip`: the address the comment API asks for."""

    async def send(self, delivery: Delivery) -> str:
        call = self._call(delivery)
        answer = await post(
            self.http, call.url, call.body, call.media_type, within_s=SEND_WITHIN_S, query=call.query
        )
        return _receipt(answer, call.proof)

    def _call(self, delivery: Delivery) -> Call:
        if len(delivery.reply.parts) != 1:
            raise PlatformError("a delivery carries one part", code="too-many-parts")
        (part,) = delivery.reply.parts
        message = delivery.message
        match way_of(message):
            case Way.STATUS:
                return self._status(part)
            case Way.MASS:
                return self._mass(part, message.extra)
        comment_id, status_id = message.extra.get("cid", ""), message.extra.get("id", "")
        match message.kind:
            case MessageKind.COMMENT | MessageKind.MENTION if status_id:
                return self._comment(part, status_id, comment_id)
            case MessageKind.COMMENT:
                raise PlatformError("the comment's push named no status", code="no-target")
            case _:  # also a mention without a status: it allows one private message
                return self._private_message(part, delivery.user)

    def _private_message(self, part: Part, user: str) -> Call:
        form = form_of(part)
        if form is None:
            raise PlatformError("Weibo has no form for this part", code="no-form")
        fields = {
            "access_token": self.access_token,
            "receiver_id": user,
            "type": form.type,
            "data": form.data,
        }
        return _form_call(f"{self.api_base}/2/messages/reply.json", fields, proof="")

    def _comment(self, part: Part, status_id: str, comment_id: str) -> Call:
        if not isinstance(part, Text):
            raise PlatformError("Weibo takes only text in a comment", code="no-form")
        fields = {
            "access_token": self.access_token,
            "comment": part.text,
            "id": status_id,
            "comment_ori": "0",
            "rip": self.real_ip,
        }
        if not comment_id:
            return _form_call(f"{self.comment_api_base}/2/comments/create.json", fields, proof="id")
        # Without it the platform writes "回复@name:" in front: words that nobody checked, and counted ones.
        fields |= {"cid": comment_id, "without_mention": "1"}
        return _form_call(f"{self.comment_api_base}/2/comments/reply.json", fields, proof="id")

    def _status(self, part: Part) -> Call:
        if not isinstance(part, Text):
            raise PlatformError("Weibo takes only text in a post", code="no-form")
        fields = {"access_token": self.access_token, "status": part.text, "rip": self.real_ip}
        return _form_call(f"{self.comment_api_base}/2/statuses/share.json", fields, proof="id")

    def _mass(self, part: Part, extra: Mapping[str, str]) -> Call:
        """The one call that takes JSON. It names a task: the platform sends by and by."""
        match part:
            case Text(text):
                content: Mapping[str, object] = {"text": {"content": text}, "msgtype": "text"}
            case Cards() if form := form_of(part):
                content = {**parse_object(form.data), "msgtype": "articles"}
            case _:
                raise PlatformError("Weibo has no mass message for this part", code="no-form")
        whom: Mapping[str, object] = (
            {"touser": json.loads(extra["touser"])}
            if "touser" in extra
            else {"filter": {"group_id": extra["tag_id"]}}
        )
        try:
            body = json.dumps({**whom, **content}, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise PlatformError("the reply has half a character in it", code="unsendable") from None
        query = {"access_token": self.access_token}
        return Call(f"{self.api_base}/2/messages/sendall.json", body, "msg_id", JSON, query)


def _form_call(url: str, fields: Mapping[str, str], proof: str) -> Call:
    try:
        # One level of form encoding is all the encoding `data` gets.
        return Call(url, urlencode(fields).encode("ascii"), proof)
    except UnicodeEncodeError:
        raise PlatformError("the reply has half a character in it", code="unsendable") from None


def _receipt(answer: HttpAnswer, proof: str) -> str:
    """What Weibo answered.

    Raises PlatformError for a refusal, FateUnknown for anything the wiki does not describe.
    """
    try:
        fields = parse_object(answer.body)
        code = _error_code(fields)
    except ValueError as error:
        raise FateUnknown("Weibo's answer cannot be read", code="bad-answer") from error
    if code == ACCEPTED_LATE:
        return ""
    if code is not None:
        raise error_of(code)
    proven = bool(fields.get(proof)) if proof else fields.get("result", True) is True
    if answer.status != 200 or not proven:
        raise FateUnknown("Weibo's answer is not the documented one", code="bad-answer")
    return json.dumps(fields, ensure_ascii=False)


def _error_code(fields: Mapping[str, object]) -> int | None:
    """A number or a text, from sendall as `errcode`; None: the answer names no error. Raises ValueError."""
    value = fields.get("error_code", fields.get("errcode"))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("error_code is no number")
    return int(value) or None
