"""/hooks/{channel}: a bare ASGI application, since every citizen's message passes here.

It reads the body under a cap, picks the channel and parses nothing itself.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from starlette.types import Receive, Scope, Send

from app.core.errors import BadSignature, BodyChanged, DecodeError, StoreError
from app.core.model import Message
from app.ports import Clock, Codec, Observer
from app.service.relay import Answer
from app.web.bodies import Refused, query_of, read_capped
from app.web.bounded_http import BEGAN
from app.web.lateness import Lateness

HOOKS = "/hooks/"
"""Before the channel's name in every webhook's path."""


class Responder(Protocol):
    async def respond(self, message: Message, waited_s: float) -> Answer:
        """In time, of which so much is over already. Raises BodyChanged, StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Hook:
    """One channel's webhook."""

    codec: Codec
    relay: Responder


@dataclass(frozen=True, slots=True)
class Webhooks:
    hooks: Mapping[str, Hook]
    observer: Observer
    clock: Clock
    max_body_bytes: int
    read_within_s: float
    lateness: Lateness = field(default_factory=Lateness)

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
        query = query_of(scope["query_string"])
        try:
            if scope["method"] == "GET":
                return "verify", "text/plain; charset=utf-8", hook.codec.verify(query, self.clock())
            if scope["method"] != "POST":
                raise Refused(405, "method", "only GET and POST")
            body = await self._read(receive)
            message = hook.codec.decode(query, body, self.clock())
            answer = await hook.relay.respond(message, self._waited_s(scope))
        except BadSignature:
            raise Refused(403, "bad-signature", "bad signature") from None
        except BodyChanged:
            raise Refused(409, "body-changed", "this message id came before with another body") from None
        except DecodeError as error:
            raise Refused(400, "malformed", f"not a push of this platform: {error}") from error
        except StoreError:
            raise Refused(503, "records-away", "the message could not be put on record") from None
        encoded = hook.codec.encode(message, answer.reply, self.clock())
        return answer.kind, hook.codec.media_type, encoded

    def _waited_s(self, scope: Scope) -> float:
        """How long ago the platform may have begun to send: its time runs since then."""
        now = asyncio.get_running_loop().time()
        began = scope.get("state", {}).get(BEGAN, now)
        return float(now - began + self.lateness.before(began))

    async def _read(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self.read_within_s):
                return await read_capped(receive, self.max_body_bytes)
        except TimeoutError:
            raise Refused(408, "too-slow", "the body came too slowly") from None


async def _respond(send: Send, status: int, media_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
