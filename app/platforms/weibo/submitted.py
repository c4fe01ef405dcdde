"""Calls that carry words, as a vendor writes them -> Submission. Read strictly; `client` writes them anew.

A field we do not know never reaches the platform, `comment_ori` and `without_mention` among them: they would
show words in places, or with words in front, that nobody checked. Source: see `core.weibo_calls`.
"""

import json
from collections.abc import Callable, Mapping

from app.core.errors import DecodeError
from app.core.model import MessageKind, Part, Reply
from app.core.strict_json import parse_object
from app.core.submission import Submission, Way
from app.core.weibo_calls import REPLIES, WAYS
from app.platforms.weibo.parts import read_part
from app.platforms.weibo.pushes import id_text

MOST_USERS = 10_000
MASS_TYPES = frozenset({"text", "articles"})

Form = Mapping[str, str]


def read_submission(path: str, form: Form) -> Submission:
    """What is sent as a form. Raises DecodeError with what is wrong; its text quotes nothing."""
    return _READERS[WAYS[path]](path, form)


def read_mass(body: bytes) -> Submission:
    """messages/sendall.json, which takes JSON. Raises DecodeError."""
    try:
        fields = parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error
    kind = fields.get("msgtype")
    if not isinstance(kind, str) or kind not in MASS_TYPES:
        raise DecodeError("msgtype: text or articles")
    return Submission(Way.MASS, Reply((_mass_part(kind, fields),)), "", _whom(fields))


def _message(_path: str, form: Form) -> Submission:
    part = _part(_given(form, "type"), _given(form, "data"))
    return Submission(Way.MESSAGE, Reply((part,)), _id(form, "receiver_id"))


def _comment(path: str, form: Form) -> Submission:
    """By the fields of a citizen's comment, so that it leaves by the call that answers one."""
    names = ("id", "cid") if path in REPLIES else ("id",)
    extra = {name: _id(form, name) for name in names}
    return Submission(Way.COMMENT, Reply.of(_given(form, "comment")), "", extra, MessageKind.COMMENT)


def _status(_path: str, form: Form) -> Submission:
    if form.get("visible", "0") != "0":
        raise DecodeError("visible: only posts for everybody are taken")
    if "pic" in form:
        raise DecodeError("pic: posts with pictures are not taken")
    return Submission(Way.STATUS, Reply.of(_given(form, "status")), "")


_READERS: Mapping[Way, Callable[[str, Form], Submission]] = {
    Way.MESSAGE: _message,
    Way.COMMENT: _comment,
    Way.STATUS: _status,
}


def _whom(fields: Mapping[str, object]) -> Mapping[str, str]:
    """A group's id or a list of followers; both at once is nobody's wish."""
    if ("touser" in fields) == ("filter" in fields):
        raise DecodeError("either touser or filter")
    if "touser" in fields:
        users = fields["touser"]
        if not isinstance(users, list) or not 0 < len(users) <= MOST_USERS:
            raise DecodeError(f"touser: 1 to {MOST_USERS} ids")
        found = [id_text(user) for user in users]
        if not all(found):
            raise DecodeError("touser: an id is none")
        return {"touser": json.dumps(found)}
    whom = fields["filter"]
    group = id_text(whom.get("group_id")) if isinstance(whom, dict) else ""
    if not group:
        raise DecodeError("filter.group_id is missing or no number")
    return {"tag_id": group}


def _mass_part(kind: str, fields: Mapping[str, object]) -> Part:
    if kind == "articles":
        return _part(kind, json.dumps({"articles": fields.get("articles")}))
    content = fields.get("text")
    words = content.get("content") if isinstance(content, dict) else None
    return _part(kind, json.dumps({"text": words}))


def _part(kind: str, data: str) -> Part:
    try:
        return read_part(kind, data)
    except ValueError as error:
        raise DecodeError(f"data: {error}") from None


def _given(form: Form, name: str) -> str:
    value = form.get(name, "")
    if not value.strip():
        raise DecodeError(f"{name} is missing or empty")
    return value


def _id(form: Form, name: str) -> str:
    value = id_text(form.get(name, ""))
    if not value:
        raise DecodeError(f"{name} is missing or no id")
    return value
