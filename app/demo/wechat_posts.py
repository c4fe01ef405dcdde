"""WeChat's side of what goes to many, or by a template: mass messages, drafts, publication, comments."""

import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.demo.inbox import Inbox, Received, Via
from app.demo.wechat_api import Refused, WeChatApi, json_of, refused

EVERYBODY = "everybody"
"""Whose screen the inbox shows for what every follower can read."""

Fields = Mapping[str, object]
Answer = Callable[[Fields], Mapping[str, object]]


@dataclass(slots=True)
class WeChatPosts:
    api: WeChatApi
    drafts: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1000000001))

    @property
    def inbox(self) -> Inbox:
        return self.api.inbox

    def routes(self) -> list[Route]:
        answers: Mapping[str, Answer] = {
            "message/mass/sendall": self._mass,
            "message/mass/send": self._mass,
            "message/mass/preview": self._preview,
            "draft/add": self._add,
            "draft/update": self._update,
            "draft/get": self._get,
            "freepublish/submit": self._publish,
            "message/template/send": self._template,
            "message/template/subscribe": self._template,
            "message/subscribe/bizsend": self._template,
            "comment/reply/add": self._comment,
        }
        return [
            Route(f"/cgi-bin/{path}", self._route(answer), methods=["POST"])
            for path, answer in answers.items()
        ]

    def _route(self, answer: Answer) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def endpoint(request: Request) -> JSONResponse:
            try:
                self.api.check_token(request)
                return JSONResponse(answer(json_of(await request.body())))
            except Refused as no:
                return refused(request, no)

        return endpoint

    def _mass(self, wanted: Fields) -> Mapping[str, object]:
        name = wanted.get("clientmsgid")
        if isinstance(name, str):
            if name in self._named:
                raise Refused(45065, "clientmsgid exist")
            self._named.add(name)
        self._show(EVERYBODY, Via.POST, wanted)
        number = next(self._numbers)
        told = {"errcode": 0, "errmsg": "send job submission success"}
        return {**told, "msg_id": number, "msg_data_id": number + 1}

    def _preview(self, wanted: Fields) -> Mapping[str, object]:
        user = wanted.get("towxname") or wanted.get("touser")
        if not isinstance(user, str):
            raise Refused(40003, "invalid openid")
        self._show(user, Via.API, wanted)
        return {"errcode": 0, "errmsg": "preview success", "msg_id": next(self._numbers)}

    def _show(self, user: str, via: Via, wanted: Fields) -> None:
        kind = wanted.get("msgtype")
        content = wanted.get("images" if "images" in wanted else str(kind))
        if not isinstance(kind, str) or not isinstance(content, dict):
            raise Refused(40008, "invalid message type")
        if kind == "mpnews":
            self._appear(user, via, kind, self._draft(content))
        else:
            self.inbox.add(Received(user, self.api.clock(), via, kind, "\n".join(map(str, content.values()))))

    def _add(self, wanted: Fields) -> Mapping[str, object]:
        articles = wanted.get("articles")
        if not isinstance(articles, list) or not all(
            isinstance(one, dict) and one.get("title") for one in articles
        ):
            raise Refused(53404, "articles")
        media_id = secrets.token_urlsafe(24)
        self.drafts[media_id] = articles
        return {"media_id": media_id}

    def _update(self, wanted: Fields) -> Mapping[str, object]:
        articles, index = self._draft(wanted), wanted.get("index")
        if not isinstance(index, int) or not 0 <= index < len(articles):
            raise Refused(40114, "invalid index value")
        changed = wanted.get("articles")
        articles[index] = changed if isinstance(changed, dict) else {}
        return {"errcode": 0, "errmsg": "ok"}

    def _get(self, wanted: Fields) -> Mapping[str, object]:
        """The platform's own addresses differ at every reading."""
        items = [
            {**one, "url": f"http://mp.weixin.qq.com/s/{secrets.token_hex(8)}"} for one in self._draft(wanted)
        ]
        return {"news_item": items, "create_time": 0, "update_time": 0}

    def _publish(self, wanted: Fields) -> Mapping[str, object]:
        self._appear(EVERYBODY, Via.POST, "article", self._draft(wanted))
        number = str(next(self._numbers))
        return {"errcode": 0, "errmsg": "ok", "publish_id": number, "msg_data_id": number}

    def _template(self, wanted: Fields) -> Mapping[str, object]:
        user, data = wanted.get("touser"), wanted.get("data")
        if not isinstance(user, str) or not isinstance(data, dict) or not wanted.get("template_id"):
            raise Refused(40037, "invalid template_id")
        lines = [str(one.get("value", "")) for one in data.values() if isinstance(one, dict)]
        self.inbox.add(Received(user, self.api.clock(), Via.API, "template", "\n".join(lines)))
        return {"errcode": 0, "errmsg": "ok", "msgid": next(self._numbers)}

    def _comment(self, wanted: Fields) -> Mapping[str, object]:
        self.inbox.add(Received(EVERYBODY, self.api.clock(), Via.COMMENT, "text", str(wanted.get("content"))))
        return {"errcode": 0, "errmsg": "ok"}

    def _draft(self, wanted: Fields) -> list[dict[str, object]]:
        found = self.drafts.get(str(wanted.get("media_id")))
        if found is None:
            raise Refused(40007, "invalid media_id")
        return found

    def _appear(self, user: str, via: Via, kind: str, articles: list[dict[str, object]]) -> None:
        text = "\n".join(json.dumps(one, ensure_ascii=False) for one in articles)
        self.inbox.add(Received(user, self.api.clock(), via, kind, text))
