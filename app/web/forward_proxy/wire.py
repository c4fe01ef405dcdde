"""A connection's bytes, until somebody else takes it over."""

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from app.web.bodies import Refused

HANDSHAKE_WITHIN_S = 10.0
GOODBYE_WITHIN_S = 5.0


class Wire(asyncio.Protocol):
    """What comes is kept for `read`. `arrived` hears of the connection once it stands."""

    transport: asyncio.Transport

    def __init__(self, arrived: Callable[["Wire"], None]) -> None:
        self._arrived = arrived
        self._kept = b""
        self._ended = False
        self._news = asyncio.Event()

    @property
    def address(self) -> str:
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    async def read(self) -> bytes:
        """What has come since; empty: the other end has closed."""
        while not (self._kept or self._ended):
            self._news.clear()
            await self._news.wait()
        return self.taken()

    def taken(self) -> bytes:
        kept, self._kept = self._kept, b""
        return kept

    def refuse(self, refusal: Refused) -> None:
        """Say why, where somebody listens yet, and close."""
        if not self.transport.is_closing():
            self.transport.write(_answer(refusal))
            self.transport.close()

    def pause(self) -> None:
        """What comes from now on waits in the kernel."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    async def secure(self, context: ssl.SSLContext) -> asyncio.Transport:
        """Say that the tunnel stands, and shake hands in it. Raises Refused."""
        if self._kept:
            raise Refused(400, "early-bytes", "200 之前不得发送 nothing may follow before the 200")
        if self._ended or self.transport.is_closing():
            raise Refused(0, "hung-up", "closed before the answer to its CONNECT")
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S,
                ssl_shutdown_timeout=GOODBYE_WITHIN_S,
            )
        except OSError as error:  # of which TLS errors and time-outs are some
            raise Refused(0, "handshake", "the TLS handshake failed") from error
        if secured is None or self._ended:
            raise Refused(0, "handshake", "the connection ended in the TLS handshake")
        self.transport = secured
        return secured

    # --- asyncio's calls --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by their class
        self._arrived(self)

    def data_received(self, data: bytes) -> None:
        self._kept += data
        self._news.set()

    def eof_received(self) -> None:
        self._ended = True
        self._news.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._ended = True
        self._news.set()


def _answer(refusal: Refused) -> bytes:
    body = f"慎言 Shenyan: {refusal.why}\n".encode()
    asked = 'Proxy-Authenticate: Basic realm="shenyan", charset="UTF-8"\r\n' if refusal.status == 407 else ""
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n{asked}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
