"""Plays the citizen by HTTP: push messages, read what arrived, order faults, put the clock forward."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.demo.clock import SettableClock
from app.demo.faults import Fault, Faults
from app.demo.inbox import Inbox, Received, Via
from app.demo.wechat_api import WeChatApi
from app.demo.wechat_platform import WeChatEmulator
from app.demo.weibo_api import WeiboApi
from app.demo.weibo_platform import WeiboEmulator

STATIC = Path(__file__).parent / "static"
ONLY_OURS = {"content-security-policy": "default-src 'self'", "referrer-policy": "no-referrer"}
LONGEST_WAIT_S = 60.0


class Unusable(ValueError):
    """The request's JSON is not what this address takes."""


@dataclass(frozen=True, slots=True)
class Control:
    wechat: WeChatEmulator
    weibo: WeiboEmulator
    inbox: Inbox
    clock: SettableClock
    """Of windows and tokens; pushes are signed by the real time."""
    faults: Faults
    wechat_api: WeChatApi
    weibo_api: WeiboApi
    resends: asyncio.Event

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", _page, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/emulator/faults", _safely(self._add_fault), methods=["POST"]),
            Route("/emulator/faults", self._clear_faults, methods=["DELETE"]),
            Route("/emulator/resends", _safely(self._hold_resends), methods=["POST"]),
            Route("/emulator/clock", _safely(self._advance), methods=["POST"]),
            Route("/emulator/wechat/verification", self._verify_wechat, methods=["POST"]),
            Route("/emulator/weibo/verification", self._verify_weibo, methods=["POST"]),
            Route("/emulator/wechat/messages", _safely(self._write_wechat), methods=["POST"]),
            Route("/emulator/weibo/messages", _safely(self._write_weibo), methods=["POST"]),
            Route("/emulator/weibo/comments", _safely(self._comment), methods=["POST"]),
            Route("/emulator/weibo/mentions", _safely(self._mention), methods=["POST"]),
            Route("/emulator/wechat/autoreply", _safely(self._switch), methods=["POST"]),
            Route("/emulator/wechat/desk", _safely(self._write_by_hand), methods=["POST"]),
            Route("/emulator/weibo/own-comments", _safely(self._comment_by_hand), methods=["POST"]),
            Route("/emulator/inbox/{user}", self._read_inbox, methods=["GET"]),
        ]

    async def _add_fault(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"path": "/cgi-bin/message/custom/send", "errcode": 45015, "times": 2}, or "kind"."""
        self.faults.add(Fault.of(wanted))
        return {"ok": True}

    async def _clear_faults(self, _request: Request) -> Response:
        self.faults.clear()
        return JSONResponse({"ok": True})

    async def _hold_resends(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"wait": true}: what would be pushed again waits until {"wait": false}."""
        if not isinstance(wanted.get("wait"), bool):
            raise Unusable("wait: true or false is needed")
        (self.resends.clear if wanted["wait"] else self.resends.set)()
        return {"ok": True}

    async def _advance(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"advance_s": 172800}: 48 hours later."""
        self.clock.advance(_number(wanted, "advance_s"))
        return {"now": self.clock().isoformat(timespec="seconds")}

    async def _verify_wechat(self, _request: Request) -> Response:
        return JSONResponse({"ok": await self.wechat.verify_url()})

    async def _verify_weibo(self, _request: Request) -> Response:
        return JSONResponse({"ok": await self.weibo.verify_url()})

    async def _write_wechat(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"user", "text"}, or {"user", "kind", "fields"}; answers when the push is over."""
        kind, fields = _text(wanted, "kind", "text"), _object(wanted, "fields")
        if kind == "text" and "text" in wanted:
            fields = {"Content": _text(wanted, "text"), **fields}
        result = await self.wechat.push(
            _text(wanted, "user"),
            kind,
            {
                name: value if isinstance(value, int | dict | list) else str(value)
                for name, value in fields.items()
            },
            lose_answers=_count(wanted, "lose_answers", 0),
        )
        return result.as_json()

    async def _write_weibo(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"user", "text"}, or {"user", "kind", "text", "data"}; answers when the push is over."""
        result = await self.weibo.push(
            _count(wanted, "user"),
            _text(wanted, "kind", "text"),
            _text(wanted, "text", ""),
            _object(wanted, "data"),
            lose_answers=_count(wanted, "lose_answers", 0),
        )
        return result.as_json()

    async def _comment(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"user", "text", "status_id"} -> the ids a reply needs."""
        comment = self.weibo.comment(
            _count(wanted, "user"), _text(wanted, "text"), _count(wanted, "status_id")
        )
        return {"cid": comment.id, "id": comment.status_id}

    async def _mention(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"user", "text", "status_id"}: the user's own post names the account."""
        result = await self.weibo.mention(
            _count(wanted, "user"), _text(wanted, "text"), _count(wanted, "status_id")
        )
        return result.as_json()

    async def _switch(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"follow": true, "message": false, "keyword": true}: the platform's own replies, past the guard."""
        self.wechat_api.desk.switch({name: value is True for name, value in wanted.items()})
        return {"on": sorted(self.wechat_api.desk.on)}

    async def _write_by_hand(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"user", "text"}: somebody answers on the platform's own customer-service page, past the guard."""
        user, text = _text(wanted, "user"), _text(wanted, "text")
        self.inbox.add(Received(user, self.clock(), Via.API, "text", text))
        self.wechat_api.desk.note(user, self.clock(), text)
        return {"ok": True}

    async def _comment_by_hand(self, wanted: Mapping[str, object]) -> Mapping[str, object]:
        """{"status_id", "text"}: somebody comments as the account on Weibo itself, past the guard."""
        return {"cid": self.weibo_api.comment(_count(wanted, "status_id"), _text(wanted, "text")).id}

    async def _read_inbox(self, request: Request) -> Response:
        """What a user received, oldest first; ?at_least=2&within_s=10 waits for it."""
        try:
            count = int(request.query_params.get("at_least", "0"))
            within_s = min(float(request.query_params.get("within_s", "10")), LONGEST_WAIT_S)
        except ValueError:
            return JSONResponse({"error": "at_least and within_s are numbers"}, status_code=400)
        received = await self.inbox.at_least(request.path_params["user"], count, within_s)
        return JSONResponse([one.as_json() for one in received])


