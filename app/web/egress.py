"""/egress/wechat/{channel}/...: WeChat's API as a vendor sees it, a bare ASGI application.

Paths are compared byte for byte with the ones that exist: an escaped, doubled or dotted one is none of them.
Every answer is HTTP 200 with an errcode, as the platform's are.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from app.core import egress
from app.core.egress import CALLS, READS, SCOPE_OF, Call
from app.core.errors import DecodeError, PlatformError, StoreError
from app.core.strict_json import parse_object
from app.core.vendors import VendorRefused
from app.platforms.wechat.passage import Passage
from app.platforms.wechat.pushed import read_push, read_typing
from app.ports import Clock, NewId, Observer
from app.service.outlet import Outlet
from app.service.vendors import Vendors
from app.web.bodies import Refused, query_of, read_capped

EGRESS = "/egress/wechat/"
MOST_UPLOAD_BYTES = 12_582_912
"""The platform takes videos of 10 MB."""
UPLOAD_WITHIN_S = 60.0
_READ_QUERY = frozenset({"openid", "lang", "next_openid"})
_MEDIA_TYPES = frozenset({"image", "voice", "video", "thumb"})


@dataclass(frozen=True, slots=True)
class Stand:
    """One channel's stand-in."""

    app_id: str
    outlet: Outlet
    passage: Passage
    allowed: frozenset[str]
    """Which of egress.READS are passed on."""


@dataclass(frozen=True, slots=True)
class Egress:
    stands: Mapping[str, Stand]
    vendors: Vendors
    observer: Observer
    clock: Clock
    new_id: NewId
    max_body_bytes: int
    read_within_s: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        channel, path = _place(scope)
        try:
            await self._answer(channel, path, scope, receive, send)
        except VendorRefused as refusal:
            self.observer.failed("egress", refusal, channel=channel, code=str(refusal.code))
            await self._tell(send, refusal.code, str(refusal))
        except Refused as refusal:
            self.observer.failed("egress", refusal, channel=channel, code=refusal.code)
            await self._tell(send, egress.NOT_JSON, refusal.why)
        except DecodeError as error:
            self.observer.failed("egress", error, channel=channel)
            await self._tell(send, egress.NOT_JSON, f"data format error: {error}")
        except (PlatformError, StoreError) as error:
            self.observer.failed("egress", error, channel=channel)
            await self._tell(send, egress.BUSY, "system error")

    async def _answer(self, channel: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        stand, call = self.stands.get(channel), CALLS.get((scope["method"], path))
        query, address = query_of(scope["query_string"]), _address(scope)
        if stand is None or call is None:
            await self.vendors.notice(query.get("access_token", ""))
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        if call in (Call.TOKEN, Call.STABLE_TOKEN):
            await self._token(channel, stand, call, query, await self._read(receive), address, send)
            return
        vendor = await self.vendors.caller(channel, query.get("access_token", ""), SCOPE_OF[call], address)
        match call:
            case Call.SEND:
                body = await self._read(receive)
                pushed = read_push(body)
                sent = await stand.outlet.send(vendor, pushed.user, pushed.reply, body)
                named = {"shenyan_hold": sent.hold_id} if sent.hold_id else {}
                await self._tell(send, sent.code, "ok" if sent.code == 0 else "refused", **named)
            case Call.NOTHING:
                await self._read(receive)
                await self._tell(send, 0, "ok")
            case Call.TYPING:
                user, command = read_typing(await self._read(receive))
                typing = json.dumps({"touser": user, "command": command}).encode()
                await self._pass(send, stand, scope["method"], path, {}, typing, "application/json")
            case Call.UPLOAD:
                kind = query.get("type", "")
                if kind not in _MEDIA_TYPES:
                    raise DecodeError("type: image, voice, video or thumb")
                body = await _read_within(receive, MOST_UPLOAD_BYTES, UPLOAD_WITHIN_S)
                await self._pass(send, stand, "POST", path, {"type": kind}, body, _media_type(scope))
            case Call.DOWNLOAD:
                await self._pass(send, stand, "GET", path, {"media_id": query.get("media_id", "")})
            case Call.READ:
                if path not in stand.allowed & READS:
                    raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
                await self._pass(
                    send, stand, "GET", path, {k: v for k, v in query.items() if k in _READ_QUERY}
                )

    async def _token(
        self,
        channel: str,
        stand: Stand,
        call: Call,
        query: Mapping[str, str],
        body: bytes,
        address: str,
        send: Send,
    ) -> None:
        fields: Mapping[str, object] = query
        if call is Call.STABLE_TOKEN:
            try:
                fields = parse_object(body)
            except ValueError as error:
                raise DecodeError(str(error)) from error
        app_id, secret = fields.get("appid"), fields.get("secret")
        if fields.get("grant_type") != "client_credential" or not isinstance(secret, str):
            raise VendorRefused(40002, "invalid grant_type")
        if app_id != stand.app_id:
            raise VendorRefused(egress.BAD_APP_ID, "invalid appid")
        token, seconds = await self.vendors.token(channel, secret, address)
        await _respond(
            send, 200, "application/json", json.dumps({"access_token": token, "expires_in": seconds})
        )

    async def _pass(
        self,
        send: Send,
        stand: Stand,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None = None,
        media_type: str = "",
    ) -> None:
        """The platform's own answer, as it comes."""
        async with stand.passage.call(method, path, query, body, media_type) as passed:
            headers = [(b"content-type", passed.media_type.encode("latin-1", "replace"))]
            if passed.disposition:
                headers.append((b"content-disposition", passed.disposition.encode("latin-1", "replace")))
            await send({"type": "http.response.start", "status": passed.status, "headers": headers})
            async for chunk in passed.body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send, code: int, message: str, **more: str) -> None:
        told = message if code == 0 else f"{message}, rid: guard-{self.new_id()}"
        await _respond(send, 200, "application/json", json.dumps({"errcode": code, "errmsg": told, **more}))

    async def _read(self, receive: Receive) -> bytes:
        return await _read_within(receive, self.max_body_bytes, self.read_within_s)


async def _read_within(receive: Receive, most_bytes: int, within_s: float) -> bytes:
    try:
        async with asyncio.timeout(within_s):
            return await read_capped(receive, most_bytes)
    except TimeoutError:
        raise Refused(408, "too-slow", "the body came too slowly") from None


def _place(scope: Scope) -> tuple[str, str]:
    """Channel and path as they were written; nothing is decoded, so nothing can hide in an escape."""
    raw = scope.get("raw_path") or scope["path"].encode()
    written = raw.partition(b"?")[0].decode("ascii", "replace").removeprefix(EGRESS)
    channel, slash, rest = written.partition("/")
    return channel, slash + rest


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _media_type(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name == b"content-type"]
    if len(found) != 1 or not found[0].startswith(b"multipart/form-data;"):
        raise DecodeError("an upload is multipart/form-data")
    media_type: str = found[0].decode("latin-1")
    return media_type


async def _respond(send: Send, status: int, media_type: str, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
