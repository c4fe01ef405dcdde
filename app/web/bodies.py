"""Queries and bodies of the bare applications: capped, decoded once, nothing doubled."""

from urllib.parse import parse_qsl

from starlette.types import Message as Event
from starlette.types import Receive


class Refused(Exception):
    """The request is answered with this status and a word for the log; nothing of it is kept."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        """For logs and metrics: it quotes nothing of the request."""
        self.why = why


async def read_capped(receive: Receive, cap: int) -> bytes:
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


def query_of(raw: bytes) -> dict[str, str]:
    """Query values, decoded once. A doubled parameter is an attack on whoever reads the other one."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except (UnicodeDecodeError, ValueError):
        raise Refused(400, "bad-query", "the query string cannot be read") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Refused(400, "doubled-parameter", "a query parameter is doubled")
    return query
