"""/egress/wechat/{channel}/...: WeChat's API as a vendor sees it, a bare ASGI application.

Paths are compared byte for byte with the ones that exist: an escaped, doubled or dotted one is none of them.
Every answer is HTTP 200 with an errcode, as the platform's are.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

from starlette.types import Receive, Scope, Send

from app.core import egress
from app.core.egress import CALLS, READ_BODIES, READS, UPLOAD_KINDS, WAYS, Call, scope_of
from app.core.errors import DecodeError, PlatformError, StoreError
from app.core.strict_json import parse_object
from app.core.submission import Submission, Way
from app.core.vendors import Vendor, VendorRefused
from app.platforms.passage import Passage
from app.platforms.wechat.articles import draft_written
from app.platforms.wechat.drafts import Drafts
from app.platforms.wechat.pushed import KF_ACCOUNT, read_push, read_typing
from app.platforms.wechat.submitted import read_submission
from app.ports import Clock, NewId, Observer
from app.service.outlet import Outlet, Sent
from app.service.vendors import Vendors
from app.web.bodies import Refused, query_of
from app.web.egress.wire import (
    Refusal,
    address_of,
    fields_of,
    media_type_of,
    place_of,
    read_within,
    refusal_of,
    respond,
)

EGRESS = "/egress/wechat/"
MOST_UPLOAD_BYTES = 12_582_912
"""The platform takes videos of 10 MB."""
MOST_POST_BYTES = 1_048_576
"""A draft of eight articles, or a list of 10,000 followers."""
UPLOAD_WITHIN_S = 60.0
_READ_QUERY = frozenset({"openid", "lang", "next_openid"})


@dataclass(frozen=True, slots=True)
class Stand:
    """One channel's stand-in."""

    app_id: str
    outlet: Outlet
    passage: Passage
    drafts: Drafts
    allowed: frozenset[str]
    """Which of egress.READS are passed on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a vendor's at a stand that exists."""

    stand: Stand
    call: Call
    method: str
    path: str
    query: Mapping[str, str]
    vendor: Vendor