async def _page(_request: Request) -> Response:
    return FileResponse(STATIC / "page.html", headers=ONLY_OURS)


def _safely(
    act: Callable[[Mapping[str, object]], Awaitable[Mapping[str, object]]],
) -> Callable[[Request], Awaitable[Response]]:
    """Reads a JSON object, whatever the content type says; what cannot be used is answered with 400."""

    async def answer(request: Request) -> Response:
        try:
            wanted = json.loads(await request.body())
            if not isinstance(wanted, dict):
                raise Unusable("a JSON object is needed")
            return JSONResponse(await act(wanted))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return answer


def _text(wanted: Mapping[str, object], name: str, otherwise: str | None = None) -> str:
    value = wanted.get(name, otherwise)
    if not isinstance(value, str):
        raise Unusable(f"{name}: a string is needed")
    return value


def _number(wanted: Mapping[str, object], name: str) -> float:
    value = wanted.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(f"{name}: a number is needed")
    return value


def _count(wanted: Mapping[str, object], name: str, otherwise: int | None = None) -> int:
    """A whole number, as a number or as text: JavaScript cannot hold the longest ids."""
    value = wanted.get(name, otherwise)
    if not str(value).isdecimal():
        raise Unusable(f"{name}: a whole number is needed")
    return int(str(value))


def _object(wanted: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = wanted.get(name, {})
    if not isinstance(value, dict):
        raise Unusable(f"{name}: an object is needed")
    return value
