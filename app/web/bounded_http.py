"""uvicorn's HTTP, with an end to everything: uvicorn itself keeps heads of any length, and waits for ever."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 16_384
"""Of a head, of the trailers behind a chunked body, of a chunk's extensions, of what is between requests."""
BEGAN = "began"
"""In a request's `state`: when its first byte was read, by the event loop's clock."""
ARRIVES_WITHIN_S = 20.0
"""From the connecting, or a request's first byte, to its last: who sends byte by byte keeps no connection."""


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection on which more than that, and what one read brings, came without leading anywhere;
    and one whose request is not there in time. Answers may take as long as they take."""

    _idle_bytes = 0
    """Since a head, a body or a part of one last went on."""
    _moved = False
    _awaited = True
    """A request, or the rest of one. After an answer uvicorn waits for the next, not long."""
    _request_ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._awaited = False
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        self._idle_bytes = 0 if self._moved else self._idle_bytes + len(data)
        if self._idle_bytes > MOST_HEAD_BYTES:
            self.transport.abort()
        self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._moved, self._idle_bytes = False, 0
        self._awaited = True
        self.scope["state"][BEGAN] = self.loop.time()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._moved = True

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._moved = True

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._awaited = False

    def _watch(self) -> None:
        """Once for what one read brings: most requests come whole, and need no timer."""
        if self._awaited and self._request_ends is None:
            self._request_ends = self.loop.call_later(ARRIVES_WITHIN_S, self.transport.abort)
        elif not self._awaited and self._request_ends is not None:
            self._request_ends.cancel()
            self._request_ends = None