@dataclass(frozen=True, slots=True)
class WeChatEgress:
    stands: Mapping[str, Stand]
    vendors: Vendors
    observer: Observer
    clock: Clock
    new_id: NewId
    max_body_bytes: int
    read_within_s: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        channel, path = place_of(scope, EGRESS.encode())
        answering = self._answer(channel, path, scope, receive, send)
        if refusal := await refusal_of(answering, self.observer, channel):
            await self._tell(send, *_told(refusal))

    async def _answer(self, channel: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        stand, call = self.stands.get(channel), CALLS.get((method, path))
        query, address = query_of(scope["query_string"]), address_of(scope)
        if stand is None or call is None:
            await self.vendors.notice(query.get("access_token", ""))
            raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
        if call in (Call.TOKEN, Call.STABLE_TOKEN):
            fields = query if call is Call.TOKEN else fields_of(await self._read(receive))
            await self._token(channel, stand, fields, address, send)
            return
        scope_needed = scope_of(call, path)
        vendor = await self.vendors.caller(channel, query.get("access_token", ""), scope_needed, address)
        asked = Asked(stand, call, method, path, query, vendor)
        match call:
            case Call.SEND:
                await self._submit(asked, receive, send)
            case Call.NOTHING:
                await self._read(receive)
                await self._tell(send, 0, "ok")
            case Call.UPLOAD:
                await self._upload(asked, scope, receive, send)
            case _:
                await self._carry(asked, receive, send)

    async def _token(
        self, channel: str, stand: Stand, fields: Mapping[str, object], address: str, send: Send
    ) -> None:
        app_id, secret = fields.get("appid"), fields.get("secret")
        if fields.get("grant_type") != "client_credential" or not isinstance(secret, str):
            raise VendorRefused(40002, "invalid grant_type")
        if app_id != stand.app_id:
            raise VendorRefused(egress.BAD_APP_ID, "invalid appid")
        token, seconds = await self.vendors.token(channel, secret, address)
        await respond(send, 200, {"access_token": token, "expires_in": seconds})

    # --- words ----------------------------------------------------------------------------------

    async def _submit(self, asked: Asked, receive: Receive, send: Send) -> None:
        way = WAYS[asked.path]
        body = await (self._read(receive) if way is Way.MESSAGE else self._read_long(receive))
        submission = read_push(body) if way is Way.MESSAGE else read_submission(way, body)
        if submission.extra.get(KF_ACCOUNT, "") not in ("", *asked.vendor.desks):
            submission = replace(submission, extra={})
        if way is not Way.MESSAGE and "media_id" in submission.extra:
            submission = await asked.stand.drafts.with_words(submission)
        sent = await asked.stand.outlet.send(asked.vendor, submission, body)
        named = _held(submission, sent) if sent.hold_id else parse_object(sent.receipt or "{}")
        await self._tell(send, sent.code, "ok" if sent.code == 0 else "refused", **named)

    # --- the rest -------------------------------------------------------------------------------

    async def _carry(self, asked: Asked, receive: Receive, send: Send) -> None:
        """A call without words for anybody: written anew, made with the account's own token."""
        body, query = b"", {}
        match asked.call:
            case Call.TYPING:
                user, command = read_typing(await self._read(receive))
                body = json.dumps({"touser": user, "command": command}).encode()
            case Call.DRAFT:
                await self._draft(asked, await self._read_long(receive), send)
                return
            case Call.DOWNLOAD:
                query = {"media_id": asked.query.get("media_id", "")}
            case Call.READ:
                if asked.path not in asked.stand.allowed & READS:
                    raise VendorRefused(egress.UNAUTHORIZED, "api unauthorized")
                query = {name: value for name, value in asked.query.items() if name in _READ_QUERY}
                if asked.method == "POST":
                    body = _question(asked.path, fields_of(await self._read(receive)))
        await self._pass(send, asked, query, body or None, "application/json")

    async def _draft(self, asked: Asked, body: bytes, send: Send) -> None:
        """Nobody sees it yet. A change waits while that draft is being published."""
        new = asked.path.endswith("/add")
        written = draft_written(body, new=new)
        media_id = "" if new else str(fields_of(body)["media_id"])
        async with nullcontext() if new else asked.stand.drafts.locked(media_id):
            await self._pass(send, asked, {}, written, "application/json")

    async def _upload(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        kind = asked.query.get("type", "")
        if kind not in UPLOAD_KINDS[asked.path]:
            raise DecodeError(f"type: {', '.join(sorted(UPLOAD_KINDS[asked.path]))}")
        body = await read_within(receive, MOST_UPLOAD_BYTES, UPLOAD_WITHIN_S)
        await self._pass(send, asked, {"type": kind} if kind else {}, body, media_type_of(scope))

    async def _pass(
        self, send: Send, asked: Asked, query: Mapping[str, str], body: bytes | None, media_type: str
    ) -> None:
        """The platform's own answer, as it comes."""
        async with asked.stand.passage.call(asked.method, asked.path, query, body, media_type) as passed:
            headers = [(b"content-type", passed.media_type.encode("latin-1", "replace"))]
            if passed.disposition:
                headers.append((b"content-disposition", passed.disposition.encode("latin-1", "replace")))
            await send({"type": "http.response.start", "status": passed.status, "headers": headers})
            async for chunk in passed.body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send, code: int, message: str, **more: object) -> None:
        told = message if code == 0 else f"{message}, rid: guard-{self.new_id()}"
        await respond(send, 200, {"errcode": code, "errmsg": told, **more})

    async def _read(self, receive: Receive) -> bytes:
        return await read_within(receive, self.max_body_bytes, self.read_within_s)

    async def _read_long(self, receive: Receive) -> bytes:
        return await read_within(receive, max(MOST_POST_BYTES, self.max_body_bytes), UPLOAD_WITHIN_S)


def _told(refusal: Refusal) -> tuple[int, str]:
    """Code and words."""
    match refusal:
        case VendorRefused(code=code):
            return code, str(refusal)
        case Refused(why=why):
            return egress.NOT_JSON, why
        case DecodeError():
            return egress.NOT_JSON, f"data format error: {refusal}"
        case PlatformError(code=code):
            return egress.told_of(code), "system error"
        case StoreError():
            return egress.BUSY, "system error"


def _held(submission: Submission, sent: Sent) -> Mapping[str, object]:
    """The platform's success shape, under a name of ours."""
    ours: dict[str, object] = {"shenyan_hold": sent.hold_id}
    if sent.code != 0:
        return ours
    number = 2**52 + int.from_bytes(hashlib.sha256(sent.hold_id.encode()).digest()[:6], "big")
    match submission.way:
        case Way.MASS:
            return {**ours, "msg_id": number, "msg_data_id": number}
        case Way.PUBLISH:
            return {**ours, "publish_id": sent.hold_id, "msg_data_id": number}
        case Way.TEMPLATE:
            return {**ours, "msgid": number}
        case _:
            return ours


def _question(path: str, fields: Mapping[str, object]) -> bytes:
    """Raises DecodeError for anything but short texts and numbers of known names."""
    wrong = [
        name
        for name, value in fields.items()
        if name not in READ_BODIES[path] or not isinstance(value, str | int) or len(str(value)) > 200
    ]
    if wrong:
        raise DecodeError("a field that is not known, or no text or number")
    return json.dumps(fields).encode()
