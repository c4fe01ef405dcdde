"""HTTP inside a tunnel: uvicorn's own protocol, with bounds, in front of one vendor's stand-in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.core.forward_proxy import PORT, prefix_of
from app.web.bounded_http import BoundedHttp

IDLE_S = 30.0
"""Without a whole request for so long, however its bytes trickle, a tunnel is closed. From its first byte
each has less time, as at every door (`bounded_http.ARRIVES_WITHIN_S`)."""
REQUEST_WITHIN_S = 120.0
"""Longer than an upload and the platform may take: who has not taken the answer by then is gone."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a vendor's calls lead: the stand-in of its channel, which knows this vendor alone."""

    platform: str
    channel: str
    stand_in: ASGIApp


@dataclass(frozen=True, slots=True)
class Behind:
    """A host as one vendor finds it."""

    host: str
    route: Route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if named not in ([self.host.encode()], [f"{self.host}:{PORT}".encode()]):
            await _misdirected(send)
            return
        prefix = prefix_of(self.route.platform, self.route.channel)
        path, raw_path = prefix + scope["path"], prefix.encode() + scope["raw_path"]
        await self.route.stand_in({**scope, "path": path, "raw_path": raw_path}, receive, send)


class InnerHttp(BoundedHttp):
    """One tunnel after its handshake. `gone` is set once it is closed."""

    def __init__(self, config: Config, state: ServerState, app: ASGIApp) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.app = self._timed(app)
        self.gone = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end_after(IDLE_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()
        self.gone.set()

    def on_headers_complete(self) -> None:
        """Raises ValueError, which the parser makes an answer of 400: a path as written, and nothing else."""
        if not self.url.startswith(b"/") or b"#" in self.url:
            raise ValueError("not in origin form")
        super().on_headers_complete()

    def _timed(self, app: ASGIApp) -> ASGIApp:
        async def timed(scope: Scope, receive: Receive, send: Send) -> None:
            # What was begun is finished also when nobody is left to hear of it.
            self._end_after(REQUEST_WITHIN_S, self.transport.abort)
            try:
                await app(scope, receive, send)
            finally:
                self._end_after(IDLE_S, self.transport.close)

        return timed

    def _end_after(self, seconds: float, end: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if not self.gone.is_set():
            self._deadline = self.loop.call_later(seconds, end)


async def _misdirected(send: Send) -> None:
    body = "Host 与 CONNECT 的主机不同 the Host header is not the host of the CONNECT\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
