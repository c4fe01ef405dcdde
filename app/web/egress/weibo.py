"""/egress/weibo/{channel}/...: Weibo's API as a vendor sees it, a bare ASGI application.

The sibling of `wechat`. Paths are compared byte for byte; a refusal has the platform's shape and a code that
makes no library authorise anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from app.core import weibo_calls
from app.core.errors import DecodeError, PlatformError, StoreError
from app.core.strict_json import parse_object
from app.core.submission import Submission, Way
from app.core.vendors import Vendor, VendorRefused
from app.core.weibo_calls import CALLS, READ_FIELDS, SCOPES, WAYS, Call, status_of, told_of
from app.platforms.passage import Passage, Passed
from app.platforms.weibo.pushes import id_text
from app.platforms.weibo.shown import shown
from app.platforms.weibo.submitted import read_mass, read_submission
from app.ports import Clock, NewId, Observer
from app.service.outlet import Outlet, Sent
from app.service.vendors import Vendors
from app.web.bodies import Refused
from app.web.egress.wire import (
    Refusal,
    address_of,
    form_of,
    place_of,
    read_within,
    refusal_of,
    respond,
)

EGRESS = "/egress/weibo/"
TOKEN = "access_token"  # noqa: S105
MOST_MASS_BYTES = 1_048_576
"""A list of 10,000 followers."""
MASS_WITHIN_S = 60.0
MOST_REFUSAL_BYTES = 65_536
_SCHEME = "oauth2 "
_FORM = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Stand:
    """One channel's stand-in."""

    uid: str
    """The account's id; empty where it is not configured."""
    outlet: Outlet
    passage: Passage
    allowed: frozenset[str]
    """Which of weibo_calls.READS are passed on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call at a stand that exists, by whomever."""

    stand: Stand
    channel: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    query: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class WeiboEgress:
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
            await self._refuse(send, path, *_told(refusal, path))

    async def _answer(self, channel: str, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        stand, call = self.stands.get(channel), CALLS.get((scope["method"], path))
        query, headers = form_of(scope["query_string"]), tuple(scope["headers"])
        if stand is None or call is None:
            await self.vendors.notice(query.get("access_token", ""))
            raise VendorRefused(weibo_calls.UNAUTHORIZED, "insufficient app permissions")
        asked = Asked(stand, channel, path, headers, query, address_of(scope))
        match call:
            case Call.SEND if WAYS[path] is Way.MASS:
                await self._mass(asked, receive, send)
            case Call.SEND:
                await self._submit(asked, receive, send)
            case Call.READ:
                await self._read_on(asked, send)
            case Call.TOKEN_INFO:
                await self._token_info(asked, receive, send)

    # --- words ----------------------------------------------------------------------------------

    async def _submit(self, asked: Asked, receive: Receive, send: Send) -> None:
        """The token may stand in the form, so the form is read, within bounds, before anybody is known."""
        fields = await self._fields(asked, receive)
        vendor = await self._caller(asked, fields, SCOPES[WAYS[asked.path]])
        submission = read_submission(asked.path, fields)
        # As it was written, but for the token, which no record may hold.
        written = json.dumps({name: value for name, value in fields.items() if name != TOKEN})
        await self._send(asked, vendor, submission, written.encode(), send)

    async def _mass(self, asked: Asked, receive: Receive, send: Send) -> None:
        vendor = await self._caller(asked, asked.query, SCOPES[Way.MASS])
        body = await read_within(receive, MOST_MASS_BYTES, MASS_WITHIN_S)
        await self._send(asked, vendor, read_mass(body), body, send)

    async def _send(
        self, asked: Asked, vendor: Vendor, submission: Submission, written: bytes, send: Send
    ) -> None:
        sent = await asked.stand.outlet.send(vendor, submission, written)
        held = {"shenyan_hold": sent.hold_id} if sent.hold_id else {}
        if sent.code != 0:
            await self._refuse(send, asked.path, told_of(sent.code, submission.way), "refused", **held)
            return
        await respond(send, 200, {**self._answered(asked, submission, sent), **held})

    def _answered(self, asked: Asked, submission: Submission, sent: Sent) -> Mapping[str, object]:
        if sent.receipt:
            return parse_object(sent.receipt)
        return shown(submission, sent.hold_id or self.new_id(), self.clock(), asked.stand.uid)

    # --- the rest -------------------------------------------------------------------------------

    async def _read_on(self, asked: Asked, send: Send) -> None:
        """Written anew, with the account's own token; a body that came along is not even read."""
        await self._caller(asked, asked.query, "read")
        if asked.path not in asked.stand.allowed & weibo_calls.READS:
            raise VendorRefused(weibo_calls.UNAUTHORIZED, "insufficient app permissions")
        query = {name: value for name, value in asked.query.items() if name in READ_FIELDS[asked.path]}
        if not all(id_text(value) for value in query.values()):
            raise DecodeError("a field is no number")
        async with asked.stand.passage.call("GET", asked.path, query) as passed:
            if passed.status != 200:
                raise await _platforms_refusal(passed)
            headers = [(b"content-type", passed.media_type.encode("latin-1", "replace"))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for chunk in passed.body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _token_info(self, asked: Asked, receive: Receive, send: Send) -> None:
        fields = await self._fields(asked, receive)
        _, token = await self.vendors.holder(asked.channel, _token_of(asked, fields), asked.address)
        left = token.expires_at - self.clock()
        told = {
            "appkey": "",
            "scope": None,
            "create_at": int(token.created_at.timestamp()),
            "expire_in": int(left.total_seconds()),
        }
        await respond(send, 200, {"uid": asked.stand.uid, **told})

    async def _fields(self, asked: Asked, receive: Receive) -> Mapping[str, str]:
        """Of the query and the form together. Raises DecodeError where one stands in both."""
        _require_form(asked.headers)
        form = form_of(await read_within(receive, self.max_body_bytes, self.read_within_s))
        if asked.query.keys() & form.keys():
            raise DecodeError("a field is doubled")
        return {**asked.query, **form}

    async def _caller(self, asked: Asked, fields: Mapping[str, str], scope: str) -> Vendor:
        return await self.vendors.caller(asked.channel, _token_of(asked, fields), scope, asked.address)

    async def _refuse(self, send: Send, path: str, code: int, why: str, **more: object) -> None:
        told = {"request": path, "error_code": code, "error": f"{why}, rid: guard-{self.new_id()}", **more}
        await respond(send, status_of(code), told)


def _told(refusal: Refusal, path: str) -> tuple[int, str]:
    """Code and words."""
    match refusal:
        case VendorRefused(code=code):
            return told_of(code, WAYS.get(path)), str(refusal)
        case Refused(why=why):
            return weibo_calls.BAD_FIELD, why
        case DecodeError():
            return weibo_calls.BAD_FIELD, f"param error: {refusal}"
        case PlatformError(code=code):
            return told_of(int(code)) if code.isdecimal() else weibo_calls.BUSY, "system error"
        case StoreError():
            return weibo_calls.BUSY, "system error"


def _token_of(asked: Asked, fields: Mapping[str, str]) -> str:
    """From the field or from `Authorization: OAuth2 TOKEN`. Raises DecodeError where there are two."""
    written = [value.decode("latin-1") for name, value in asked.headers if name == b"authorization"]
    found = [one[len(_SCHEME) :] for one in written if one.lower().startswith(_SCHEME)]
    if TOKEN in fields:
        found.append(fields[TOKEN])
    if len(found) > 1:
        raise DecodeError("access_token stands in two places")
    return found[0] if found else ""


def _require_form(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """Raises DecodeError for a body that says it is something else, a post with a picture among them."""
    types = [value.partition(b";")[0].strip().lower() for name, value in headers if name == b"content-type"]
    if types not in ([], [_FORM]):
        raise DecodeError("the body is application/x-www-form-urlencoded")


async def _platforms_refusal(passed: Passed) -> PlatformError:
    """The platform's own code, to be told in our words."""
    body = bytearray()
    async for chunk in passed.body:
        body += chunk
        if len(body) > MOST_REFUSAL_BYTES:
            break
    try:
        code = id_text(parse_object(bytes(body)).get("error_code"))
    except ValueError:
        code = ""
    return PlatformError("the platform refused it", code=code)
