"""WeChat's side of the send API: tokens, customer-service messages, typing, and its error codes."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.demo.faults import refusal
from app.demo.inbox import Inbox, Received, Via
from app.demo.wechat_account import (
    AccessTokens,
    Followers,
    NotAFollower,
    OutOfCount,
    OutOfTime,
    WeChatAccount,
)
from app.demo.wechat_answers import MAX_TEXT_BYTES
from app.demo.wechat_desk import Unlisted, WeChatDesk
from app.ports import Clock

_WORDS: Mapping[str, tuple[str, ...]] = {
    "text": ("content",),
    "image": (),
    "voice": (),
    "video": ("title", "description"),
    "music": ("title", "description", "musicurl"),
    "news": (),
    "msgmenu": ("head_content",),
    "mpnews": (),
    "mpnewsarticle": (),
    "wxcard": (),
    "miniprogrampage": ("title",),
    "link": ("title", "description", "url"),
}
"""msgtype -> the fields of its object that a person can read. Source: wechat, custom/send."""

_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])")
"""A \\uXXXX escape of anything beyond ASCII: the platform wants raw UTF-8."""


class Refused(Exception):
    """The call is answered with this error code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class WeChatApi:
    account: WeChatAccount
    followers: Followers
    inbox: Inbox
    clock: Clock
    tokens: AccessTokens = field(init=False)
    stable_tokens: AccessTokens = field(init=False)
    media: dict[str, bytes] = field(default_factory=dict)
    desks: list[str] = field(default_factory=list)
    """The kf_account of each customer-service message; empty: the account's own name."""
    desk: WeChatDesk = field(default_factory=WeChatDesk)

    def __post_init__(self) -> None:
        self.tokens = AccessTokens(self.clock)
        self.stable_tokens = AccessTokens(self.clock)

    def routes(self) -> list[Route]:
        return [
            Route("/cgi-bin/token", self._token, methods=["GET"]),
            Route("/cgi-bin/stable_token", self._stable_token, methods=["POST"]),
            Route("/cgi-bin/message/custom/send", self._send, methods=["POST"]),
            Route("/cgi-bin/message/custom/typing", self._typing, methods=["POST"]),
            Route("/cgi-bin/media/upload", self._upload, methods=["POST"]),
            Route("/cgi-bin/media/uploadimg", self._upload, methods=["POST"]),
            Route("/cgi-bin/material/add_material", self._upload, methods=["POST"]),
            Route("/cgi-bin/media/get", self._download, methods=["GET"]),
            Route("/cgi-bin/getcallbackip", self._addresses, methods=["GET"]),
            Route("/cgi-bin/get_current_autoreply_info", self._autoreplies, methods=["GET"]),
            Route("/customservice/msgrecord/getmsglist", self._records, methods=["POST"]),
        ]

    async def _token(self, request: Request) -> JSONResponse:
        try:
            self._check_secret(request.query_params)
        except Refused as no:
            return refused(request, no)
        return _issued(*self.tokens.issue())

    async def _stable_token(self, request: Request) -> JSONResponse:
        try:
            wanted = json_of(await request.body())
            self._check_secret(wanted)
        except Refused as no:
            return refused(request, no)
        forced = wanted.get("force_refresh") is True
        return _issued(*(self.stable_tokens.issue() if forced else self.stable_tokens.issue_stable()))

    async def _send(self, request: Request) -> JSONResponse:
        raw = await request.body()
        try:
            self.check_token(request)
            self._deliver(json_of(raw), raw)
        except Refused as no:
            return refused(request, no)
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _typing(self, request: Request) -> JSONResponse:
        try:
            self.check_token(request)
            wanted = json_of(await request.body())
            if wanted.get("command") not in ("Typing", "CancelTyping"):
                raise Refused(45072, "invalid command")
        except Refused as no:
            return refused(request, no)
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _upload(self, request: Request) -> JSONResponse:
        try:
            self.check_token(request)
            async with request.form() as form:
                file = form.get("media")
                if not isinstance(file, UploadFile):
                    raise Refused(41005, "media data missing")
                media_id = secrets.token_urlsafe(24)
                self.media[media_id] = await file.read()
        except Refused as no:
            return refused(request, no)
        return JSONResponse({"type": request.query_params.get("type"), "media_id": media_id, "created_at": 0})

    async def _download(self, request: Request) -> Response:
        try:
            self.check_token(request)
            found = self.media.get(request.query_params.get("media_id", ""))
            if found is None:
                raise Refused(40007, "invalid media_id")
        except Refused as no:
            return refused(request, no)
        return Response(found, media_type="application/octet-stream")

    async def _addresses(self, request: Request) -> JSONResponse:
        try:
            self.check_token(request)
        except Refused as no:
            return refused(request, no)
        return JSONResponse({"ip_list": ["127.0.0.1"]})

    async def _autoreplies(self, request: Request) -> JSONResponse:
        try:
            self.check_token(request)
        except Refused as no:
            return refused(request, no)
        return JSONResponse(self.desk.autoreplies())

    async def _records(self, request: Request) -> JSONResponse:
        try:
            self.check_token(request)
            return JSONResponse(self.desk.page(json_of(await request.body())))
        except Refused as no:
            return refused(request, no)
        except Unlisted as no:
            return refused(request, Refused(no.code, str(no)))

    def _check_secret(self, given: Mapping[str, object]) -> None:
        if given.get("grant_type") != "client_credential":
            raise Refused(40002, "invalid grant_type")
        if given.get("appid") != self.account.app_id:
            raise Refused(40013, "invalid appid")
        if given.get("secret") != self.account.app_secret:
            raise Refused(40125, "invalid appsecret")

    def check_token(self, request: Request) -> None:
        token = request.query_params.get("access_token", "")
        if not token:
            raise Refused(41001, "access_token missing")
        if not (self.tokens.knows(token) or self.stable_tokens.knows(token)):
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if not (self.tokens.accepts(token) or self.stable_tokens.accepts(token)):
            raise Refused(42001, "access_token expired")

    def _deliver(self, wanted: Mapping[str, object], raw: bytes) -> None:
        """Show one message to its follower. Raises Refused; then nothing was shown and nothing counted."""
        user, kind = wanted.get("touser"), wanted.get("msgtype")
        if not isinstance(user, str) or not user:
            raise Refused(40003, "invalid openid")
        if not isinstance(kind, str) or kind not in _WORDS:
            raise Refused(40008, "invalid message type")
        if _ESCAPED.search(raw):
            raise Refused(40033, "invalid charset. please check your request, if include \\uxxxx")
        text = _readable(kind, wanted.get(kind))
        try:
            self.followers.spend(user)
        except NotAFollower:
            raise Refused(40003, "invalid openid") from None
        except OutOfTime:
            raise Refused(45015, "response out of time limit or subscription is canceled") from None
        except OutOfCount:
            raise Refused(45047, "out of response count limit") from None
        desk = wanted.get("customservice")
        self.desks.append(str(desk.get("kf_account", "")) if isinstance(desk, dict) else "")
        self.inbox.add(Received(user, self.clock(), Via.API, kind, text))
        self.desk.note(user, self.clock(), text if kind == "text" else f"[{kind}]")


