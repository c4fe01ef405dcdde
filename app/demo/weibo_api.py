"""Weibo's side of the send API: private messages and comments, and its error codes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.demo.faults import refusal, refusal_status
from app.demo.inbox import Inbox, Received, Via
from app.demo.weibo_account import Comment, Comments, WeiboAccount, Windows
from app.demo.weibo_answers import read_content
from app.ports import Clock

MAX_COMMENT_LETTERS = 140

_TEXTS: Mapping[int, str] = {
    10008: "param error, see doc",
    10016: "miss required parameter",
    20012: "text too long, please input text less than 140 characters",
    20019: "repeat content",
    20101: "target weibo does not exist",
    20201: "target weibo comment does not exist",
    21301: "auth faild",
    21332: "invalid access token",
    10014: "insufficient app permissions",
}


class Refused(Exception):
    """The call is answered with this error code."""

    def __init__(self, code: int) -> None:
        super().__init__(_TEXTS[code])
        self.code = code


@dataclass(slots=True)
class WeiboApi:
    account: WeiboAccount
    windows: Windows
    comments: Comments
    inbox: Inbox
    clock: Clock
    ids: Iterator[int]
    codes_as_text: bool = True
    """Error codes come as strings, as in the wiki's example, or as numbers."""

    def routes(self) -> list[Route]:
        return [
            Route("/2/messages/reply.json", self._message, methods=["POST"]),
            Route("/2/comments/reply.json", self._reply, methods=["POST"]),
            Route("/2/comments/create.json", self._create, methods=["POST"]),
            Route("/2/comments/by_me.json", self._by_me, methods=["GET"]),
        ]

    async def _message(self, request: Request) -> JSONResponse:
        try:
            form = await self._form(request, "receiver_id", "type", "data")
            user, kind = _number(form, "receiver_id"), form["type"]
            if not self.windows.is_open(user):
                _refuse(10014)
            text = _content(kind, form["data"])
        except Refused as no:
            return self._refused(request, no)
        self.inbox.add(Received(str(user), self.clock(), Via.API, kind, text))
        return JSONResponse({"result": True, "sender_id": str(self.account.uid), "receiver_id": str(user)})

    async def _reply(self, request: Request) -> JSONResponse:
        try:
            form = await self._form(request, "cid", "id", "comment", "rip")
            target = self.comments.by_id.get(_number(form, "cid"))
            if target is None:
                _refuse(20201)
            if target.status_id != _number(form, "id"):
                _refuse(20101)
            mention = "" if form.get("without_mention") == "1" else f"回复@{target.screen_name}:"
            comment = self._written(target.status_id, mention, form["comment"])
        except Refused as no:
            return self._refused(request, no)
        self.inbox.add(Received(str(target.author), self.clock(), Via.COMMENT, "text", comment.text))
        return JSONResponse(self._shown(comment, target))

    async def _create(self, request: Request) -> JSONResponse:
        try:
            form = await self._form(request, "id", "comment", "rip")
            status_id = _number(form, "id")
            if status_id not in self.comments.posts:
                _refuse(20101)
            comment = self._written(status_id, "", form["comment"])
        except Refused as no:
            return self._refused(request, no)
        author = str(self.comments.posts[status_id])
        self.inbox.add(Received(author, self.clock(), Via.COMMENT, "text", comment.text))
        return JSONResponse(self._shown(comment, None))

    async def _by_me(self, request: Request) -> JSONResponse:
        """Newest first. Source: weibo, comments/by_me."""
        try:
            query = {"since_id": "0", "count": "50", "page": "1", **request.query_params}
            self._check_token(query.get("access_token"))
            since, count, page = (_number(query, name) for name in ("since_id", "count", "page"))
        except Refused as no:
            return self._refused(request, no)
        own = [
            one for one in self.comments.by_id.values() if one.author == self.account.uid and one.id > since
        ]
        own.sort(key=lambda one: one.id, reverse=True)
        shown = [self._shown(one, None) for one in own[(page - 1) * count : page * count]]
        return JSONResponse({"comments": shown, "total_number": len(own)})

    async def _form(self, request: Request, *needed: str) -> Mapping[str, str]:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        self._check_token(form.get("access_token"))
        if any(not form.get(name) for name in needed):
            _refuse(10016)
        return form

    def _check_token(self, token: str | None) -> None:
        if token is None:
            _refuse(21301)
        if token != self.account.access_token:
            _refuse(21332)

    def _written(self, status_id: int, mention: str, text: str) -> Comment:
        """Post the account's comment. Two half-width letters count as one character."""
        if text == self.comments.own_last_text:
            _refuse(20019)
        shown = mention + text
        if sum(1 if ord(letter) < 128 else 2 for letter in shown) > 2 * MAX_COMMENT_LETTERS:
            _refuse(20012)
        self.comments.own_last_text = text
        return self.comment(status_id, shown)

    def comment(self, status_id: int, text: str) -> Comment:
        """The account's own comment appears, whoever wrote it: also its people on Weibo itself."""
        who = self.account
        comment = Comment(next(self.ids), status_id, who.uid, who.screen_name, text, self.clock())
        self.comments.add(comment)
        return comment

    def _shown(self, comment: Comment, answers: Comment | None) -> dict[str, object]:
        """The comment object. Source: weibo, comments/reply."""
        shown: dict[str, object] = {
            "id": comment.id,
            "mid": str(comment.id),
            "idstr": str(comment.id),
            "created_at": comment.at.strftime("%a %b %d %H:%M:%S %z %Y"),
            "text": comment.text,
            "user": {"id": comment.author, "screen_name": comment.screen_name},
            "status": {"id": comment.status_id},
        }
        return shown if answers is None else {**shown, "reply_comment": self._shown(answers, None)}

    def _refused(self, request: Request, no: Refused) -> JSONResponse:
        path = request.url.path
        code = str(no.code) if self.codes_as_text else no.code
        return JSONResponse(refusal(path, code, str(no)), status_code=refusal_status(path))


def _refuse(code: int) -> NoReturn:
    raise Refused(code)


def _number(form: Mapping[str, str], name: str) -> int:
    value = form[name]
    return int(value) if value.isdecimal() else _refuse(10008)


def _content(kind: str, data: str) -> str:
    """`data` is JSON, form-encoded once: a second encoding is a wrong parameter."""
    try:
        return read_content(kind, json.loads(data))
    except ValueError:
        _refuse(10008)
