"""What the stand-ins read and write, byte by byte: places, bodies, answers."""

import asyncio
import json
from collections.abc import Awaitable, Mapping

from starlette.types import Receive, Scope, Send

from app.core.errors import DecodeError, PlatformError, StoreError
from app.core.strict_form import parse_form
from app.core.strict_json import parse_object
from app.core.vendors import VendorRefused
from app.ports import Observer
from app.web.bodies import Refused, read_capped

Refusal = VendorRefused | Refused | DecodeError | PlatformError | StoreError
"""Why a call is not answered as the platform would; each stand-in says it in its platform's words."""


async def refusal_of(answering: Awaitable[None], observer: Observer, channel: str) -> Refusal | None:
    """None: it was answered."""
    try:
        await answering
    except (VendorRefused, Refused) as refusal:
        observer.failed("egress", refusal, channel=channel, code=str(refusal.code))
        return refusal
    except (DecodeError, PlatformError, StoreError) as error:
        observer.failed("egress", error, channel=channel)
        return error
    return None


async def read_within(receive: Receive, most_bytes: int, within_s: float) -> bytes:
    """Raises Refused."""
    try:
        async with asyncio.timeout(within_s):
            return await read_capped(receive, most_bytes)
    except TimeoutError:
        raise Refused(408, "too-slow", "the body came too slowly") from None


def fields_of(body: bytes) -> Mapping[str, object]:
    """Raises DecodeError."""
    try:
        return parse_object(body)
    except ValueError as error:
        raise DecodeError(str(error)) from error


def form_of(written: bytes) -> dict[str, str]:
    """A form's fields, or a query's. Raises DecodeError."""
    try:
        return parse_form(written)
    except ValueError as error:
        raise DecodeError(str(error)) from error


def place_of(scope: Scope, prefix: bytes) -> tuple[str, str]:
    """Channel and path as they were written; nothing is decoded, so nothing can hide in an escape."""
    raw = scope.get("raw_path") or scope["path"].encode()
    written = raw.partition(b"?")[0].removeprefix(prefix).decode("ascii", "replace")
    channel, slash, rest = written.partition("/")
    return channel, slash + rest


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def media_type_of(scope: Scope) -> str:
    """Raises DecodeError unless it is an upload's, once."""
    found = [value for name, value in scope["headers"] if name == b"content-type"]
    if len(found) != 1 or not found[0].startswith(b"multipart/form-data;"):
        raise DecodeError("an upload is multipart/form-data")
    media_type: str = found[0].decode("latin-1")
    return media_type


async def respond(send: Send, status: int, answer: Mapping[str, object]) -> None:
    body = json.dumps(answer, ensure_ascii=False).encode(errors="replace")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
