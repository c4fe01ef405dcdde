"""uvicorn's HTTP, with an end to everything that is no body: uvicorn itself keeps heads of any length."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 16_384
"""Of a head, of the trailers behind a chunked body, of a chunk's extensions, of what is between requests."""


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection on which more than that, and what one read brings, came without leading anywhere."""

    _idle_bytes = 0
    """Since a head, a body or a part of one last went on."""
    _moved = False

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        self._idle_bytes = 0 if self._moved else self._idle_bytes + len(data)
        if self._idle_bytes > MOST_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._moved, self._idle_bytes = False, 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._moved = True

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._moved = True
