"""A sample vendor's bot: a webhook for WeChat and one for Weibo, each with the vendor's own token.

    python -m app.demo.vendor_bot --port 8901

It is no part of the guard and knows nothing of it; what it says stands in `vendor_talk`.
"""

import argparse
import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.demo.answers import Abnormal
from app.demo.serving import serve
from app.demo.vendor_talk import Line, Mishap, line_for, line_for_event
from app.demo.wechat_wire import XML, open_encrypted, seal_answer
from app.demo.wechat_xml import NotXml, Value, read
from app.platforms.signatures import signature_of
from app.platforms.wechat.crypto import Cipher

REMEMBERED = 10_000
HUGE_LETTERS = 2_000_000
STACK_TRACE = (
    "<html><body><h1>500 Internal Server Error</h1><pre>Traceback (most recent call last):\n"
    "  File \"bot.py\", line 42, in reply\nKeyError: 'answer'</pre></body></html>"
)
GARBAGE = b"\xff\xfe\x00{<xml>\xe4\xbd"


@dataclass(frozen=True, slots=True)
class Asked:
    user: str
    text: str
    at: str


@dataclass(slots=True)
class VendorBot:
    wechat_token: str
    weibo_secret: str
    cipher: Cipher | None = None
    """With a key of its own, pushes come and answers go encrypted."""
    _asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/wechat", self._verify_wechat, methods=["GET"]),
                Route("/wechat", self._wechat, methods=["POST"]),
                Route("/weibo", self._verify_weibo, methods=["GET"]),
                Route("/weibo", self._weibo, methods=["POST"]),
                Route("/asked", self._list_asked, methods=["GET"]),
            ]
        )

    async def _list_asked(self, request: Request) -> Response:
        """Every push that came, oldest first; with ?user= only that user's."""
        user = request.query_params.get("user")
        shown = [one for one in self._asked if user in (None, one.user)]
        return JSONResponse([{"user": one.user, "text": one.text, "at": one.at} for one in shown])

    async def _verify_wechat(self, request: Request) -> Response:
        return _verified(request, self.wechat_token)

    async def _verify_weibo(self, request: Request) -> Response:
        return _verified(request, self.weibo_secret)

    async def _wechat(self, request: Request) -> Response:
        if not _is_signed(request, self.wechat_token):
            return PlainTextResponse("bad signature", status_code=403)
        body = await request.body()
        try:
            plain = body
            if self.cipher is not None:
                plain = open_encrypted(self.wechat_token, self.cipher, body, request.query_params)
            push = read(plain)
        except (Abnormal, NotXml):
            return HTMLResponse(STACK_TRACE, status_code=500)
        user, is_event = str(push.get("FromUserName")), push.get("MsgType") == "event"
        text = str(push.get("Content") or push.get("Recognition") or push.get("Label") or "")
        line = await self._thought(user, text, str(push.get("Event", "")) if is_event else "")
        broken = _broken(line)
        if broken is not None:
            return broken
        return Response(self._written(push, _words(line)), media_type=XML)

    def _written(self, push: dict[str, Value], words: str) -> bytes:
        """The answer as many a vendor writes it: text pasted into a template, ]]> and all."""
        answer = (
            f"<xml><ToUserName><![CDATA[{push.get('FromUserName')}]]></ToUserName>"
            f"<FromUserName><![CDATA[{push.get('ToUserName')}]]></FromUserName>"
            f"<CreateTime>{int(_now().timestamp())}</CreateTime>"
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content></xml>"
        ).encode()
        if self.cipher is None:
            return answer
        return seal_answer(self.wechat_token, self.cipher, answer, _now)

    async def _weibo(self, request: Request) -> Response:
        if not _is_signed(request, self.weibo_secret):
            return PlainTextResponse("bad signature", status_code=403)
        push = json.loads(await request.body())
        data = push.get("data") or {}
        event = str(data.get("subtype", "")) if push.get("type") == "event" else ""
        line = await self._thought(str(push["sender_id"]), str(push.get("text", "")), event)
        broken = _broken(line, nothing=b"")
        if broken is not None:
            return broken
        words = json.dumps({"text": _words(line)}, ensure_ascii=False)
        return JSONResponse(
            {
                "result": True,
                "sender_id": str(push["receiver_id"]),
                "receiver_id": str(push["sender_id"]),
                "type": "text",
                "data": quote(words),
            }
        )

    async def _thought(self, user: str, text: str, event: str) -> Line:
        self._asked.append(Asked(user, text or event, _now().isoformat(timespec="milliseconds")))
        line = line_for_event(event) if event else line_for(text)
        await asyncio.sleep(line.after_s)
        return line


def _broken(line: Line, nothing: bytes = b"success") -> Response | None:
    """What comes in place of an answer; None: the answer is well."""
    match line.mishap:
        case Mishap.HTTP_500:
            return HTMLResponse(STACK_TRACE, status_code=500)
        case Mishap.GARBAGE:
            return Response(GARBAGE, media_type="application/octet-stream")
        case Mishap.SILENCE:
            return Response(nothing)
        case Mishap.HUGE | Mishap.NONE:
            return None


def _words(line: Line) -> str:
    return "长" * HUGE_LETTERS if line.mishap is Mishap.HUGE else line.text


def _verified(request: Request, token: str) -> Response:
    if not _is_signed(request, token):
        return PlainTextResponse("bad signature", status_code=403)
    return PlainTextResponse(request.query_params.get("echostr", ""))


def _is_signed(request: Request, token: str) -> bool:
    query = request.query_params
    expected = signature_of(token, query.get("timestamp", ""), query.get("nonce", ""))
    return query.get("signature") == expected


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description="A sample vendor's bot for WeChat and Weibo.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--wechat-token", required=True)
    parser.add_argument("--weibo-secret", required=True)
    parser.add_argument("--wechat-app-id", default="", help="with --wechat-aes-key")
    parser.add_argument("--wechat-aes-key", default="", help="43 characters: encrypted, the safe mode")
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    cipher = Cipher.of(given.wechat_aes_key, given.wechat_app_id) if given.wechat_aes_key else None
    bot = VendorBot(given.wechat_token, given.weibo_secret, cipher)
    serve(bot.app(), given.port, until_stdin_closes=given.until_stdin_closes)


if __name__ == "__main__":
    main()