def _readable(kind: str, body: object) -> str:
    if not isinstance(body, dict):
        raise Refused(45162, "wrong json type")
    if kind == "news":
        return "\n".join(_articles(body.get("articles")))
    lines = [str(body.get(name, "")) for name in _WORDS[kind]]
    if kind == "msgmenu":
        choices = body.get("list")
        if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
            raise Refused(45162, "wrong json type")
        lines += [*(str(one.get("content", "")) for one in choices), str(body.get("tail_content", ""))]
    text = "\n".join(line for line in lines if line)
    if kind == "text" and not text:
        raise Refused(44004, "empty content")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise Refused(45002, "content size out of limit")
    return text


def _articles(articles: object) -> list[str]:
    if not isinstance(articles, list) or not all(isinstance(one, dict) for one in articles):
        raise Refused(45162, "wrong json type")
    if len(articles) != 1:
        raise Refused(45008, "article size out of limit")
    return [str(one[name]) for one in articles for name in ("title", "description", "url") if one.get(name)]


def json_of(raw: bytes) -> Mapping[str, object]:
    """An object, whatever the content type says. Raises Refused."""
    if not raw:
        raise Refused(44002, "empty post data")
    try:
        value = json.loads(raw)
    except ValueError:
        raise Refused(47001, "data format error") from None
    if not isinstance(value, dict):
        raise Refused(47001, "data format error")
    return value


def _issued(token: str, seconds: int) -> JSONResponse:
    return JSONResponse({"access_token": token, "expires_in": seconds})


def refused(request: Request, no: Refused) -> JSONResponse:
    return JSONResponse(refusal(request.url.path, no.code, str(no)))
