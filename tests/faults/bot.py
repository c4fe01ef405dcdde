"""The vendor's bot: a webhook in the platform's own format, in every mood that a vendor's has."""

import asyncio
import random
from dataclasses import dataclass

from aiohttp import web

from app.demo.wechat_xml import read, write
from tests.faults.ledger import Conversation, Ledger
from tests.faults.script import NEVER, Act

XML = "application/xml"
HUGE_BYTES = 50 * 1024 * 1024
HANGS_FOR_S = 60.0


@dataclass(slots=True)
class Bot:
    ledger: Ledger
    chance: random.Random
    late_by_s: tuple[float, float] = (5.0, 8.0)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        fields = read(await request.read())
        conversation = self.ledger.of_text(str(fields["Content"]))
        if conversation is None:
            return web.Response(status=400)
        conversation.asked += 1
        conversation.tell(f"bot is asked, and {conversation.line.act}")
        await asyncio.sleep(self.chance.uniform(0.03, 0.2))
        user, account = str(fields["FromUserName"]), str(fields["ToUserName"])
        return await self._act(request, conversation, user, account)

    async def _act(
        self, request: web.Request, conversation: Conversation, user: str, account: str
    ) -> web.StreamResponse:
        line = conversation.line
        if line.act not in (Act.CLEAN, Act.RUDE, Act.PICTURE, Act.SILENT):
            self.ledger.faults[f"bot: {line.act}"] += 1
        says = line.bot_says or NEVER.format(line.marker)
        good = _text(user, account, says)
        match line.act:
            case Act.CLEAN | Act.RUDE:
                return web.Response(body=good, content_type=XML)
            case Act.PICTURE:
                return web.Response(body=_picture(user, account, says), content_type=XML)
            case Act.SILENT:
                return web.Response(text="success")
            case Act.LATE | Act.LATE_AND_RUDE:
                await asyncio.sleep(self.chance.uniform(*self.late_by_s))
                return web.Response(body=good, content_type=XML)
            case Act.SLOW_BYTES:
                return await _trickle(request, good)
            case Act.ANSWERS_TWICE:
                return _twice(request, good, _text(user, account, NEVER.format(line.marker)))
            case Act.SAYS_TWO_THINGS:
                two = good.replace(b"</xml>", b"<Content>") + b"</Content></xml>"
                return web.Response(body=two, content_type=XML)
            case Act.WRONG_CITIZEN:
                return web.Response(body=_text("o-somebody-else", account, says), content_type=XML)
            case Act.HUGE:
                return await _huge(request, good)
            case Act.GARBAGE:
                return web.Response(text=f"<html><h1>502 Bad Gateway</h1>{says}")
            case Act.ERROR:
                return web.Response(status=500, text=says)
            case Act.HANGS:
                await asyncio.sleep(HANGS_FOR_S)
            case Act.HANGS_UP:
                pass
        return _hung_up(request)


def _text(user: str, account: str, says: str) -> bytes:
    return _passive(user, account, "text", Content=says)


def _picture(user: str, account: str, media_id: str) -> bytes:
    return _passive(user, account, "image", Image={"MediaId": media_id})


def _passive(user: str, account: str, kind: str, **fields: object) -> bytes:
    common = {"ToUserName": user, "FromUserName": account, "CreateTime": 1_795_000_000, "MsgType": kind}
    return write({**common, **fields})  # type: ignore[dict-item]


async def _trickle(request: web.Request, body: bytes) -> web.StreamResponse:
    """Some 3 s for one answer."""
    response = web.StreamResponse(headers={"Content-Type": XML, "Content-Length": str(len(body))})
    await response.prepare(request)
    for start in range(0, len(body), 20):
        await response.write(body[start : start + 20])
        await asyncio.sleep(3.0 * 20 / len(body))
    return response


def _twice(request: web.Request, first: bytes, second: bytes) -> web.StreamResponse:
    transport = request.transport
    for body in (first, second):
        if transport is not None:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {XML}\r\nContent-Length: {len(body)}\r\n\r\n"
            transport.write(head.encode() + body)
    return _hung_up(request, politely=True)


async def _huge(request: web.Request, beginning: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": XML, "Content-Length": str(HUGE_BYTES)})
    await response.prepare(request)
    await response.write(beginning)
    sent, block = len(beginning), b" " * 65_536
    while sent < HUGE_BYTES:  # whoever is asked for patience hangs up: then writing fails
        await response.write(block[: HUGE_BYTES - sent])
        sent += len(block)
    return response


def _hung_up(request: web.Request, *, politely: bool = False) -> web.StreamResponse:
    """A response that aiohttp will find nobody to give to."""
    if request.transport is not None:
        request.transport.close() if politely else request.transport.abort()
    return web.Response()
