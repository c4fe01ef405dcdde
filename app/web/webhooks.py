"""/hooks/{channel}: a bare ASGI application, since every citizen's message passes here.

It reads the body under a cap, picks the channel and parses nothing itself.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import parse_qsl

from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from app.core.errors import BadSignature, BodyChanged, DecodeError, StoreError
from app.ports import Clock, Codec, Observer
from app.service.relay import Relay

HOOKS = "/hooks/"
"""Before the channel's name in every webhook's path."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One channel's webhook."""

    codec: Codec
    relay: Relay


class Refused(Exception):
    """The push is answered with this status and a word for the log; nothing of it is kept."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        """For logs and metrics: it quotes nothing of the push."""
        self.why = why


@dataclass(frozen=True, slots=True)
class Webhooks:
    hooks: Mapping[str, Hook]
    observer: Observer
    clock: Clock
    max_body_bytes: int
    read_within_s: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        name = scope["path"].removeprefix(HOOKS)
        channel = name if name in self.hooks else ""
        try:
            kind, media_type, body = await self._answer(channel, scope, receive)
        except Refused as refusal:
            self.observer.webhook_answered(channel, "refused", perf_counter() - started)
            self.observer.failed("webhook", refusal, channel=channel)
            await _respond(send, refusal.status, "text/plain; charset=utf-8", refusal.why.encode())
            return
        self.observer.webhook_answered(channel, kind, perf_counter() - started)
        await _respond(send, 200, media_type, body)

    async def _answer(self, channel: str, scope: Scope, receive: Receive) -> tuple[str, str, bytes]:
        if not channel:
            raise Refused(404, "unknown-channel", "no such channel")
        hook = self.hooks[channel]
        query = _query(scope["query_string"])
        try:
            if scope["method"] == "GET":
                return "verify", "text/plain; charset=utf-8", hook.codec.verify(query, self.clock())
            if scope["method"] != "POST":
                raise Refused(405, "method", "only GET and POST")
            body = await self._read(receive)
            message = hook.codec.decode(query, body, self.clock())
            answer = await hook.relay.respond(message)
        except BadSignature:
            raise Refused(403, "bad-signature", "bad signature") from None
        except BodyChanged:
            raise Refused(409, "body-changed", "this message id came before with another body") from None
        except DecodeError as error:
            raise Refused(400, "malformed", f"not a push of this platform: {error}") from error
        except StoreError:
            raise Refused(503, "records-away", "the records are away and the backlog is full") from None
        encoded = hook.codec.encode(message, answer.reply, self.clock())
        return answer.kind, hook.codec.media_type, encoded

    async def _read(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self.read_within_s):
                return await _read_capped(receive, self.max_body_bytes)
        except TimeoutError:
            raise Refused(408, "too-slow", "the body came too slowly") from None


async def _read_capped(receive: Receive, cap: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        event: Event = await receive()
        if event["type"] == "http.disconnect":
            raise Refused(400, "hung-up", "the platform hung up")
        chunk: bytes = event.get("body", b"")
        size += len(chunk)
        if size > cap:
            raise Refused(413, "too-large", f"a push is at most {cap} bytes (server.max_body_bytes)")
        chunks.append(chunk)
        if not event.get("more_body", False):
            return b"".join(chunks)


def _query(raw: bytes) -> dict[str, str]:
    """Query values, decoded once. A doubled parameter is an attack on whoever reads the other one."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except (UnicodeDecodeError, ValueError):
        raise Refused(400, "bad-query", "the query string cannot be read") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Refused(400, "doubled-parameter", "a query parameter is doubled")
    return query


async def _respond(send: Send, status: int, media_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
