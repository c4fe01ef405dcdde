"""Weibo's side of the send API: private and mass messages, comments, posts, and its error codes."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.demo.faults import refusal, refusal_status
from app.demo.inbox import Inbox, Received, Via
from app.demo.weibo_account import Comment, Comments, Post, WeiboAccount, Windows
from app.demo.weibo_answers import read_content
from app.ports import Clock

MAX_COMMENT_LETTERS = 140

_TEXTS: Mapping[int, str] = {
    10008: "param error, see doc",
    10016: "miss required parameter",
    10017: "text not find domain!",
    20012: "text too long, please input text less than 140 characters",
    20019: "repeat content",
    20101: "target weibo does not exist",
    20201: "target weibo comment does not exist",
    21301: "auth faild",
    21332: "invalid access token",
    10014: "insufficient app permissions",
}


Answer = Callable[[Request], Awaitable[JSONResponse]]


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
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Path and fields of whatever came, refused or not."""

    def routes(self) -> list[Route]:
        return [
            *_both("/2/messages/reply", self._message),
            *_both("/2/comments/reply", self._reply),
            *_both("/2/comments/create", self._create),
            Route("/2/messages/sendall.json", self._mass, methods=["POST"]),
            Route("/2/statuses/share.json", self._share, methods=["POST"]),
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
            return self.refused(request, no)
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
            return self.refused(request, no)
        self.inbox.add(Received(str(target.author), self.clock(), Via.COMMENT, "text", comment.text))
        return JSONResponse(self.shown(comment, target))

    async def _create(self, request: Request) -> JSONResponse:
        try:
            form = await self._form(request, "id", "comment", "rip")
            status_id = _number(form, "id")
            if status_id not in self.comments.posts:
                _refuse(20101)
            comment = self._written(status_id, "", form["comment"])
        except Refused as no:
            return self.refused(request, no)
        author = str(self.comments.posts[status_id])
        self.inbox.add(Received(author, self.clock(), Via.COMMENT, "text", comment.text))
        return JSONResponse(self.shown(comment, None))

    async def _share(self, request: Request) -> JSONResponse:
        """Source: weibo, statuses/share: at most 140 letters and a link."""
        try:
            text = (await self._form(request, "status", "rip"))["status"]
            if _letters(text) > MAX_COMMENT_LETTERS:
                _refuse(20012)
            if "http" not in text:
                _refuse(10017)
            if any(post.text == text for post in self.comments.own):
                _refuse(20019)
        except Refused as no:
            return self.refused(request, no)
        post = Post(next(self.ids), self.account.uid, text)
        self.comments.own.append(post)
        self.comments.posts[post.id] = post.author
        self.inbox.add(Received(str(post.author), self.clock(), Via.POST, "text", text))
        return JSONResponse(self.shown_post(post))

    async def _mass(self, request: Request) -> JSONResponse:
        """Source: weibo, 高级群发接口: JSON, the token in the query."""
        self.calls.append((request.url.path, dict(request.query_params)))
        try:
            self.require_token(request.query_params.get("access_token"))
            text, users = self._mass_of(await request.body())
        except Refused as no:
            return self.refused(request, no)
        for user in users:
            self.inbox.add(Received(user, self.clock(), Via.API, "text", text))
        return JSONResponse({"result": True, "msg_id": next(self.ids)})

    def _mass_of(self, body: bytes) -> tuple[str, list[str]]:
        try:
            wanted = json.loads(body)
            text = read_content(wanted["msgtype"], wanted.get("text") and {"text": wanted["text"]["content"]})
            users = wanted.get("touser") or [str(user) for user in self.windows.ever()]
        except (ValueError, KeyError, TypeError):
            _refuse(10008)
        return text, users

    async def _by_me(self, request: Request) -> JSONResponse:
        """Newest first. Source: weibo, comments/by_me."""
        try:
            query = {"since_id": "0", "count": "50", "page": "1", **request.query_params}
            self.require_token(query.get("access_token"))
            since, count, page = (_number(query, name) for name in ("since_id", "count", "page"))
        except Refused as no:
            return self.refused(request, no)
        own = [
            one for one in self.comments.by_id.values() if one.author == self.account.uid and one.id > since
        ]
        own.sort(key=lambda one: one.id, reverse=True)
        shown = [self.shown(one, None) for one in own[(page - 1) * count : page * count]]
        return JSONResponse({"comments": shown, "total_number": len(own)})

    async def _form(self, request: Request, *needed: str) -> Mapping[str, str]:
        form = dict(parse_qsl((await request.body()).decode(errors="replace")))
        self.calls.append((request.url.path, form))
        self.require_token(form.get("access_token"))
        if any(not form.get(name) for name in needed):
            _refuse(10016)
        return form

    def require_token(self, token: str | None) -> None:
        """Raises Refused."""
        if token is None:
            _refuse(21301)
        if token != self.account.access_token:
            _refuse(21332)

    def _written(self, status_id: int, mention: str, text: str) -> Comment:
        """Post the account's comment. Two half-width letters count as one character."""
        if text == self.comments.own_last_text:
            _refuse(20019)
        shown = mention + text
        if _letters(shown) > MAX_COMMENT_LETTERS:
            _refuse(20012)
        self.comments.own_last_text = text
        return self.comment(status_id, shown)

    def comment(self, status_id: int, text: str) -> Comment:
        """The account's own comment appears, whoever wrote it: also its people on Weibo itself."""
        who = self.account
        comment = Comment(next(self.ids), status_id, who.uid, who.screen_name, text, self.clock())
        self.comments.add(comment)
        return comment

    def shown(self, comment: Comment, answers: Comment | None) -> dict[str, object]:
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
        return shown if answers is None else {**shown, "reply_comment": self.shown(answers, None)}

    def shown_post(self, post: Post) -> dict[str, object]:
        """The status object. Source: weibo, statuses/share."""
        return {
            "id": post.id,
            "mid": str(post.id),
            "idstr": str(post.id),
            "created_at": self.clock().strftime("%a %b %d %H:%M:%S %z %Y"),
            "text": post.text,
            "user": {"id": post.author},
        }

    def refused(self, request: Request, no: Refused) -> JSONResponse:
        path = request.url.path
        code = str(no.code) if self.codes_as_text else no.code
        return JSONResponse(refusal(path, code, str(no)), status_code=refusal_status(path))


def _both(path: str, answer: Answer) -> list[Route]:
    """Under the spellings of both hosts, api and c.api.weibo.com."""
    return [Route(f"{path}{end}", answer, methods=["POST"]) for end in (".json", "/biz.json")]


def _letters(text: str) -> float:
    """Two half-width letters count as one."""
    return sum(0.5 if ord(letter) < 128 else 1 for letter in text)


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
